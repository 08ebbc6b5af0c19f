/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

/**
 * Another process with one end of a PUSH and PULL, to be stopped and killed. What it has done stands in a file that both
 * processes have mapped, so that it outlives a SIGKILL.
 */
final class Victim implements AutoCloseable {

    static final int MESSAGE = 1000;
    static final int MARK = 50;
    static final int BUFFER = 16 << 10;

    private static final int BATCH = 10;
    private static final int COUNT = 0;
    private static final int FIRST = 1;
    private static final int MISSING = 2;
    private static final int SLOTS = 3;
    private static final VarHandle SLOT = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final Process process;
    private final MappedByteBuffer done;

    private Victim(Process process, MappedByteBuffer done) {
        this.process = process;
        this.done = done;
    }

    /** Starts a process that sends messages of a name, numbered from 0, as fast as they go. */
    static Victim sender(Path file, String endpoint, long name) throws IOException {
        return start(file, "push", endpoint, "" + name);
    }

    /** Starts a process that receives numbered messages, one at a time. */
    static Victim receiver(Path file, String endpoint) throws IOException {
        return start(file, "pull", endpoint, "0");
    }

    private static Victim start(Path file, String... args) throws IOException {
        MappedByteBuffer done = map(file);
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        Victim.class.desiredAssertionStatus() ? "-ea" : "-da",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Victim.class.getName(),
                        file.toString(),
                        args[0],
                        args[1],
                        args[2])
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return new Victim(process, done);
    }

    private static MappedByteBuffer map(Path file) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, SLOTS * Long.BYTES);
        }
    }

    private static long get(ByteBuffer done, int slot) {
        return (long) SLOT.getVolatile(done, slot * Long.BYTES);
    }

    private static void set(ByteBuffer done, int slot, long value) {
        SLOT.setVolatile(done, slot * Long.BYTES, value);
    }

    /** How many messages ZeroMQ has taken, or how many were received. */
    long count() {
        return get(done, COUNT);
    }

    /** The number of the first message that was received. */
    long first() {
        return get(done, FIRST);
    }

    /** The number of the first message that was not received although a later one was; 0 for none. */
    long missing() {
        return get(done, MISSING);
    }

    void stop() throws IOException, InterruptedException {
        signal("-STOP");
    }

    void goOn() throws IOException, InterruptedException {
        signal("-CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", name, "" + process.pid()).start();
        assertThat(kill.waitFor(10, TimeUnit.SECONDS) && kill.exitValue() == 0)
                .as("kill " + name)
                .isTrue();
    }

    /** Ends it with SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).as("killed").isTrue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    public static void main(String[] args) throws IOException {
        MappedByteBuffer done = map(Path.of(args[0]));
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
    private static void send(ZmqConnection connection, long name, ByteBuffer done) {
        Flux.range(0, Integer.MAX_VALUE / BATCH)
                .concatMap(batch -> connection
                        .sendBytes(Flux.fromIterable(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
                                .map(i -> message(name, (long) batch * BATCH + i)))
                        .doOnSuccess(v -> set(done, COUNT, (batch + 1L) * BATCH)))
                .subscribe();
    }

    private static void receive(ZmqConnection connection, ByteBuffer done) {
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
                    set(done, FIRST, number);
                } else if (number != expected) {
                    set(done, MISSING, expected);
                }
                expected = number + 1;
                set(done, COUNT, get(done, COUNT) + 1);
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
