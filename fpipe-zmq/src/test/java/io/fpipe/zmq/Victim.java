/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

/**
 * Another process with one end of a PUSH and PULL, to be stopped and killed. What it has done stands in a
 * {@link Ledger}.
 */
final class Victim implements AutoCloseable {

    static final int MESSAGE = 1000;
    static final int MARK = 50;
    static final int BUFFER = 16 << 10;

    private static final int BATCH = 10;
    private static final int COUNT = 0;
    private static final int FIRST = 1;
    private static final int MISSING = 2;

    private final OtherJvm jvm;
    private final Ledger done;

    private Victim(OtherJvm jvm, Ledger done) {
        this.jvm = jvm;
        this.done = done;
    }

    /** Starts a process that sends messages of a name, numbered from 0, as fast as they go. */
    static Victim sender(Path file, String endpoint, long name) {
        return start(file, "push", endpoint, "" + name);
    }

    /** Starts a process that receives numbered messages, one at a time. */
    static Victim receiver(Path file, String endpoint) {
        return start(file, "pull", endpoint, "0");
    }

    private static Victim start(Path file, String... args) {
        Ledger done = new Ledger(file);
        return new Victim(OtherJvm.start(Victim.class, 64, file.toString(), args[0], args[1], args[2]), done);
    }

    /** How many messages ZeroMQ has taken, or how many were received. */
    long count() {
        return done.get(COUNT);
    }

    /** The number of the first message that was received. */
    long first() {
        return done.get(FIRST);
    }

    /** The number of the first message that was not received although a later one was; 0 for none. */
    long missing() {
        return done.get(MISSING);
    }

    void stop() {
        jvm.stop();
    }

    void goOn() {
        jvm.goOn();
    }

    /** Ends it with SIGKILL. */
    void kill() {
        jvm.kill();
    }

    @Override
    public void close() {
        jvm.close();
    }

    public static void main(String[] args) throws IOException {
        Ledger done = new Ledger(Path.of(args[0]));
        ZmqSocket socket = args[1].equals("push") ? ZmqSocket.push() : ZmqSocket.pull();
        ZmqConnection connection =
                socket.highWaterMark(MARK).bufferBytes(BUFFER).connect(args[2]).openNow();
        if (args[1].equals("push")) {
            send(connection, Long.parseLong(args[3]), done);
        } else {
            receive(connection, done);
        }
        int end = System.in.read(); // until whoever started it ends
        assertThat(end).isEqualTo(-1);
    }

    /** A few at a time: what is counted is in ZeroMQ's hands. */
    private static void send(ZmqConnection connection, long name, Ledger done) {
        Flux.range(0, Integer.MAX_VALUE / BATCH)
                .concatMap(batch -> connection
                        .sendBytes(Flux.fromIterable(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
                                .map(i -> message(name, (long) batch * BATCH + i)))
                        .doOnSuccess(v -> done.set(COUNT, (batch + 1L) * BATCH)))
                .subscribe();
    }

    private static void receive(ZmqConnection connection, Ledger done) {
        connection.receiveBytes().subscribe(new BaseSubscriber<>() {
            private long expected = -1;

            @Override
            protected void hookOnSubscribe(Subscription s) {
                request(1);
            }

            @Override
            protected void hookOnNext(ByteBuffer message) {
                long number = number(message);
                if (expected < 0) {
                    done.set(FIRST, number);
                } else if (number != expected) {
                    done.set(MISSING, expected);
                }
                expected = number + 1;
                done.set(COUNT, done.get(COUNT) + 1);
                request(1);
            }
        });
    }

    static ByteBuffer message(long name, long number) {
        return ByteBuffer.allocate(MESSAGE).putLong(0, name).putLong(8, number);
    }

    static long name(ByteBuffer message) {
        return message.getLong(0);
    }

    static long number(ByteBuffer message) {
        return message.getLong(8);
    }
}
