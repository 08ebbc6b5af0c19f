/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.integration.zeromq.inbound.ZeroMqMessageProducer;
import org.springframework.integration.zeromq.outbound.ZeroMqMessageHandler;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.support.GenericMessage;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The adapters of spring-integration-zeromq; it has none for requests and replies. */
final class SpringContestant implements Contestant {

    private final ZContext context = new ZContext();
    private final DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
    private final Scheduler source = Schedulers.newSingle("source", true);
    private @Nullable ZeroMqMessageProducer producer;
    private @Nullable ZeroMqMessageHandler handler;

    @Override
    public String bind(String transport, Run run) {
        ZeroMqMessageProducer receiving = new ZeroMqMessageProducer(context, SocketType.PULL);
        producer = receiving;
        receiving.setBindPort(0);
        receiving.setOutputChannel((MessageChannel) (message, timeout) -> {
            run.arrived((byte[]) message.getPayload());
            return true;
        });
        receiving.setBeanFactory(beans);
        receiving.afterPropertiesSet();
        receiving.start();
        return "tcp://127.0.0.1:" + receiving.getBoundPort();
    }

    @Override
    public void send(String address, Run run) {
        ZeroMqMessageHandler sending = new ZeroMqMessageHandler(context, address, SocketType.PUSH);
        handler = sending;
        sending.setBeanFactory(beans);
        sending.afterPropertiesSet();
        sending.start();
        Flux.range(0, run.count())
                .map(i -> new GenericMessage<>(run.message(i)))
                .subscribeOn(source)
                .concatMap(sending::handleMessage)
                .blockLast();
    }

    @Override
    public void roundTrips(int calls, Runnable answered) {
        throw new UnsupportedOperationException("spring-integration-zeromq has no request and reply");
    }

    @Override
    public void close() {
        if (handler != null) {
            handler.destroy();
        }
        if (producer != null) {
            producer.stop();
            producer.destroy();
        }
        source.dispose();
        context.close();
    }
}
