/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.Logger;
import reactor.util.Loggers;
import reactor.util.context.Context;

/**
 * A message there and a message back. The client's part begins it with an OPEN and ends its message with exactly one of
 * END, ABORT and CANCEL; the server's part ends its own with END or ABORT. Incoming frames are handled on the loop.
 */
final class ExchangeStream {

    private static final Logger LOG = Loggers.getLogger(ExchangeStream.class);
    private static final int MAX_TEXT = 1024;
    private static final List<ByteBuffer> NOTHING = List.of();

    private final boolean client;
    private final EventLoop loop;
    private final CallHead head;
    private final Context context;
    private final long deadline;
    private final MessageSender sender;
    private final MessageReceiver receiver;

    /** Loop thread only: ends a call that the server has not done with by its deadline. */
    private EventLoop.@Nullable Timer expiry;

    private Long id = 0L; // published by the write to peer
    private volatile @Nullable Peer peer;
    private volatile boolean remoteEnded;

    /** When something last went on, by {@link System#nanoTime()}; a client's only. */
    private volatile long progress;

    private ExchangeStream(
            boolean client,
            EventLoop loop,
            WindowBudget budget,
            ExchangeSettings settings,
            CallHead head,
            long deadline,
            Context context) {
        this.client = client;
        this.loop = loop;
        this.head = head;
        this.deadline = deadline;
        this.context = context;
        this.sender = new MessageSender(this, context, !client);
        this.receiver = new MessageReceiver(this, loop, budget, settings);
        touch();
    }

    /** The client's end of a call. */
    static ExchangeStream calling(
            EventLoop loop, WindowBudget budget, ExchangeSettings settings, CallHead head, Context context) {
        return new ExchangeStream(true, loop, budget, settings, head, head.deadline(), context);
    }

    /** The server's end of a call. */
    static ExchangeStream serving(EventLoop loop, WindowBudget budget, ExchangeSettings settings, ZmqCall call) {
        return new ExchangeStream(false, loop, budget, settings, CallHead.PLAIN, call.deadline(), call.context());
    }

    MessageReceiver receiver() {
        return receiver;
    }

    long progress() {
        return progress;
    }

    /** Gives the stream its peer and number; before its sender is subscribed to a source. */
    void begin(Peer peer, Long id) {
        this.id = id;
        sender.initialCredit(peer.firstCredit());
        this.peer = peer;
    }

    private Peer peer() {
        return Objects.requireNonNull(peer, "the stream has not begun");
    }

    // ------------------------------------------------------------------------------------------------ what is sent

    /** Begins to send a message, after the stream itself has begun. */
    void send(Flux<ByteBuffer> message) {
        sender.read(message);
    }

    /** Whether the peer has shown that it reads what it asks for. */
    boolean maySend() {
        return peer().reads();
    }

    /** The peer has read what was sent: whoever waited for that goes on; on the loop. */
    void resume() {
        sender.resume();
    }

    int maxPayload() {
        return peer().remotePayload();
    }

    /** Opens the call, with its first bytes. */
    void open(int flags, List<ByteBuffer> parts, int length) {
        touch();
        Metadata metadata = head.metadata(deadline, context);
        int all = flags | head.flags();
        if (metadata.equals(Metadata.NONE)) {
            peer().send(Frame.OPEN, all, id, 0, parts, length);
            return;
        }
        List<ByteBuffer> both = new ArrayList<>(parts.size() + 1);
        ByteBuffer encoded = metadata.encode();
        int bytes = encoded.remaining();
        both.add(encoded);
        both.addAll(parts);
        peer().send(Frame.OPEN, all, id, bytes, both, bytes + length);
    }

    void send(int flags, long offset, List<ByteBuffer> parts, int length) {
        touch();
        peer().send(Frame.DATA, flags, id, offset, parts, length);
    }

    void control(int type, long argument) {
        peer().send(type, 0, id, argument, NOTHING, 0);
    }

    void abort(int code, Throwable cause) {
        byte[] text = text(cause).getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, MAX_TEXT);
        peer().send(Frame.ABORT, 0, id, code, List.of(ByteBuffer.wrap(text, 0, length)), length);
    }

    /** What an error says; of one that only wraps another one, whose message begins with a class name, the other's. */
    static String text(Throwable error) {
        try {
            Throwable said = error;
            for (Throwable cause = said.getCause();
                    cause != null && cause.toString().equals(said.getMessage());
                    cause = said.getCause()) {
                said = cause;
            }
            String message = said.getMessage();
            return message == null ? "failed" : message;
        } catch (Throwable ex) { // the error's methods may be a user's
            return "failed";
        }
    }

    void grant(long credit, long taken) {
        ByteBuffer payload = ByteBuffer.allocate(8).putLong(taken).flip();
        peer().send(Frame.CREDIT, 0, id, credit, List.of(payload), 8);
    }

    // -------------------------------------------------------------------------------------------- what is received

    /** Bytes have arrived, in an OPEN or a DATA. */
    void onData(Frame frame, long offset) {
        if (remoteEnded) {
            return; // nothing belongs to a message behind its end
        }
        if (frame.isEnd() || frame.payload().hasRemaining()) { // or it says nothing
            touch();
        }
        if (offset != receiver.received()) {
            String text = "expected bytes at offset " + receiver.received() + ", got offset " + offset;
            peer().broken(text);
            refuse(ZmqRemoteException.UNKNOWN_STREAM, broken(text));
            return;
        }
        int wrong = receiver.offer(frame.payload(), frame.isEnd());
        if (wrong == ZmqRemoteException.CREDIT_EXCEEDED) {
            String text = "sent more than the credit at offset " + offset;
            peer().creditDiffers(text);
            refuse(wrong, broken(text));
        } else if (wrong != 0) {
            refuse(wrong, receiver.tooLarge());
        } else if (frame.isEnd()) {
            remoteEnded();
            if (client) {
                sender.stop(Stop.CANCEL_REQUEST);
            }
        }
    }

    private static ZmqException broken(String how) {
        return new ZmqException("the peer breaks the protocol: " + how);
    }

    private void refuse(int code, Throwable reason) {
        if (!client) {
            sender.silence(Stop.SILENT);
            abort(code, reason);
        }
        end(reason, client ? Stop.CANCEL_CALL : Stop.SILENT);
        remove();
    }

    /**
     * Reports an exception that user code throws against the rules of Reactive Streams. Whoever is told of dropped errors
     * may throw one, too: the other streams of the loop go on.
     */
    static void dropped(Throwable error, Context context) {
        try {
            Operators.onErrorDropped(error, context);
        } catch (Throwable ex) {
            LOG.error("the hook for dropped errors failed", ex);
        }
    }

    /** Fails what is received, and then cancels what is sent: whoever reads hears why, and no error of that is sent. */
    private void end(Throwable reason, Stop stop) {
        sender.silence(stop);
        receiver.fail(reason);
        sender.cancelSource();
    }

    void onCredit(long limit, long taken) {
        sender.credit(limit, taken);
    }

    void onCancel() {
        if (client) { // the server wants no more of the request
            sender.stop(Stop.CANCELLED);
        } else {
            lost(new ZmqRemoteException(ZmqRemoteException.CANCELLED, "the caller gave up"));
        }
    }

    void onAbort(int code, ByteBuffer payload) {
        if (client && remoteEnded) {
            return;
        }
        if (!client && receiver.isCancelled() && code == ZmqRemoteException.CANCELLED) {
            remoteEnded(); // the answer to our CANCEL: the reply goes on
            return;
        }
        String text = StandardCharsets.UTF_8.decode(payload.duplicate()).toString();
        if (client && code == ZmqRemoteException.CREDIT_EXCEEDED) {
            peer().creditDiffers(text);
        }
        Throwable reason = client && code == ZmqRemoteException.DEADLINE_EXCEEDED
                ? new TimeoutException(text) // whichever side has noticed first
                : new ZmqRemoteException(code, text);
        end(reason, client ? Stop.CANCEL_REQUEST : Stop.SILENT);
        remoteEnded();
    }

    // ----------------------------------------------------------------------------------------------- what goes on here

    /** The sender has sent its last frame; on any thread. */
    void messageSent() {
        if (!client && !remoteEnded && !receiver.isOver() && !receiver.isCancelled()) {
            // a reply that ends before its request cancels the rest of it
            peer().loop()
                    .execute(() ->
                            receiver.fail(new ZmqRemoteException(ZmqRemoteException.CANCELLED, "the reply has ended")));
        }
        removeIfOver();
    }

    /** The source of the sender has failed, and the peer was told; on any thread. */
    void sourceFailed(Throwable cause) {
        if (client) {
            peer().loop().execute(() -> receiver.fail(cause));
            remove();
        } else {
            messageSent();
        }
    }

    /** The subscriber of the receiver has cancelled; on the loop. */
    void readerCancelled() {
        if (peer == null || remoteEnded) {
            receiver.release();
            return;
        }
        if (client) {
            sender.stop(Stop.CANCEL_CALL);
            remove();
        } else {
            control(Frame.CANCEL, 0);
        }
    }

    /** The subscriber of the receiver has thrown an exception; on the loop. */
    void readerFailed(Throwable failure) {
        if (client) {
            sender.stop(Stop.CANCEL_CALL);
        } else {
            sender.stop(Stop.SILENT);
            abort(ZmqRemoteException.FAILED, failure);
        }
        remove();
    }

    /** The end was delivered, or is not wanted: nothing is kept from now on; on the loop. */
    void receiverOver() {
        receiver.release();
        removeIfOver();
    }

    /** The caller waits no longer, whatever is here of the reply; on the loop. */
    void giveUp(Throwable reason) {
        sender.silence(Stop.CANCEL_CALL);
        receiver.cut(reason);
        sender.cancelSource();
        remove();
    }

    /** The peer is gone, or has given the stream up; on the loop. */
    void lost(Throwable reason) {
        end(reason instanceof ZmqDisconnectedException lost ? lost.of(sender.acknowledged()) : reason, Stop.SILENT);
        remove();
    }

    /** Ends the stream of a peer that goes on to be heard, and says why; on the loop. */
    void shutDown(Throwable reason) {
        if (client) {
            end(reason, Stop.SHUT_DOWN);
            remove();
        } else {
            refuse(ZmqRemoteException.SHUTTING_DOWN, reason);
        }
    }

    /** Has the server's part end when the deadline of its call has passed; on the loop. */
    void expireAtDeadline() {
        if (deadline != 0) {
            expiry = loop.schedule(deadline - System.nanoTime(), () -> {
                expiry = null;
                refuse(
                        ZmqRemoteException.DEADLINE_EXCEEDED,
                        new ZmqRemoteException(ZmqRemoteException.DEADLINE_EXCEEDED, "the call's deadline has passed"));
            });
        }
    }

    boolean hasDeadline() {
        return deadline != 0;
    }

    /** In how many nanoseconds the call is to be over, {@link Long#MAX_VALUE} for no limit. */
    long deadlineLeft(long now) {
        return deadline == 0 ? Long.MAX_VALUE : deadline - now;
    }

    /** This end is disposed; on the loop. */
    void disposed(Throwable reason) {
        sender.silence(Stop.SILENT);
        receiver.cut(reason);
        lost(reason);
    }

    /** Whether the caller waits for the first byte of the reply; on the loop. */
    boolean awaitsReply() {
        return receiver.received() == 0 && !remoteEnded;
    }

    /** Whether it is up to the caller itself that nothing goes on; on the loop. */
    boolean awaitsReader() {
        return remoteEnded || receiver.hasUnread();
    }

    /** Begins the time anew after which a call is too long without progress; only a client's {@link CallWatch} looks. */
    void touch() {
        if (client) {
            progress = System.nanoTime();
        }
    }

    /** Forgets a call that was given up while it began: nothing was sent. */
    void abandon() {
        sender.stop(Stop.SILENT);
        remove();
    }

    /** Whether the stream need not begin any more. */
    boolean isAbandoned() {
        return receiver.isCancelled() || receiver.isOver();
    }

    private void remoteEnded() {
        remoteEnded = true;
        removeIfOver();
    }

    private void removeIfOver() {
        if (remoteEnded && sender.isFinished() && (!client || receiver.isOver())) {
            remove();
        }
    }

    private void remove() {
        receiver.release();
        Peer p = peer;
        if (p != null) {
            p.remove(id, this);
        }
        if (!client && deadline != 0) {
            if (loop.isCurrentThread()) {
                stopExpiry();
            } else {
                loop.execute(this::stopExpiry);
            }
        }
    }

    private void stopExpiry() {
        if (expiry != null) {
            loop.cancel(expiry);
        }
    }
}
