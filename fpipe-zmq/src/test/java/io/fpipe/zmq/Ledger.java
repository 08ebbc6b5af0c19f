/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Numbers in a file that two processes have mapped, so that they outlive a SIGKILL of who has written them. */
final class Ledger {

    private static final int SLOTS = 8;
    private static final VarHandle SLOT = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final MappedByteBuffer slots;

    Ledger(Path file) {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            slots = channel.map(FileChannel.MapMode.READ_WRITE, 0, SLOTS * Long.BYTES);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    long get(int slot) {
        return (long) SLOT.getVolatile(slots, slot * Long.BYTES);
    }

    void set(int slot, long value) {
        SLOT.setVolatile(slots, slot * Long.BYTES, value);
    }

    void increment(int slot) {
        SLOT.getAndAdd(slots, slot * Long.BYTES, 1L);
    }
}
