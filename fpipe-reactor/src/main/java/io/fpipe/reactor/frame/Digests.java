/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import static java.util.Objects.requireNonNull;

import io.fpipe.reactor.BufferFunction;
import io.fpipe.reactor.Stage;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import net.jpountz.xxhash.XXHashFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A checksum, digest or MAC of a message: put behind it as a trailer, checked and taken off again, or computed on the
 * way. Immutable.
 *
 * <pre>{@code
 * Stage outbound = Digests.crc32c().append();
 * Stage inbound = Digests.crc32c().verify();
 * }</pre>
 *
 * <p>Values of 32 bits are written big-endian.
 */
public final class Digests {

    private final String name;
    private final int length;
    private final boolean secret;
    private final Supplier<Digester> digesters;

    private Digests(String name, int length, boolean secret, Supplier<Digester> digesters) {
        this.name = name;
        this.length = length;
        this.secret = secret;
        this.digesters = digesters;
    }

    /**
     * The CRC-32 of zlib, gzip and Ethernet: 4 bytes.
     *
     * @return the checksum
     */
    public static Digests crc32() {
        return new Digests("CRC32", Integer.BYTES, false, () -> Digester.of(new CRC32()));
    }

    /**
     * The CRC-32C of iSCSI (RFC 3720, 12.1) and ext4, which processors compute: 4 bytes.
     *
     * @return the checksum
     */
    public static Digests crc32c() {
        return new Digests("CRC32C", Integer.BYTES, false, () -> Digester.of(new CRC32C()));
    }

    /**
     * The xxHash of 32 bits with the seed 0: 4 bytes.
     *
     * @return the checksum
     */
    public static Digests xxHash32() {
        return new Digests(
                "xxHash32",
                Integer.BYTES,
                false,
                () -> Digester.of(XXHashFactory.fastestInstance().newStreamingHash32(0)));
    }

    /**
     * A digest of {@link MessageDigest}. It proves that a message is whole, not who sent it: for that see
     * {@link #hmac}.
     *
     * @param algorithm its name, for example {@code SHA-256}
     * @return the digest
     * @throws IllegalArgumentException if there is no such digest
     */
    public static Digests digest(String algorithm) {
        return new Digests(
                algorithm, newDigest(algorithm).getDigestLength(), false, () -> Digester.of(newDigest(algorithm)));
    }

    /**
     * A MAC (RFC 2104), which only who knows the key can compute and check.
     *
     * @param algorithm its name, for example {@code HmacSHA256}
     * @param key the key; it is copied
     * @return the MAC
     * @throws IllegalArgumentException if there is no such MAC, or the key is none for it
     */
    public static Digests hmac(String algorithm, byte[] key) {
        SecretKeySpec copy = new SecretKeySpec(key, algorithm);
        return new Digests(
                algorithm, newMac(algorithm, copy).getMacLength(), true, () -> Digester.of(newMac(algorithm, copy)));
    }

    private static MessageDigest newDigest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (GeneralSecurityException ex) {
            throw new IllegalArgumentException("there is no digest " + algorithm, ex);
        }
    }

    private static Mac newMac(String algorithm, SecretKeySpec key) {
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException ex) {
            throw new IllegalArgumentException("there is no MAC " + algorithm + " with such a key", ex);
        }
    }

    /**
     * Puts the value behind a message.
     * <ul>
     * <li>Emits: the message's buffers as the same objects, then the value in a buffer of its own; that alone for an
     * empty message.</li>
     * <li>Requests: one buffer at a time.</li>
     * <li>Completes: when the source has completed, together with the value.</li>
     * <li>Fails: with the source's error.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @return the stage
     */
    public Stage append() {
        return Stage.mapBuffers(() -> digesting(true, value -> {}));
    }

    /**
     * Takes the value off a message and checks it. <b>The bytes are emitted before it is known whether they are
     * right</b>, so nothing that cannot be undone may be done with them before the message completes.
     * <ul>
     * <li>Emits: the bytes before the value, as slices; as many bytes as the value has are held back.</li>
     * <li>Requests: one buffer at a time.</li>
     * <li>Completes: when the source has completed and the value is right, together with the last bytes.</li>
     * <li>Fails: {@link io.fpipe.reactor.CorruptStreamException} if the value is wrong, with both values in hex, or
     * missing. The right value of a MAC is not shown, and is compared in constant time.</li>
     * <li>Cancels: the source.</li>
     * </ul>
     *
     * @return the stage
     */
    public Stage verify() {
        return Stage.transcode(() -> new Verifying(name, length, secret, digesters.get()));
    }

    /**
     * Computes the value of a message on its way, without changing it.
     *
     * @param message the message
     * @return the message and the value
     */
    public Tapped tap(Flux<ByteBuffer> message) {
        requireNonNull(message, "message");
        Sinks.One<byte[]> sink = Sinks.one();
        Flux<ByteBuffer> bytes = Stage.mapBuffers(() -> digesting(false, sink::tryEmitValue))
                .apply(message)
                .doOnError(sink::tryEmitError)
                .doOnCancel(() -> sink.tryEmitError(new CancellationException("the message was cancelled")));
        return new Tapped(bytes, sink.asMono().map(byte[]::clone));
    }

    /**
     * A message whose digest is computed.
     *
     * @param bytes the message's buffers, as the same objects; it requests one at a time
     * @param digest the value, just before the end of the first subscription to {@code bytes} that comes to an end; the
     *     error if that fails, and a {@link CancellationException} if that is cancelled. It subscribes to nothing.
     */
    public record Tapped(Flux<ByteBuffer> bytes, Mono<byte[]> digest) {}

    private BufferFunction digesting(boolean append, Consumer<byte[]> listener) {
        return new Digesting(digesters.get(), append, listener);
    }
}
