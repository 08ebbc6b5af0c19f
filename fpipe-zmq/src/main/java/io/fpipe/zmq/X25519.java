/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.SecureRandom;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import javax.crypto.KeyAgreement;

/** The arithmetic of CURVE's keys (RFC 7748), by the JDK. */
final class X25519 {

    static final int KEY_BYTES = 32;

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final byte[] BASE = new byte[KEY_BYTES];

    static {
        BASE[0] = 9;
    }

    private X25519() {}

    static byte[] randomSecret() {
        byte[] secret = new byte[KEY_BYTES];
        RANDOM.nextBytes(secret);
        return secret;
    }

    static byte[] publicKey(byte[] secret) {
        try {
            return multiply(secret, BASE);
        } catch (InvalidKeyException ex) {
            throw new IllegalStateException(ex); // the base is a good point
        }
    }

    /** Whether anybody can tell what two ends that use this public key agree on: it is a point of small order. */
    static boolean isWeak(byte[] publicKey) {
        try {
            multiply(randomSecret(), publicKey);
            return false;
        } catch (InvalidKeyException ex) {
            return true;
        }
    }

    private static byte[] multiply(byte[] secret, byte[] point) throws InvalidKeyException {
        byte[] bigEndian = new byte[KEY_BYTES];
        for (int i = 0; i < KEY_BYTES; i++) {
            bigEndian[i] = point[KEY_BYTES - 1 - i];
        }
        bigEndian[0] &= 0x7f; // RFC 7748, 5: the highest bit does not count
        try {
            KeyFactory keys = KeyFactory.getInstance("X25519");
            KeyAgreement agreement = KeyAgreement.getInstance("X25519");
            agreement.init(keys.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, secret)));
            agreement.doPhase(
                    keys.generatePublic(new XECPublicKeySpec(NamedParameterSpec.X25519, new BigInteger(1, bigEndian))),
                    true);
            return agreement.generateSecret();
        } catch (InvalidKeyException ex) {
            throw ex;
        } catch (GeneralSecurityException ex) {
            throw new IllegalStateException("this Java has no X25519", ex);
        }
    }
}
