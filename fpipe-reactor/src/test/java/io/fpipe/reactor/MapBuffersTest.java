/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class MapBuffersTest {

    private static final byte[] NONE = {};

    /** The ten lines that the Javadoc shows. */
    private record Crypting(Cipher cipher) implements BufferFunction {
        @Override
        public ByteBuffer apply(ByteBuffer input) throws GeneralSecurityException {
            ByteBuffer output = ByteBuffer.allocate(cipher.getOutputSize(input.remaining()));
            cipher.update(input.duplicate(), output);
            return output.flip();
        }

        @Override
        public ByteBuffer end() throws GeneralSecurityException {
            return ByteBuffer.wrap(cipher.doFinal());
        }
    }

    private static Stage crypt(String transformation, int mode) {
        return Stage.mapBuffers(() -> {
            try {
                Cipher cipher = Cipher.getInstance(transformation);
                cipher.init(mode, new SecretKeySpec(new byte[16], "AES"), new IvParameterSpec(new byte[16]));
                return new Crypting(cipher);
            } catch (GeneralSecurityException ex) {
                throw new IllegalStateException(ex);
            }
        });
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static byte[] cipher(String transformation, byte[] plain) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance(transformation);
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(new byte[16], "AES"), new IvParameterSpec(new byte[16]));
        return cipher.doFinal(plain);
    }

    @Test
    void encryptsAndDecrypts() throws GeneralSecurityException {
        for (String transformation : new String[] {"AES/CTR/NoPadding", "AES/CBC/PKCS5Padding"}) { // without, with tail
            Stage encrypt = crypt(transformation, Cipher.ENCRYPT_MODE);
            StageCheck<byte[], byte[]> check = StageCheck.stage(encrypt);
            for (int length : new int[] {0, 1, 15, 16, 17, 100}) {
                check = check.sample(bytes(length), cipher(transformation, bytes(length)));
            }
            check.completesWithLast().verify();
            StageCheck.roundTrip(
                            encrypt, crypt(transformation, Cipher.DECRYPT_MODE), NONE, bytes(1), bytes(33), bytes(3000))
                    .completesWithLast()
                    .verify();
        }
    }

    @Test
    void failsWithWhatTheFunctionThrows() {
        StageCheck.stage(crypt("AES/CBC/PKCS5Padding", Cipher.DECRYPT_MODE))
                .invalid(bytes(15), GeneralSecurityException.class)
                .verify();
        StageCheck.stage(Stage.mapBuffers(() -> input -> {
                    throw new IllegalStateException("at " + input.get(0));
                }))
                .invalid(bytes(3), IllegalStateException.class)
                .sample(NONE, NONE)
                .verify();
        Stage noFunction = Stage.mapBuffers(() -> {
            throw new IllegalStateException("factory");
        });
        StepVerifier.create(noFunction.apply(Flux.never())).verifyErrorMessage("factory");
    }

    @Test
    void mayGiveNothingForABufferAndATailForNone() {
        StageCheck.transcoder(() -> new MappingBuffers(new BufferFunction() {
                    private int sum;

                    @Override
                    public @Nullable ByteBuffer apply(ByteBuffer input) {
                        for (int i = input.position(); i < input.limit(); i++) {
                            sum += input.get(i);
                        }
                        return sum % 2 == 0 ? null : ByteBuffer.allocate(0);
                    }

                    @Override
                    public ByteBuffer end() {
                        return ByteBuffer.wrap(new byte[] {(byte) sum});
                    }
                }))
                .sample(new byte[] {1, 2, 3}, new byte[] {6})
                .sample(NONE, new byte[] {0})
                .completesWithLast()
                .verify();
    }

    @Test
    void aTailDoesNotOvertakeTheOutput() throws Exception {
        MappingBuffers transcoder = new MappingBuffers(new BufferFunction() {
            @Override
            public ByteBuffer apply(ByteBuffer input) {
                return input;
            }

            @Override
            public ByteBuffer end() {
                throw new IllegalStateException("the end is wrong");
            }
        });
        ByteBuffer input = ByteBuffer.allocate(1);
        transcoder.feed(input);
        transcoder.end();
        assertThat(transcoder.isFinished()).isFalse();
        assertThat(transcoder.poll()).isSameAs(input);
        assertThatThrownBy(transcoder::poll).hasMessage("the end is wrong");
    }

    @Test
    void closesTheFunctionOnce() {
        AtomicInteger closed = new AtomicInteger();
        Stage stage = Stage.mapBuffers(() -> new BufferFunction() {
            @Override
            public ByteBuffer apply(ByteBuffer input) {
                return input;
            }

            @Override
            public void close() {
                closed.incrementAndGet();
            }
        });
        StepVerifier.create(stage.apply(Chunks.of(bytes(1), bytes(2))), 1)
                .expectNextCount(1)
                .thenCancel()
                .verify();
        assertThat(closed).hasValue(1);
        StepVerifier.create(stage.apply(Flux.error(new IllegalStateException("source"))))
                .verifyErrorMessage("source");
        assertThat(closed).hasValue(2);
        StepVerifier.create(stage.apply(Flux.empty())).verifyComplete();
        assertThat(closed).hasValue(3);
    }
}
