/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.zip.Checksum;
import javax.crypto.Mac;
import net.jpountz.xxhash.StreamingXXHash32;

/** Computes the digest of one message. */
interface Digester {

    /** Adds bytes; their cursor is not moved. */
    void update(ByteBuffer bytes);

    /** Returns the digest of all bytes; called once. */
    byte[] value();

    /** Frees what is held, once. */
    default void close() {}

    static Digester of(Checksum checksum) {
        return new Digester() {
            @Override
            public void update(ByteBuffer bytes) {
                checksum.update(bytes.duplicate());
            }

            @Override
            public byte[] value() {
                return bytes((int) checksum.getValue());
            }
        };
    }

    static Digester of(StreamingXXHash32 hash) {
        Checksum view = hash.asChecksum(); // knows how to read any buffer
        return new Digester() {
            @Override
            public void update(ByteBuffer bytes) {
                view.update(bytes.duplicate());
            }

            @Override
            public byte[] value() {
                return bytes(hash.getValue()); // the view's value has 28 bits only
            }

            @Override
            public void close() {
                hash.close();
            }
        };
    }

    static Digester of(MessageDigest digest) {
        return new Digester() {
            @Override
            public void update(ByteBuffer bytes) {
                digest.update(bytes.duplicate());
            }

            @Override
            public byte[] value() {
                return digest.digest();
            }
        };
    }

    static Digester of(Mac mac) {
        return new Digester() {
            @Override
            public void update(ByteBuffer bytes) {
                mac.update(bytes.duplicate());
            }

            @Override
            public byte[] value() {
                return mac.doFinal();
            }
        };
    }

    private static byte[] bytes(int value) {
        return new byte[] {(byte) (value >>> 24), (byte) (value >>> 16), (byte) (value >>> 8), (byte) value};
    }
}
