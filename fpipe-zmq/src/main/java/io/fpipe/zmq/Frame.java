/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.List;
import org.jspecify.annotations.Nullable;
import zmq.Msg;

/**
 * A frame of FPIPE/1 as it was received; {@code docs/wire-format.md} is its specification. A header of
 * {@value #HEADER_BYTES} bytes is followed by the payload, in the same ZeroMQ frame or, so that large payloads are not
 * copied, in a second one.
 *
 * @param type one of the constants here; a receiver ignores a type that it does not know
 * @param flags {@link #END} or none
 * @param incarnation the client's random number, new for each connection
 * @param stream the message's number within the incarnation, 0 for none
 * @param argument what the type says: an offset, a credit, a code
 * @param payload the rest
 */
record Frame(int type, int flags, long incarnation, long stream, long argument, ByteBuffer payload) {

    static final int HEADER_BYTES = 32;
    static final short MAGIC = (short) 0xF19E;
    static final byte VERSION = 1;

    /** Introduces a peer: the argument is the first credit of each stream, the payload the size of its largest data. */
    static final int HELLO = 1;
    /** Opens a stream and carries its first bytes: the argument is the length of the metadata ahead of them. */
    static final int OPEN = 2;
    /** Carries bytes: the argument is the offset of the first one. */
    static final int DATA = 3;
    /** Grants credit: the argument is the sum of all credit since the stream was opened, the payload what was taken. */
    static final int CREDIT = 4;
    /** Asks to stop sending. */
    static final int CANCEL = 5;
    /** Ends a message without success: the argument is the code, the payload the text. */
    static final int ABORT = 6;
    /** Says that the peer goes away: at once, or with the argument {@link #DRAIN} when its streams have ended. */
    static final int GOAWAY = 7;
    /** Asks for a PONG with the same argument. */
    static final int PING = 8;
    /** Answers a PING. */
    static final int PONG = 9;

    /** The flag of the last bytes of a message. */
    static final int END = 1;
    /** The flag of an OPEN whose reply has no bytes. */
    static final int NO_REPLY = 2;

    /** The argument of a GOAWAY that only refuses new streams. */
    static final long DRAIN = 1;

    /** The argument of a farewell that was not sent by a peer: whoever is lost knows nothing of it. */
    static final long OWN = new SecureRandom().nextLong() | Long.MIN_VALUE;

    /** What a socket finds behind the last message of a peer that was lost. */
    static final byte[] FAREWELL = header(GOAWAY, 0, 0, 0, OWN, 0).array();

    /** What a server that connects says ahead of all else: whoever was there before is lost. */
    static final byte[] GREETING = header(GOAWAY, 0, 0, 0, 0, 0).array();

    /** Writes a header, with room for a payload behind it. */
    static ByteBuffer header(int type, int flags, long incarnation, long stream, long argument, int room) {
        return ByteBuffer.allocate(HEADER_BYTES + room)
                .putShort(MAGIC)
                .put(VERSION)
                .put((byte) type)
                .put((byte) flags)
                .put((byte) 0)
                .putShort((short) 0)
                .putLong(incarnation)
                .putLong(stream)
                .putLong(argument);
    }

    /** Reads a frame, or says by null that the parts of a message are none. */
    static @Nullable Frame read(List<Msg> parts, int from, int to) {
        if (to - from < 1 || to - from > 2) {
            return null;
        }
        ByteBuffer head = parts.get(from).buf();
        if (!isClaimed(head)) {
            return null;
        }
        head.position(2);
        int version = Byte.toUnsignedInt(head.get());
        int type = head.get();
        if (version != VERSION && !(version > VERSION && type == HELLO)) { // who offers more may take less
            return null;
        }
        int flags = head.get();
        head.position(head.position() + 3);
        long incarnation = head.getLong();
        long stream = head.getLong();
        long argument = head.getLong();
        if (to - from == 2) {
            if (head.hasRemaining()) {
                return null;
            }
            head = parts.get(to - 1).buf();
        } else {
            head = head.slice();
        }
        // no peer sends more; a socket that takes plain messages lets it through
        return head.remaining() > ExchangeSettings.MAX_FRAME
                ? null
                : new Frame(type, flags, incarnation, stream, argument, head);
    }

    /** Whether the first part of a message says that it is a frame, of whatever version: plain messages are not. */
    static boolean isClaimed(ByteBuffer part) {
        return part.remaining() >= HEADER_BYTES && part.getShort(part.position()) == MAGIC;
    }

    Frame withPayload(ByteBuffer rest) {
        return new Frame(type, flags, incarnation, stream, argument, rest);
    }

    /** Whether it is what the socket itself has put behind the last message of a peer that was lost. */
    boolean isFarewell() {
        return type == GOAWAY && incarnation == 0 && argument == OWN;
    }

    boolean isEnd() {
        return (flags & END) != 0;
    }

    boolean wantsReply() {
        return (flags & NO_REPLY) == 0;
    }

    /** The code of an ABORT; one that is none of any version is the largest number. */
    int code() {
        return argument == (int) argument ? (int) argument : Integer.MAX_VALUE;
    }

    /** How many bytes of the message the reader has taken, as a CREDIT says; 0 if it does not. */
    long taken() {
        return payload.remaining() < 8 ? 0 : payload.getLong(payload.position());
    }
}
