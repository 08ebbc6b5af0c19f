/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Chunks;
import io.fpipe.reactor.CorruptStreamException;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.XXHashFactory;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class DigestsTest {

    private static final byte[] NONE = {};
    private static final byte[] KEY = ascii("key");

    /** Published values for "123456789" and the MAC's for the usual example. */
    private static final Map<String, Digests> CHECKSUMS = Map.of(
            "cbf43926", Digests.crc32(),
            "e3069283", Digests.crc32c(),
            "937bad67", Digests.xxHash32(),
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225", Digests.digest("SHA-256"));

    private static final List<Digests> ALL = List.of(
            Digests.crc32(),
            Digests.crc32c(),
            Digests.xxHash32(),
            Digests.digest("SHA-256"),
            Digests.hmac("HmacSHA256", KEY));

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static byte[] run(Stage stage, byte[]... message) {
        return Chunks.join(stage.apply(Chunks.of(message)), 1 << 20).block();
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    @Test
    void appendsTheValuesThatEverybodyComputes() {
        CHECKSUMS.forEach((hex, digest) -> {
            byte[] trailer = HexFormat.of().parseHex(hex);
            StageCheck.stage(digest.append())
                    .sample(ascii("123456789"), concat(ascii("123456789"), trailer))
                    .completesWithLast()
                    .verify();
        });
        byte[] text = ascii("The quick brown fox jumps over the lazy dog");
        assertThat(run(Digests.hmac("HmacSHA256", KEY).append(), text))
                .endsWith(HexFormat.of().parseHex("f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"));
    }

    @Test
    void verifiesWhatItAppended() {
        for (Digests digest : ALL) {
            StageCheck.roundTrip(digest.append(), digest.verify(), NONE, bytes(1), bytes(5), bytes(100))
                    .completesWithLast()
                    .verify();
        }
    }

    @Test
    void anyOtherBytesAreCorrupt() {
        for (Digests digest : ALL) {
            byte[] good = run(digest.append(), ascii("abc"));
            for (int i = 0; i < good.length; i++) {
                byte[] flipped = good.clone();
                flipped[i] ^= 1;
                StepVerifier.create(digest.verify().apply(Chunks.of(flipped)).then())
                        .verifyError(CorruptStreamException.class);
                StepVerifier.create(digest.verify()
                                .apply(Chunks.of(Arrays.copyOf(good, i)))
                                .then())
                        .verifyError(CorruptStreamException.class);
            }
            StepVerifier.create(
                            digest.verify().apply(Chunks.of(good, new byte[1])).then())
                    .verifyError(CorruptStreamException.class);
        }
        StageCheck.stage(Digests.crc32().verify())
                .invalid(NONE, CorruptStreamException.class)
                .invalid(bytes(3), CorruptStreamException.class)
                .invalid(bytes(9), CorruptStreamException.class)
                .verify();
    }

    @Test
    void showsBothValuesButNotTheRightOneOfAMac() {
        StepVerifier.create(Digests.crc32().verify().apply(Chunks.of(ascii("123456789"), new byte[] {1, 2, 3, 4})))
                .expectNextCount(2)
                .verifyErrorMessage("the CRC32 of the 9 bytes is 0xcbf43926, but their trailer is 0x01020304");
        StepVerifier.create(Digests.crc32().verify().apply(Chunks.of(new byte[] {1, 2, 3})))
                .verifyErrorMessage("the message ended after 3 bytes, 0x010203, where its CRC32 alone has 4");
        byte[] forged = new byte[32];
        StepVerifier.create(Digests.hmac("HmacSHA256", KEY).verify().apply(Chunks.of(ascii("abc"), forged)))
                .expectNextCount(1)
                .verifyErrorMessage("the HmacSHA256 of the 3 bytes is wrong: 0x"
                        + HexFormat.of().formatHex(forged));
    }

    @Test
    void passesBuffersOnAndHoldsBackTheValueOnly() {
        ByteBuffer first = ByteBuffer.allocateDirect(10);
        assertThat(Digests.crc32().append().apply(Flux.just(first)).blockFirst())
                .isSameAs(first);
        List<ByteBuffer> released = Digests.crc32()
                .verify()
                .apply(Flux.just(first, ByteBuffer.allocateDirect(2)))
                .take(2)
                .collectList()
                .block();
        assertThat(released).extracting(ByteBuffer::remaining).containsExactly(6, 2);
        assertThat(released.get(0).isDirect()).as("a slice").isTrue();
    }

    @Test
    void keepsTheContractOfTranscodersAndClosesTheHashOnce() {
        byte[] message = ascii("123456789");
        byte[] whole = concat(message, HexFormat.of().parseHex("937bad67"));
        StageCheck.transcoder(() -> new Verifying("xxHash32", 4, false, Digester.of(hash())))
                .sample(whole, message)
                .invalid(message, CorruptStreamException.class)
                .completesWithLast()
                .verify();
        AtomicInteger closed = new AtomicInteger();
        Digester counting = new Digester() {
            @Override
            public void update(ByteBuffer bytes) {}

            @Override
            public byte[] value() {
                return new byte[1];
            }

            @Override
            public void close() {
                closed.incrementAndGet();
            }
        };
        Stage append = Stage.mapBuffers(() -> new Digesting(counting, true, value -> {}));
        Stage verify = Stage.transcode(() -> new Verifying("none", 1, false, counting));
        append.then(verify).apply(Chunks.of(message)).blockLast();
        assertThat(closed).hasValue(2);
        append.then(verify).apply(Chunks.of(message)).blockFirst();
        assertThat(closed).hasValue(4);
    }

    private static StreamingXXHash32 hash() {
        return XXHashFactory.fastestInstance().newStreamingHash32(0);
    }

    @Test
    void tapsTheDigestOfAMessageOnItsWay() throws Exception {
        ByteBuffer buffer = ByteBuffer.wrap(ascii("abc"));
        Digests.Tapped tapped = Digests.digest("SHA-256").tap(Flux.just(buffer));
        StepVerifier.create(tapped.digest()).expectSubscription().thenCancel().verify();
        assertThat(tapped.bytes().collectList().block()).singleElement().isSameAs(buffer);
        byte[] expected = MessageDigest.getInstance("SHA-256").digest(ascii("abc"));
        byte[] digest = tapped.digest().block();
        assertThat(digest).isEqualTo(expected);
        digest[0]++;
        assertThat(tapped.digest().block()).as("nobody writes another's array").isEqualTo(expected);
        tapped.bytes().blockLast();
        StageCheck.stage(bytes -> Digests.crc32().tap(bytes).bytes())
                .sample(bytes(10), bytes(10))
                .sample(NONE, NONE)
                .completesWithLast()
                .verify();
    }

    @Test
    void aTappedMessageThatDoesNotCompleteHasNoDigest() {
        Digests.Tapped failed = Digests.crc32().tap(Flux.error(new IllegalStateException("source")));
        StepVerifier.create(failed.bytes()).verifyErrorMessage("source");
        StepVerifier.create(failed.digest()).verifyErrorMessage("source");
        Digests.Tapped cancelled = Digests.crc32().tap(Flux.never());
        StepVerifier.create(cancelled.bytes()).thenCancel().verify();
        StepVerifier.create(cancelled.digest()).verifyError(CancellationException.class);
    }

    @Test
    void aChangeOfTheKeyChangesNothing() {
        byte[] key = KEY.clone();
        Digests hmac = Digests.hmac("HmacSHA256", key);
        key[0]++;
        assertThat(run(hmac.append()))
                .isEqualTo(run(Digests.hmac("HmacSHA256", KEY).append()));
    }

    @Test
    void refusesWhatThereIsNot() {
        assertThatThrownBy(() -> Digests.digest("SHA-0")).hasMessage("there is no digest SHA-0");
        assertThatThrownBy(() -> Digests.hmac("HmacSHA0", KEY)).hasMessage("there is no MAC HmacSHA0 with such a key");
        assertThatThrownBy(() -> Digests.hmac("HmacSHA256", NONE)).isInstanceOf(IllegalArgumentException.class);
    }
}
