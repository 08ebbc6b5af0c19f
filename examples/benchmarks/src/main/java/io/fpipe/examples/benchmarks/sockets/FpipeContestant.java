/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import io.fpipe.zmq.ZmqConnection;
import io.fpipe.zmq.ZmqMessage;
import io.fpipe.zmq.ZmqResources;
import io.fpipe.zmq.ZmqSocket;
import java.nio.ByteBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** fpipe, from Flux to Flux, with one loop in each process. */
final class FpipeContestant implements Contestant {

    private static final String ANY_PORT = "tcp://127.0.0.1:*";

    private final ZmqResources resources = ZmqResources.create();
    private final Scheduler source = Schedulers.newSingle("source", true);

    @Override
    public String bind(String transport, Run run) {
        ZmqConnection pull = ZmqSocket.pull()
                .bind(transport.equals("inproc") ? "inproc://oneway" : ANY_PORT)
                .runOn(resources)
                .openNow();
        pull.receiveBytes().take(run.count()).subscribe(run::arrived, run::fail);
        return pull.endpoint();
    }

    @Override
    public void send(String address, Run run) {
        ZmqConnection push = ZmqSocket.push().connect(address).runOn(resources).openNow();
        Flux<ByteBuffer> messages = Flux.range(0, run.count())
                .map(i -> ByteBuffer.wrap(run.message(i)))
                .subscribeOn(source);
        push.sendBytes(messages).block();
    }

    /** ROUTER and DEALER on the same loop. */
    @Override
    public void roundTrips(int calls, Runnable answered) {
        ZmqConnection router =
                ZmqSocket.router().bind(ANY_PORT).runOn(resources).openNow();
        ZmqConnection dealer =
                ZmqSocket.dealer().connect(router.endpoint()).runOn(resources).openNow();
        router.send(router.receive()).subscribe();
        Sinks.Many<ZmqMessage> next = Sinks.many().unicast().onBackpressureBuffer();
        dealer.send(next.asFlux()).subscribe();
        next.tryEmitNext(ZmqMessage.of(ByteBuffer.allocate(64)));
        dealer.receive()
                .take(calls + 1L)
                .doOnNext(answer -> {
                    answered.run();
                    next.tryEmitNext(ZmqMessage.of(ByteBuffer.allocate(64)));
                })
                .blockLast();
    }

    @Override
    public void close() {
        source.dispose();
        resources.dispose();
        resources.onDispose().block();
    }
}
