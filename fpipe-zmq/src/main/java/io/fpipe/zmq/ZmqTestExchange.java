/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * An exchange for tests: the handlers of a server in the same process, without sockets and threads of its own, and
 * faults on demand. Calls behave as over the network as far as a caller and a handler can see, with these differences:
 * signals come in whatever thread they arise in, time-outs and delays use Reactor's default schedulers, so that
 * {@code StepVerifier.withVirtualTime} governs them, and there are no windows: the message is asked for what the
 * handler asks for.
 *
 * <pre>{@code
 * ZmqTestExchange remote = ZmqTestExchange.create().serve(Stage.identity());
 * remote.next(ZmqFault.cut(1000));   // the next call loses its server after 1,000 bytes of the reply
 * Mono<Object> answer = outbound.then(remote).into(inbound).apply(request);
 * }</pre>
 */
public final class ZmqTestExchange implements ZmqExchange {

    private final Routes routes;
    private final Duration requestTimeout;
    private final Duration idleTimeout;

    private final Queue<ZmqFault> faults = new ConcurrentLinkedQueue<>();
    private final Set<Call> running = ConcurrentHashMap.newKeySet();
    private final Sinks.Empty<Void> idle = Sinks.empty();
    private final Sinks.Empty<Void> closed = Sinks.empty();
    private volatile Sinks.Empty<Void> connected = open();
    private volatile boolean closing;
    private volatile boolean disposed;

    private ZmqTestExchange(Routes routes, Duration requestTimeout, Duration idleTimeout) {
        this.routes = routes;
        this.requestTimeout = requestTimeout;
        this.idleTimeout = idleTimeout;
    }

    /**
     * A call that is under way.
     *
     * @param end ends it from outside
     * @param taken how many bytes of the request the handler has taken
     */
    private record Call(Sinks.Empty<ByteBuffer> end, AtomicLong taken) {}

    private static Sinks.Empty<Void> open() {
        Sinks.Empty<Void> sink = Sinks.empty();
        sink.tryEmitEmpty();
        return sink;
    }

    /**
     * Makes an exchange without handlers, which refuses every call.
     *
     * @return the exchange
     */
    public static ZmqTestExchange create() {
        ExchangeSettings defaults = ExchangeSettings.DEFAULT;
        return new ZmqTestExchange(Routes.NONE, defaults.requestTimeout(), defaults.idleTimeout());
    }

    /**
     * Makes the same exchange with a handler for the calls that no route serves, without faults.
     *
     * @param handler gives the reply of a request
     * @return a changed copy
     */
    public ZmqTestExchange serve(Stage handler) {
        return new ZmqTestExchange(routes.with(requireNonNull(handler, "handler")), requestTimeout, idleTimeout);
    }

    /**
     * Makes the same exchange with one handler more, without faults.
     *
     * @param name the route of the handler
     * @param handler gives the reply of a request
     * @return a changed copy
     */
    public ZmqTestExchange serve(String name, Stage handler) {
        return new ZmqTestExchange(routes.with(name, requireNonNull(handler, "handler")), requestTimeout, idleTimeout);
    }

    /**
     * Makes the same exchange with other time-outs, without faults; see {@link ZmqClient#requestTimeout} and
     * {@link ZmqClient#idleTimeout}, whose defaults it has. Here the first counts from the subscription.
     *
     * @param requestTimeout how long a call waits for the first bytes of its reply
     * @param idleTimeout how long it waits for more of them
     * @return a changed copy
     */
    public ZmqTestExchange timeouts(Duration requestTimeout, Duration idleTimeout) {
        return new ZmqTestExchange(
                routes, requireNonNull(requestTimeout, "requestTimeout"), requireNonNull(idleTimeout, "idleTimeout"));
    }

    /**
     * Has the next call suffer a fault; after several invocations, each of the next calls one, in their order.
     *
     * @param fault the fault
     */
    public void next(ZmqFault fault) {
        faults.add(requireNonNull(fault, "fault"));
    }

    /**
     * Loses the server: running calls fail with {@link ZmqDisconnectedException}, and calls that are made from now on
     * wait, within their time-out, until {@link #recover()}.
     */
    public void lose() {
        connected = Sinks.empty();
        ZmqDisconnectedException reason =
                new ZmqDisconnectedException("the connection to " + endpoint() + " was lost", 0);
        running.forEach(call -> call.end().tryEmitError(reason.of(call.taken().get())));
    }

    /** Finds the server again. */
    public void recover() {
        connected.tryEmitEmpty();
    }

    /**
     * Returns how many calls are under way or wait for the server.
     *
     * @return the number
     */
    public int running() {
        return running.size();
    }

    @Override
    public Flux<ByteBuffer> apply(Flux<ByteBuffer> message) {
        return call(CallHead.PLAIN, message);
    }

    @Override
    public Stage route(String name, UnaryOperator<CallOptions> options) {
        Metadata.checkName("route", name);
        CallHead head = new CallHead(name, requireNonNull(options.apply(CallOptions.NONE), "options"), true);
        return message -> call(head, message);
    }

    @Override
    public Mono<Void> tell(Flux<ByteBuffer> message) {
        return apply(message).then();
    }

    @Override
    public Mono<Void> tell(String route, Flux<ByteBuffer> message, UnaryOperator<CallOptions> options) {
        return route(route, options).apply(message).then();
    }

    private Flux<ByteBuffer> call(CallHead head, Flux<ByteBuffer> message) {
        requireNonNull(message, "message");
        return Flux.deferContextual(context -> {
            if (closing || disposed) {
                return Flux.error(new ZmqException(
                        "the exchange with " + endpoint() + (disposed ? " is disposed" : " shuts down")));
            }
            ZmqFault fault = Optional.ofNullable(faults.poll()).orElse(ZmqFault.NONE);
            ZmqCall served = new ZmqCall(head.metadata(head.deadline(), context), "test");
            Call call = new Call(Sinks.empty(), new AtomicLong());
            running.add(call);
            Flux<ByteBuffer> reply = connected
                    .asMono()
                    .thenMany(Flux.defer(() ->
                            reply(fault, served, message, buffer -> call.taken().addAndGet(buffer.remaining()))));
            return until(limited(reply, head.options().deadline()), call.end().asMono())
                    .doFinally(signal -> {
                        running.remove(call);
                        if (closing && running.isEmpty()) {
                            idle.tryEmitEmpty();
                        }
                    });
        });
    }

    private Flux<ByteBuffer> limited(Flux<ByteBuffer> reply, @Nullable Duration deadline) {
        TimeoutException late = new TimeoutException("no reply from " + endpoint() + " within " + requestTimeout
                + ", or nothing more of it within " + idleTimeout);
        Flux<ByteBuffer> timed =
                reply.timeout(Mono.delay(requestTimeout), buffer -> Mono.delay(idleTimeout), Flux.error(late));
        return deadline == null
                ? timed
                : until(
                        timed,
                        Mono.delay(deadline)
                                .then(Mono.error(new TimeoutException(
                                        "the deadline of the call to " + endpoint() + " has passed"))));
    }

    /** Passes a flux until another one fails; then cancels the flux, which takeUntilOther alone does not, and fails. */
    private static Flux<ByteBuffer> until(Flux<ByteBuffer> flux, Mono<ByteBuffer> failing) {
        return Flux.defer(() -> {
            AtomicReference<@Nullable Throwable> reason = new AtomicReference<>();
            return flux.takeUntilOther(failing.doOnError(reason::set).onErrorComplete())
                    .concatWith(Mono.defer(() -> {
                        Throwable failure = reason.get();
                        return failure == null ? Mono.empty() : Mono.error(failure);
                    }));
        });
    }

    /** What the handler of the call replies; each end of the call hears of the other as over the network. */
    private Flux<ByteBuffer> reply(
            ZmqFault fault, ZmqCall served, Flux<ByteBuffer> message, Consumer<ByteBuffer> taken) {
        Stage handler = routes.find(served.route());
        if (handler == null) {
            return Flux.error(new ZmqRemoteException(
                    ZmqRemoteException.UNKNOWN_ROUTE, "nobody serves the route \"" + served.route() + "\""));
        }
        AtomicReference<@Nullable Throwable> own = new AtomicReference<>();
        Sinks.Empty<ByteBuffer> sourceFailed = Sinks.empty();
        Sinks.Empty<ByteBuffer> replyEnded = Sinks.empty();
        Flux<ByteBuffer> read = fault.request
                .apply(message.doOnError(own::set))
                .doOnNext(taken)
                .onErrorMap(ex -> new ZmqRemoteException(ZmqRemoteException.FAILED, ExchangeStream.text(ex)));
        Flux<ByteBuffer> request = until(read, replyEnded.asMono()).doAfterTerminate(() -> {
            Throwable failure = own.get();
            if (failure != null) {
                sourceFailed.tryEmitError(failure);
            }
        });
        Flux<ByteBuffer> reply = Flux.defer(() -> requireNonNull(handler.apply(request), "the handler returned null"))
                .contextWrite(served.context())
                .onErrorMap(ex -> {
                    Throwable failure = own.get();
                    return failure != null
                            ? failure
                            : new ZmqRemoteException(ZmqRemoteException.FAILED, ExchangeStream.text(ex));
                })
                .doFinally(signal -> replyEnded.tryEmitError(
                        new ZmqRemoteException(ZmqRemoteException.CANCELLED, "the reply has ended")));
        return until(fault.reply.apply(reply, this), sourceFailed.asMono());
    }

    @Override
    public String endpoint() {
        return "test://exchange";
    }

    @Override
    public Mono<Void> shutdownGracefully(Duration atMost) {
        requireNonNull(atMost, "atMost");
        return Mono.defer(() -> {
            closing = true;
            if (running.isEmpty()) {
                idle.tryEmitEmpty();
            }
            return Mono.firstWithSignal(idle.asMono(), Mono.delay(atMost).then())
                    .then(Mono.fromRunnable(this::dispose));
        });
    }

    @Override
    public void dispose() {
        disposed = true;
        ZmqException reason = new ZmqException("the exchange with " + endpoint() + " is disposed");
        running.forEach(call -> call.end().tryEmitError(reason));
        closed.tryEmitEmpty();
    }

    @Override
    public boolean isDisposed() {
        return disposed;
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }

    @Override
    public String toString() {
        return "test exchange";
    }
}
