/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.util.context.Context;

/**
 * A message there and a message back. The client's part begins it with an OPEN and ends its message with exactly one of
 * END, ABORT and CANCEL; the server's part ends its own with END or ABORT. Incoming frames are handled on the loop.
 */
final class ExchangeStream {

    private static final int MAX_TEXT = 1024;
    private static final List<ByteBuffer> NOTHING = List.of();

    private final boolean client;
    private final MessageSender sender;
    private final MessageReceiver receiver;

    private volatile @Nullable Peer peer;
    private volatile long id;
    private volatile boolean remoteEnded;

    /** When something last went on, by {@link System#nanoTime()}. */
    private volatile long progress = System.nanoTime();

    ExchangeStream(boolean client, EventLoop loop, ExchangeSettings settings, Context context) {
        this.client = client;
        this.sender = new MessageSender(this, context, !client);
        this.receiver = new MessageReceiver(this, loop, settings.window());
    }

    MessageReceiver receiver() {
        return receiver;
    }

    long progress() {
        return progress;
    }

    /** Gives the stream its peer and number; before its sender is subscribed to a source. */
    void begin(Peer peer, long id) {
        this.id = id;
        this.peer = peer;
        sender.initialCredit(peer.remoteWindow());
    }

    private Peer peer() {
        return Objects.requireNonNull(peer, "the stream has not begun");
    }

    // ------------------------------------------------------------------------------------------------ what is sent

    /** Begins to send a message, after the stream itself has begun. */
    void send(Flux<ByteBuffer> message) {
        sender.read(message);
    }

    int maxPayload() {
        return peer().remotePayload();
    }

    void send(int type, int flags, long argument, List<ByteBuffer> parts, int length) {
        progress = System.nanoTime();
        peer().send(type, flags, id, argument, parts, length);
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
    private static String text(Throwable error) {
        Throwable said = error;
        for (Throwable cause = said.getCause();
                cause != null && cause.toString().equals(said.getMessage());
                cause = said.getCause()) {
            said = cause;
        }
        String message = said.getMessage();
        return message == null ? "failed" : message;
    }

    void grant(long credit) {
        control(Frame.CREDIT, credit);
    }

    // -------------------------------------------------------------------------------------------- what is received

    /** Bytes have arrived, in an OPEN or a DATA. */
    void onData(Frame frame, long offset) {
        if (remoteEnded) {
            return; // nothing belongs to a message behind its end
        }
        progress = System.nanoTime();
        if (offset != receiver.received()) {
            refuse(
                    ZmqRemoteException.UNKNOWN_STREAM,
                    "expected bytes at offset " + receiver.received() + ", got offset " + offset);
        } else if (!receiver.offer(frame.payload(), frame.isEnd())) {
            refuse(ZmqRemoteException.CREDIT_EXCEEDED, "sent more than the credit at offset " + offset);
        } else if (frame.isEnd()) {
            remoteEnded();
            if (client) {
                sender.stop(Stop.CANCEL_REQUEST);
            }
        }
    }

    private void refuse(int code, String text) {
        ZmqException reason = new ZmqException("the peer breaks the protocol: " + text);
        if (!client) {
            sender.silence(Stop.SILENT);
            abort(code, reason);
        }
        end(reason, client ? Stop.CANCEL_CALL : Stop.SILENT);
        remove();
    }

    /** Fails what is received, and then cancels what is sent: whoever reads hears why, and no error of that is sent. */
    private void end(Throwable reason, Stop stop) {
        sender.silence(stop);
        receiver.fail(reason);
        sender.cancelSource();
    }

    void onCredit(long limit) {
        sender.credit(limit);
    }

    void onCancel() {
        if (client) { // the server wants no more of the request
            sender.stop(Stop.CANCELLED);
        } else {
            lost(new ZmqRemoteException(ZmqRemoteException.CANCELLED, "the caller gave up"));
        }
    }

    void onAbort(int code, ByteBuffer payload) {
        if (!client && receiver.isCancelled() && code == ZmqRemoteException.CANCELLED) {
            remoteEnded(); // the answer to our CANCEL: the reply goes on
            return;
        }
        String text = StandardCharsets.UTF_8.decode(payload.duplicate()).toString();
        end(new ZmqRemoteException(code, text), client ? Stop.CANCEL_REQUEST : Stop.SILENT);
        remoteEnded();
    }

    // ----------------------------------------------------------------------------------------------- what goes on here

    /** The sender has sent its last frame; on any thread. */
    void messageSent() {
        if (!client && !receiver.isOver() && !receiver.isCancelled()) {
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

    /** The end was delivered, or is not wanted; on the loop. */
    void receiverOver() {
        removeIfOver();
    }

    /** The caller waits no longer; on the loop. */
    void giveUp(Throwable reason) {
        end(reason, Stop.CANCEL_CALL);
        remove();
    }

    /** The peer is gone, or has given the stream up; on the loop. */
    void lost(Throwable reason) {
        end(reason, Stop.SILENT);
        remove();
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
        Peer p = peer;
        if (p != null) {
            p.remove(id);
        }
    }
}
