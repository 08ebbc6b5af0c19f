/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.exchange;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Lz4;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.zmq.ZmqBinding;
import io.fpipe.zmq.ZmqClient;
import io.fpipe.zmq.ZmqExchange;
import io.fpipe.zmq.ZmqResources;
import io.fpipe.zmq.ZmqServer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** fpipe with its defaults. */
final class FpipeContestant implements Contestant {

    private final boolean oneLoop;
    private final List<ZmqResources> all = new ArrayList<>();
    private @Nullable ZmqResources there;
    private @Nullable ZmqExchange remote;

    /** With one loop for both ends, or one for each. */
    FpipeContestant(boolean oneLoop) {
        this.oneLoop = oneLoop;
    }

    private ZmqResources resources() {
        ZmqResources made = ZmqResources.create();
        all.add(made);
        return made;
    }

    private static Serializer<Object> outbound(Task task) {
        return switch (task) {
            case ZLIB -> Cbor.serializer().then(Zlib.compress());
            case LZ4 -> Cbor.serializer().then(Lz4.compress());
            default -> Cbor.serializer();
        };
    }

    private static Deserializer<Object> inbound(Task task) {
        return switch (task) {
            case ZLIB -> Zlib.decompress().into(Cbor.deserializer());
            case LZ4 -> Lz4.decompress().into(Cbor.deserializer());
            default -> Cbor.deserializer();
        };
    }

    @Override
    public String serve(Task task, String transport) {
        ZmqResources resources = resources();
        there = resources;
        ZmqServer server = ZmqServer.create()
                .bind(transport.equals("inproc") ? "inproc://exchange" : "tcp://127.0.0.1:*")
                .runOn(resources);
        ZmqBinding binding = switch (task) {
            case CALL, CALLS, STREAMS -> server.serveNow(Stage.identity());
            default -> server.serveNow(inbound(task), Mono::just, outbound(task));
        };
        return binding.endpoint();
    }

    @Override
    public void connect(Task task, String address) {
        boolean same = there != null && (oneLoop || address.startsWith("inproc"));
        ZmqResources here = same && there != null ? there : resources();
        remote = ZmqClient.create().connect(address).runOn(here).openNow();
    }

    private ZmqExchange remote() {
        return Objects.requireNonNull(remote, "not connected");
    }

    /** flatMap subscribes to the next call from the signal that completes one. */
    @Override
    public void calls(Calls calls) {
        Stage stage = remote();
        Flux.range(0, calls.count())
                .flatMap(
                        i -> stage.apply(Flux.defer(() -> Flux.just(ByteBuffer.wrap(calls.message(i)))))
                                .collect(Answer::new, Answer::add)
                                .doOnNext(answer -> answer.tell(calls)),
                        calls.inFlight())
                .subscribe(answer -> {}, calls::fail);
    }

    /** The length of an answer and the numbers at its ends; an answer of 64 bytes or more ends in a buffer of 8 or more. */
    private static final class Answer {
        private int length;
        private long first = -1;
        private long last = -1;

        void add(ByteBuffer part) {
            int from = part.position();
            int size = part.remaining();
            if (length == 0 && size >= 8) {
                first = part.getLong(from);
            }
            last = size >= 8 ? part.getLong(from + size - 8) : -1;
            length += size;
        }

        void tell(Calls calls) {
            calls.answered(length, first, last);
        }
    }

    @Override
    public void streams(Streams streams) {
        for (int i = 0; i < streams.number(); i++) {
            int stream = i;
            remote().apply(Flux.range(0, streams.chunks()).map(k -> ByteBuffer.wrap(streams.chunk(k))))
                    .subscribe(bytes -> streams.came(stream, bytes), streams::fail);
        }
    }

    @Override
    public Object there(Task task, Object value) {
        return Objects.requireNonNull(
                outbound(task).then(remote()).into(inbound(task)).apply(value).block());
    }

    @Override
    public void close() {
        all.forEach(ZmqResources::dispose);
        all.forEach(resources -> resources.onDispose().block());
    }
}
