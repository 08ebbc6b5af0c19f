/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The keys of one end of a connection that is secured with CURVE (https://rfc.zeromq.org/spec/26/): who has the secret one
 * is who the public one stands for. A key is 32 bytes, as text 40 characters of Z85 (https://rfc.zeromq.org/spec/32/).
 *
 * <pre>{@code
 * ZmqKeyPair.generate().write(Path.of("keys"), "server");     // once
 * ZmqKeyPair keys = ZmqKeyPair.read(Path.of("keys/server.key_secret"));
 * }</pre>
 *
 * <p>The files are those of CZMQ and of pyzmq ({@code zmq.auth}).
 */
public final class ZmqKeyPair {

    private final byte[] publicKey;
    private final byte[] secretKey;

    private ZmqKeyPair(byte[] publicKey, byte[] secretKey) {
        this.publicKey = publicKey;
        this.secretKey = secretKey;
    }

    /**
     * Makes a new pair, of {@link java.security.SecureRandom}.
     *
     * @return the pair
     */
    public static ZmqKeyPair generate() {
        byte[] secret = X25519.randomSecret();
        return new ZmqKeyPair(X25519.publicKey(secret), secret);
    }

    /**
     * Returns the pair of two keys, for those that are not kept in files of their own.
     *
     * @param publicKey the public key, 40 characters of Z85
     * @param secretKey the secret key, 40 characters of Z85
     * @return the pair
     * @throws IllegalArgumentException if one of the two is no key, or they do not belong together
     */
    public static ZmqKeyPair of(String publicKey, String secretKey) {
        return of("the ", publicKey, secretKey);
    }

    private static ZmqKeyPair of(String where, String publicKey, String secretKey) {
        byte[] shown = checkPublicKey(where + KeyFile.PUBLIC, publicKey);
        byte[] secret = Z85.decode(where + KeyFile.SECRET, secretKey, X25519.KEY_BYTES);
        if (!Arrays.equals(shown, X25519.publicKey(secret))) {
            throw new IllegalArgumentException(
                    where + KeyFile.PUBLIC + " and " + KeyFile.SECRET + " do not belong together");
        }
        return new ZmqKeyPair(shown, secret);
    }

    /** Decodes a public key; one of those with which nothing would be secret is refused. */
    static byte[] checkPublicKey(String what, String publicKey) {
        byte[] key = Z85.decode(what, publicKey, X25519.KEY_BYTES);
        if (X25519.isWeak(key)) {
            throw new IllegalArgumentException(what + " is a key that protects nothing (a point of small order)");
        }
        return key;
    }

    /**
     * Reads a pair from a file, usually called {@code NAME.key_secret}.
     *
     * @param file the file, with both keys
     * @return the pair
     * @throws IllegalArgumentException if the file has no such keys, telling what is wrong with it
     * @throws UncheckedIOException if the file cannot be read
     */
    public static ZmqKeyPair read(Path file) {
        KeyFile keys = KeyFile.read(file);
        return of(file + ": ", keys.get(KeyFile.PUBLIC), keys.get(KeyFile.SECRET));
    }

    /**
     * Reads a public key from a file, usually called {@code NAME.key}; one with both keys will do.
     *
     * @param file the file
     * @return the key, 40 characters of Z85
     * @throws IllegalArgumentException if the file has no such key, telling what is wrong with it
     * @throws UncheckedIOException if the file cannot be read
     */
    public static String readPublicKey(Path file) {
        String key = KeyFile.read(file).get(KeyFile.PUBLIC);
        checkPublicKey(file + ": " + KeyFile.PUBLIC, key);
        return key;
    }

    /**
     * Writes two files that are not there yet: {@code NAME.key} with the public key, to be given to peers, and
     * {@code NAME.key_secret} with both, which only its owner may read where the file system has permissions.
     *
     * @param folder where to write them; it is made if it is not there
     * @param name how their names begin
     * @throws UncheckedIOException if they cannot be written, or one of them is there already; then neither is changed
     */
    public void write(Path folder, String name) {
        requireNonNull(name, "name");
        Path open = folder.resolve(name + ".key");
        Path secret = folder.resolve(name + ".key_secret");
        try {
            Files.createDirectories(folder);
            KeyFile.create(secret, KeyFile.text(publicKey(), Z85.encode(secretKey)), true);
            try {
                KeyFile.create(open, KeyFile.text(publicKey(), ""), false);
            } catch (IOException ex) {
                Files.delete(secret);
                throw ex;
            }
        } catch (IOException ex) {
            throw new UncheckedIOException("cannot write the keys \"" + name + "\" into " + folder + ": " + ex, ex);
        }
    }

    /**
     * Returns the public key.
     *
     * @return the key, 40 characters of Z85
     */
    public String publicKey() {
        return Z85.encode(publicKey);
    }

    byte[] publicBytes() {
        return publicKey.clone();
    }

    byte[] secretBytes() {
        return secretKey.clone();
    }

    /** Without the secret key, for it may end up in a log. */
    @Override
    public String toString() {
        return "ZmqKeyPair[publicKey=" + publicKey() + "]";
    }
}
