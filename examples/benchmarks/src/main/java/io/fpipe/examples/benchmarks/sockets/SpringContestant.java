/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.integration.config.EnableIntegration;
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
    private final AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext(Integration.class);
    private final Scheduler source = Schedulers.newSingle("source", true);
    private @Nullable ZeroMqMessageProducer producer;
    private @Nullable ZeroMqMessageHandler handler;

    @Override
    public String bind(String transport, Run run) {
        ZeroMqMessageProducer receiving = new ZeroMqMessageProducer(context, SocketType.PULL);
        producer = receiving;
        receiving.setOutputChannel((MessageChannel) (message, timeout) -> {
            run.arrived((byte[]) message.getPayload());
            return true;
        });
        receiving.setSocketConfigurer(socket -> socket.setHandshakeIvl(JeroMqContestant.HANDSHAKE_MILLIS));
        receiving.setConsumeDelay(Duration.ofMillis(1)); // by default it waits a second whenever nothing is there
        receiving.setBeanFactory(beans.getBeanFactory());
        receiving.afterPropertiesSet();
        receiving.start();
        // It binds on a thread of its own, and says nothing when it has.
        Integer port = Flux.interval(Duration.ofMillis(5))
                .map(i -> receiving.getBoundPort())
                .filter(bound -> bound > 0)
                .blockFirst(Duration.ofSeconds(10));
        return "tcp://127.0.0.1:" + port;
    }

    @Override
    public void send(String address, Run run) {
        ZeroMqMessageHandler sending = new ZeroMqMessageHandler(context, address, SocketType.PUSH);
        handler = sending;
        sending.setSocketConfigurer(socket -> socket.setHandshakeIvl(JeroMqContestant.HANDSHAKE_MILLIS));
        sending.setBeanFactory(beans.getBeanFactory());
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
            try {
                producer.destroy(); // stops it, too
            } catch (RejectedExecutionException e) {
                // its two ways to close the socket race for its scheduler; the context closes the socket anyway
            }
        }
        source.dispose();
        context.close();
        beans.close();
    }

    /** What the adapters need around them. */
    @Configuration(proxyBeanMethods = false)
    @EnableIntegration
    static class Integration {}
}
