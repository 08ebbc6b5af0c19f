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
import java.util.stream.BaseStream;
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

    /** Lets go of what the frame reads from, when it is left before its end. */
    void close() {}

    /** Writes the head of a container and returns its frame; null if the value is not a container. */
    static @Nullable CborFrame open(Object value, CborChunk chunk, CborOptions options) {
        if (value instanceof Record && !(value instanceof CborTag) && !(value instanceof CborSimple)) {
            CborRecord record = CborRecord.of(value.getClass());
            chunk.putHead(CborMajor.MAP, record.size());
            return new CborRecordFrame(value, record, options.deterministic);
        } else if (value instanceof List<?> list && value instanceof RandomAccess) {
            chunk.putHead(CborMajor.ARRAY, list.size());
            return new ListFrame(list);
        } else if (value instanceof Map<?, ?> map) {
            chunk.putHead(CborMajor.MAP, map.size());
            return options.deterministic ? new CborSortedMap(map, options) : new MapFrame(map);
        } else if (value instanceof Collection<?> collection) {
            chunk.putHead(CborMajor.ARRAY, collection.size());
            return new IteratorFrame(collection.iterator(), collection.size(), null);
        } else if (value instanceof Object[] array) {
            chunk.putHead(CborMajor.ARRAY, array.length);
            return new ListFrame(Arrays.asList(array));
        } else if (value.getClass().isArray()) {
            return primitives(value, chunk, options);
        }
        return options.deterministic ? null : openUnsized(value, chunk);
    }

    private static @Nullable CborFrame primitives(Object value, CborChunk chunk, CborOptions options) {
        if (options.typedArrays) {
            CborFrame frame = CborTypedArray.of(value);
            if (frame != null) {
                return frame;
            }
        }
        CborPrimitives frame = CborPrimitives.of(value);
        if (frame != null) {
            chunk.putHead(CborMajor.ARRAY, frame.length());
        }
        return frame;
    }

    private static @Nullable CborFrame openUnsized(Object value, CborChunk chunk) {
        IteratorFrame frame;
        if (value instanceof Iterable<?> iterable) {
            frame = new IteratorFrame(iterable.iterator(), -1, null);
        } else if (value instanceof Iterator<?> iterator) {
            frame = new IteratorFrame(iterator, -1, null);
        } else if (value instanceof BaseStream<?, ?> stream) {
            frame = new IteratorFrame(stream.iterator(), -1, stream);
        } else {
            return null;
        }
        chunk.put(CborMajor.INDEFINITE_ARRAY);
        return frame;
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
        private final @Nullable BaseStream<?, ?> stream;
        private long written;

        IteratorFrame(Iterator<?> iterator, int announced, @Nullable BaseStream<?, ?> stream) {
            this.iterator = iterator;
            this.announced = announced;
            this.stream = stream;
        }

        @Override
        void close() {
            if (stream != null) {
                stream.close();
            }
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
                close();
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
}
