/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/** An array or map that is being written: how far it has come. The head is written when the frame is opened. */
abstract class CborFrame {

    /**
     * Writes elements until the chunk is full, an element has to be written first that does not fit at once, or the
     * last one is written; then it leaves the encoder's stack.
     */
    abstract void fill(CborEncoder encoder);

    /** Appends the place of the current element, for messages. */
    abstract void appendPlace(CborPath path);

    /** Writes the head of a container and returns its frame; null if the value is not a container. */
    static @Nullable CborFrame open(Object value, CborChunk chunk) {
        if (value instanceof Record) {
            CborRecord record = CborRecord.of(value.getClass());
            chunk.putHead(CborMajor.MAP, record.size());
            return new CborRecordFrame(value, record);
        } else if (value instanceof List<?> list && value instanceof RandomAccess) {
            chunk.putHead(CborMajor.ARRAY, list.size());
            return new ListFrame(list);
        } else if (value instanceof Map<?, ?> map) {
            chunk.putHead(CborMajor.MAP, map.size());
            return new MapFrame(map);
        } else if (value instanceof Collection<?> collection) {
            chunk.putHead(CborMajor.ARRAY, collection.size());
            return new IteratorFrame(collection.iterator(), collection.size());
        } else if (value instanceof Iterable<?> iterable) {
            chunk.put((CborMajor.ARRAY << 5) | CborMajor.INDEFINITE);
            return new IteratorFrame(iterable.iterator(), -1);
        } else if (value instanceof Object[] array) {
            chunk.putHead(CborMajor.ARRAY, array.length);
            return new ListFrame(Arrays.asList(array));
        }
        PrimitivesFrame frame = primitives(value);
        if (frame != null) {
            chunk.putHead(CborMajor.ARRAY, frame.length);
        }
        return frame;
    }

    private static @Nullable PrimitivesFrame primitives(Object value) {
        if (value instanceof int[] a) {
            return new PrimitivesFrame(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putInt(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof long[] a) {
            return new PrimitivesFrame(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putLong(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof double[] a) {
            return new PrimitivesFrame(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putDouble(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof float[] a) {
            return new PrimitivesFrame(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putDouble(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof short[] a) {
            return new PrimitivesFrame(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    at = CborChunk.putInt(out, at, a[i]);
                }
                return at;
            });
        } else if (value instanceof boolean[] a) {
            return new PrimitivesFrame(a.length, (out, at, from, to) -> {
                for (int i = from; i < to; i++) {
                    out[at++] = (byte) (a[i] ? CborEncoder.TRUE : CborEncoder.FALSE);
                }
                return at;
            });
        }
        return null;
    }

    private static final class ListFrame extends CborFrame {

        private final List<?> list;
        private final int size;
        private int next;

        ListFrame(List<?> list) {
            this.list = list;
            this.size = list.size();
        }

        @Override
        void fill(CborEncoder encoder) {
            CborChunk chunk = encoder.chunk();
            while (next < size) {
                if (!chunk.hasRoom()) {
                    return;
                }
                Object element = list.get(next);
                if (element instanceof Integer || element instanceof Long) {
                    fillIntegers(chunk);
                    continue;
                }
                next++;
                if (!encoder.write(element)) {
                    return;
                }
            }
            encoder.closeFrame();
        }

        /** Writes a run of integers, as many as fit in any case. */
        private void fillIntegers(CborChunk chunk) {
            byte[] out = chunk.array;
            int at = chunk.position;
            int i = next;
            int end = (int) Math.min(size, i + (long) (out.length - at) / CborChunk.HEAD);
            while (i < end) {
                Object element = list.get(i);
                if (element instanceof Integer value) {
                    at = CborChunk.putInt(out, at, value);
                } else if (element instanceof Long value) {
                    at = CborChunk.putLong(out, at, value);
                } else {
                    break;
                }
                i++;
            }
            next = i;
            chunk.position = at;
        }

        @Override
        void appendPlace(CborPath path) {
            path.index(next - 1);
        }
    }

    private static final class IteratorFrame extends CborFrame {

        private final Iterator<?> iterator;
        private final int announced;
        private long written;

        IteratorFrame(Iterator<?> iterator, int announced) {
            this.iterator = iterator;
            this.announced = announced;
        }

        @Override
        void fill(CborEncoder encoder) {
            CborChunk chunk = encoder.chunk();
            while (chunk.hasRoom()) {
                if (written == announced || !iterator.hasNext()) {
                    finish(encoder);
                    return;
                }
                written++;
                if (!encoder.write(iterator.next())) {
                    return;
                }
            }
        }

        private void finish(CborEncoder encoder) {
            encoder.closeFrame();
            if (announced < 0) {
                encoder.chunk().put(CborMajor.BREAK);
            } else {
                encoder.checkCount(announced, written, iterator.hasNext());
            }
        }

        @Override
        void appendPlace(CborPath path) {
            path.index(written - 1);
        }
    }

    private static final class MapFrame extends CborFrame {

        private final Iterator<? extends Map.Entry<?, ?>> entries;
        private final int announced;
        private int written;
        private Map.@Nullable Entry<?, ?> entry;
        private boolean keyWritten;

        MapFrame(Map<?, ?> map) {
            this.entries = map.entrySet().iterator();
            this.announced = map.size();
        }

        @Override
        void fill(CborEncoder encoder) {
            CborChunk chunk = encoder.chunk();
            while (chunk.hasRoom()) {
                if (entry != null && keyWritten) {
                    keyWritten = false;
                    if (!encoder.write(entry.getValue())) {
                        return;
                    }
                } else if (written == announced || !entries.hasNext()) {
                    encoder.closeFrame();
                    encoder.checkCount(announced, written, entries.hasNext());
                    return;
                } else {
                    entry = entries.next();
                    keyWritten = true;
                    written++;
                    if (!encoder.writeKey(entry.getKey())) {
                        return;
                    }
                }
            }
        }

        @Override
        void appendPlace(CborPath path) {
            path.key(entry == null ? null : entry.getKey());
        }
    }

    /** Writes the elements of one range, without looking for room, and returns the next index of the output. */
    private interface Range {
        int put(byte[] out, int at, int from, int to);
    }

    private static final class PrimitivesFrame extends CborFrame {

        private final int length;
        private final Range range;
        private int next;

        PrimitivesFrame(int length, Range range) {
            this.length = length;
            this.range = range;
        }

        @Override
        void fill(CborEncoder encoder) {
            CborChunk chunk = encoder.chunk();
            while (next < length) {
                if (!chunk.hasRoom()) {
                    return;
                }
                int room = (chunk.array.length - chunk.position) / CborChunk.HEAD;
                int end = (int) Math.min(length, (long) next + room);
                chunk.position = range.put(chunk.array, chunk.position, next, end);
                next = end;
            }
            encoder.closeFrame();
        }

        @Override
        void appendPlace(CborPath path) {
            path.index(next);
        }
    }
}
