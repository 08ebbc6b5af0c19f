/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The other end of an exchange, and the streams between it and this end. */
final class Peer implements Outgoing.Origin {

    /** Payloads from here on are sent as a ZeroMQ frame of their own instead of being copied behind the header. */
    static final int SEPARATE = 8 << 10;

    private static final int MAX_UNKNOWN = 1024;

    /** How often a peer may break the protocol before it is cut off; one that follows it never does. */
    private static final int MAX_BROKEN = 16;

    /** How many answers may be on their way to a peer that has not shown that it reads; ZeroMQ keeps them for it. */
    private static final int MAX_ANSWERS = 1 << 16;

    /**
     * How many bytes of messages may be on their way to a peer that has not shown that it reads. Its credit is its word;
     * ZeroMQ would keep all that it asks for, and a source that never waits would never let go of the loop.
     */
    static final long MAX_UNREAD =
            Math.max(1 << 20, Math.min(64 << 20, Runtime.getRuntime().maxMemory() / 8));

    /**
     * How much may be on its way to a client in all: how its streams end is not held back. More than the ends of all the
     * streams that it may have open by default, with their texts, beside the bytes.
     */
    static final long MAX_SENT = MAX_UNREAD + Math.max(MAX_UNREAD, 24 << 20);

    /** What a frame costs beside its bytes. */
    static final int FRAME_COST = 256;

    private final EventLoop loop;
    private final OwnedSocket socket;
    private final @Nullable ByteBuffer routingId;
    private final long incarnation;
    private final Owner owner;
    private final Map<Long, ExchangeStream> streams = new ConcurrentHashMap<>();

    /** Counts the streams of all peers together. */
    private final AtomicInteger all;

    private final AtomicLong lastStream = new AtomicLong();

    /** The cost of all frames of streams that were handed to the socket. */
    private final AtomicLong sent = new AtomicLong();

    // Loop thread only.
    private int unknown;
    private int broken;
    private int answers;
    private int silent;
    private boolean cutOff;

    // Loop thread only: the ping that is not answered, 0 for none, and what was sent before it.
    private long ping;
    private long sentBefore;
    private int answersBefore;

    private volatile int firstCredit;
    private volatile int remotePayload;
    private volatile boolean draining;
    private volatile @Nullable Throwable failure;
    private volatile long read;
    private volatile long asked;
    private volatile boolean held;

    /** Who deals with the peers of a socket; called on any thread. */
    interface Owner {

        /** The socket cannot reach the peer. */
        void unreachable(Peer peer);

        /** The peer does what no peer does that follows the protocol, or does not read. */
        void cutOff(Peer peer, String why);
    }

    Peer(
            EventLoop loop,
            OwnedSocket socket,
            @Nullable ByteBuffer routingId,
            long incarnation,
            AtomicInteger all,
            Owner owner) {
        this.loop = loop;
        this.socket = socket;
        this.routingId = routingId;
        this.incarnation = incarnation;
        this.all = all;
        this.owner = owner;
    }

    /** Is the same connection with another incarnation: what it may do does not begin anew with that. */
    void follow(Peer before) {
        unknown = before.unknown;
        broken = before.broken;
        answers = before.answers;
        sent.set(before.sent.get() - before.read);
    }

    EventLoop loop() {
        return loop;
    }

    long incarnation() {
        return incarnation;
    }

    @Nullable
    ByteBuffer routingId() {
        return routingId;
    }

    /** A name for users. */
    String name() {
        return HexFormat.of().toHexDigits(incarnation);
    }

    int firstCredit() {
        return firstCredit;
    }

    int remotePayload() {
        return remotePayload;
    }

    boolean hasSaidHello() {
        return firstCredit != 0;
    }

    /** Whether the peer has introduced itself and was not lost. */
    boolean isOpen() {
        return hasSaidHello() && failure == null;
    }

    /** Whether streams may be opened. */
    boolean isReady() {
        return isOpen() && !draining;
    }

    /** The peer takes no more streams. */
    void drain() {
        draining = true;
    }

    boolean isCutOff() {
        return cutOff;
    }

    Iterable<ExchangeStream> streams() {
        return streams.values();
    }

    boolean has(long id) {
        return streams.containsKey(id);
    }

    int streamCount() {
        return streams.size();
    }

    /** Begins a stream with the next number. */
    void begin(ExchangeStream stream) {
        begin(stream, lastStream.incrementAndGet());
    }

    void begin(ExchangeStream stream, Long id) {
        stream.begin(this, id);
        all.incrementAndGet();
        streams.put(id, stream);
        Throwable lost = failure;
        if (lost != null) { // either this thread sees the failure, or the failing thread sees the stream
            loop.execute(() -> stream.lost(lost));
        }
    }

    /** Forgets a stream; not another one that a peer has given the same number meanwhile. */
    void remove(Long id, ExchangeStream stream) {
        if (streams.remove(id, stream)) {
            all.decrementAndGet();
        }
    }

    void sayHello(int credit) {
        if (mayAnswer()) {
            ByteBuffer payload =
                    ByteBuffer.allocate(4).putInt(ExchangeSettings.MAX_PAYLOAD).flip();
            send(Frame.HELLO, 0, 0, credit, List.of(payload), payload.remaining());
            if (ping == 0 && sent.get() - read > MAX_UNREAD / 4) { // of before it has begun anew
                ping();
            }
        }
    }

    void sayGoaway(long how) {
        send(Frame.GOAWAY, 0, 0, how, List.of(), 0);
    }

    /** Takes the peer's introduction; returns false if it makes no sense. The first one counts. */
    boolean hello(Frame frame) {
        if (hasSaidHello()) {
            return true; // who sends relies on it, on any thread
        }
        if (frame.payload().remaining() < 4 || frame.argument() < ExchangeSettings.MIN_WINDOW) {
            return false;
        }
        int payload = frame.payload().getInt(frame.payload().position());
        if (payload < ExchangeSettings.MIN_COST) {
            return false;
        }
        remotePayload = Math.min(payload, ExchangeSettings.MAX_PAYLOAD);
        firstCredit = (int) Math.min(frame.argument(), Integer.MAX_VALUE);
        return true;
    }

    void send(int type, int flags, long stream, long argument, List<ByteBuffer> parts, int length) {
        if (stream != 0) {
            count(length);
        }
        boolean separate = parts.size() == 1 && length >= SEPARATE;
        ByteBuffer head = Frame.header(type, flags, incarnation, stream, argument, separate ? 0 : length);
        ByteBuffer body = null;
        if (separate) {
            body = parts.get(0);
        } else {
            for (ByteBuffer part : parts) {
                head.put(part);
            }
        }
        head.flip();
        socket.send(new Outgoing(this, frames(head, body)));
    }

    private ByteBuffer[] frames(ByteBuffer head, @Nullable ByteBuffer body) {
        if (routingId == null) {
            return body == null ? new ByteBuffer[] {head} : new ByteBuffer[] {head, body};
        }
        return body == null ? new ByteBuffer[] {routingId, head} : new ByteBuffer[] {routingId, head, body};
    }

    /** Takes a frame of this connection; on the loop. */
    void dispatch(Frame frame) {
        if (frame.type() == Frame.PING) {
            if (mayAnswer()) {
                send(Frame.PONG, 0, 0, frame.argument(), List.of(), 0);
            }
            return;
        }
        if (frame.type() == Frame.PONG) {
            pong(frame.argument());
            return;
        }
        ExchangeStream stream = streams.get(frame.stream());
        if (stream == null) {
            // a client knows which streams it has had, and what is under way when one ends is no mistake
            if (frame.type() == Frame.DATA && frame.stream() > lastStream.get() && ++unknown <= MAX_UNKNOWN) {
                refuse(frame.stream(), ZmqRemoteException.UNKNOWN_STREAM, "no stream " + frame.stream() + " is open");
            }
            return;
        }
        switch (frame.type()) {
            case Frame.DATA -> stream.onData(frame, frame.argument());
            case Frame.CREDIT -> stream.onCredit(frame.argument(), frame.taken());
            case Frame.CANCEL -> stream.onCancel();
            case Frame.ABORT -> stream.onAbort(frame.code(), frame.payload());
            default -> {} // a type of a later version
        }
    }

    /** Answers what cannot be a stream. */
    void refuse(long stream, int code, String text) {
        if (mayAnswer()) {
            ByteBuffer payload = StandardCharsets.UTF_8.encode(text);
            send(Frame.ABORT, 0, stream, code, List.of(payload), payload.remaining());
        }
    }

    /** The peer does what the protocol forbids; on the loop. */
    void broken(String how) {
        if (++broken > MAX_BROKEN) {
            cutOff("it breaks the protocol again and again: " + how);
        }
    }

    /**
     * The two ends do not agree on the credit, as when an introduction has not arrived as it was sent; on the loop. Each
     * call might fail for that: a client begins anew.
     */
    void creditDiffers(String how) {
        if (routingId == null) {
            cutOff("the two ends do not agree on the credit: " + how);
        } else {
            broken(how);
        }
    }

    /**
     * Whether the peer is answered: not when it does not read what it asks for, or its answers would pile up in the
     * socket, which has no limit. A PONG shows that it has read.
     */
    private boolean mayAnswer() {
        answers++;
        if (answers >= MAX_ANSWERS / 2 && ping == 0) {
            ping();
        }
        if (answers > MAX_ANSWERS) {
            cutOff("it does not read its " + MAX_ANSWERS + " answers");
        }
        return answers <= MAX_ANSWERS;
    }

    /** Whether more of a message may be sent; if not, all that wait are resumed later. On any thread. */
    boolean reads() {
        if (sent.get() - read < MAX_UNREAD) {
            return true;
        }
        held = true;
        return sent.get() - read < MAX_UNREAD; // who makes room from now on sees the flag
    }

    private void count(int length) {
        long total = sent.addAndGet(length + FRAME_COST);
        if (total - asked > MAX_UNREAD / 4) {
            asked = total;
            loop.execute(this::ask);
        }
    }

    /** Asks whether what was sent is read. */
    private void ask() {
        if (ping == 0) {
            ping();
        } else if (routingId != null && failure == null && sent.get() - read > MAX_SENT) {
            cutOff("it does not read how its calls end");
        }
    }

    private void pong(long number) {
        if (number != ping || ping == 0) {
            return;
        }
        ping = 0;
        answers -= answersBefore;
        read = sentBefore;
        if (sent.get() - read > MAX_UNREAD / 4 || answers >= MAX_ANSWERS / 2) {
            ping();
        }
        if (held) {
            held = false;
            streams.values().forEach(ExchangeStream::resume);
        }
    }

    private void cutOff(String why) {
        if (!cutOff) {
            cutOff = true;
            owner.cutOff(this, why);
        }
    }

    /** Something has arrived: the peer lives; on the loop. */
    void heard() {
        silent = 0;
    }

    /**
     * Sends a sign of life and asks for one; on the loop. Counts how often in a row nothing came since: not a clock, for
     * what has arrived while this process was stopped is read only after the first timer that is late.
     *
     * @return whether it was too often
     */
    boolean isSilent(int most) {
        if (++silent > most) {
            return true;
        }
        ping();
        return false;
    }

    /** Asks whether all has been read that was sent so far; again the same while that is not answered. */
    private void ping() {
        if (ping == 0) {
            ping = ThreadLocalRandom.current().nextLong(Long.MAX_VALUE) + 1; // not to be guessed
            sentBefore = sent.get();
            answersBefore = answers;
        }
        send(Frame.PING, 0, 0, ping, List.of(), 0);
    }

    /** Ends all streams because the peer is lost; on the loop. */
    void fail(Throwable reason) {
        failure = reason;
        streams.values().forEach(stream -> stream.lost(reason));
    }

    /** Ends what is under way, and tells of each stream why; on the loop. */
    void shutDown(Throwable reason) {
        streams.values().forEach(stream -> stream.shutDown(reason));
    }

    /** Ends all streams because this end is disposed, and says so; on the loop. */
    void dispose(Throwable reason) {
        if (failure == null) {
            sayGoaway(0);
        }
        failure = reason;
        streams.values().forEach(stream -> stream.disposed(reason));
    }

    @Override
    public void sent(int count) {
        // credit, not the socket, says how much may be sent
    }

    @Override
    public void failed(Outgoing message, ZmqException reason) {
        owner.unreachable(this);
    }
}
