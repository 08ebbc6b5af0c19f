/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fpipe.reactor.BufferFunction;
import io.fpipe.reactor.FpipeCond;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Stage;
import io.fpipe.reactor.frame.Digests;
import io.fpipe.reactor.test.StageCheck;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** The cipher of docs/stages.md. */
class CipherDocTest {

    record Ciphering(Cipher cipher) implements BufferFunction {
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

    static Stage cipher(int mode, SecretKey key, byte[] iv) {
        return Stage.mapBuffers(() -> {
            try {
                Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding");
                cipher.init(mode, key, new IvParameterSpec(iv));
                return new Ciphering(cipher);
            } catch (GeneralSecurityException ex) {
                throw new IllegalStateException("there is no AES in counter mode for this key", ex);
            }
        });
    }

    static Stage encrypt(SecretKey key) {
        return Stage.of(bytes -> Flux.defer(() -> {
            byte[] iv = new byte[16];
            new SecureRandom().nextBytes(iv); // for each message, never twice with one key
            return cipher(Cipher.ENCRYPT_MODE, key, iv)
                    .then(Prefixes.prepend(iv))
                    .apply(bytes);
        }));
    }

    static Stage decrypt(SecretKey key) {
        return FpipeCond.header(16, head -> {
            byte[] iv = new byte[16];
            head.get(iv);
            return cipher(Cipher.DECRYPT_MODE, key, iv);
        });
    }

    @Test
    void decryptsWhatWasEncrypted() {
        SecretKey key = new SecretKeySpec(new byte[16], "AES");
        byte[] macKey = new byte[32];

        Stage outbound = encrypt(key).then(Digests.hmac("HmacSHA256", macKey).append());
        Stage inbound = Digests.hmac("HmacSHA256", macKey).verify().then(decrypt(key));

        StageCheck.roundTrip(outbound, inbound, new byte[0], "a text of more than one block".getBytes(UTF_8))
                .verify();
    }
}
