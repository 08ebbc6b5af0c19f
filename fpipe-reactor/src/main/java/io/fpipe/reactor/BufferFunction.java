/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The simplest codec of one message: one buffer in, one or none out, and perhaps a tail at the end. It is used by one
 * thread at a time; {@link Stage#mapBuffers} makes a stage of it.
 *
 * <pre>{@code
 * record Encrypting(Cipher cipher) implements BufferFunction {
 *     public ByteBuffer apply(ByteBuffer input) throws GeneralSecurityException {
 *         ByteBuffer output = ByteBuffer.allocate(cipher.getOutputSize(input.remaining()));
 *         cipher.update(input.duplicate(), output);
 *         return output.flip();
 *     }
 *     public ByteBuffer end() throws GeneralSecurityException {
 *         return ByteBuffer.wrap(cipher.doFinal());
 *     }
 * }
 * Stage encrypt = Stage.mapBuffers(() -> new Encrypting(newCipher()));
 * }</pre>
 *
 * <p>A supplier cannot throw checked exceptions: {@code newCipher()} wraps what {@code Cipher.getInstance} and
 * {@code init} declare. It makes a new initialization vector for each message, which has to travel with it. Do not
 * decrypt AES-GCM so: the JDK's cipher keeps the whole message in memory until {@code doFinal} has checked it.
 */
@FunctionalInterface
public interface BufferFunction extends AutoCloseable {

    /**
     * Takes the next buffer of the message, which is borrowed: read it through {@code duplicate()}.
     *
     * @param input the buffer, never an empty one
     * @return what comes of it, frozen from now on, perhaps the input itself; null or empty for nothing
     * @throws Exception if the input is not what the format allows; the message fails with it
     */
    @Nullable
    ByteBuffer apply(ByteBuffer input) throws Exception;

    /**
     * Ends the message. Called once, after the last buffer.
     *
     * @return what is left to emit; null or empty for nothing
     * @throws Exception if the message must not end here; it fails with it
     */
    default @Nullable ByteBuffer end() throws Exception {
        return null;
    }

    /** Frees what the function holds. Called exactly once, on any outcome, and last. */
    @Override
    default void close() {}
}
