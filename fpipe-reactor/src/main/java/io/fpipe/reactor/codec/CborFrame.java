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
import org.reactivestreams.Publisher;

/** An array or map that is being written: how far it has come. The head is written when the frame is opened. */
abstract class CborFrame {

    /** Found once for a class: to ask each value for its interfaces is slow. */
    private static final ClassValue<Opener> OPENERS = new ClassValue<>() {
        @Override
        protected Opener computeValue(Class<?> type) {
            return opener(type);
        }
    };

    /** Writes the head of a value and makes its frame; null if the value is not a container. */
    private interface Opener {
        @Nullable
        CborFrame open(Object value, CborEncoder encoder);
    }

    /** The class of the values that the frame may be used for once more, after it was closed; null if it may not. */
    final @Nullable Class<?> type;

    CborFrame() {
        this(null);
    }

    CborFrame(@Nullable Class<?> type) {
        this.type = type;
    }

    /** Begins a value, of the frame's type, and writes its head. */
    void begin(Object value, CborEncoder encoder) {
        throw new IllegalStateException("the frame has no type");
    }

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
    static @Nullable CborFrame open(Object value, CborEncoder encoder) {
        return OPENERS.get(value.getClass()).open(value, encoder);
    }

    private static Opener opener(Class<?> type) {
        if (type.isRecord() && type != CborTag.class && type != CborSimple.class) {
            CborRecord record = CborRecord.of(type);
            return (value, encoder) -> new CborRecordFrame(value, record, encoder);
        } else if (List.class.isAssignableFrom(type) && RandomAccess.class.isAssignableFrom(type)) {
            return (value, encoder) -> new CborListFrame(type, (List<?>) value, encoder);
        } else if (Map.class.isAssignableFrom(type)) {
            return (value, encoder) -> {
                Map<?, ?> map = (Map<?, ?>) value;
                encoder.chunk().putHead(CborMajor.MAP, map.size());
                return encoder.options().deterministic ? new CborSortedMap(map, encoder.options()) : new MapFrame(map);
            };
        } else if (Collection.class.isAssignableFrom(type)) {
            return (value, encoder) -> {
                Collection<?> collection = (Collection<?>) value;
                encoder.chunk().putHead(CborMajor.ARRAY, collection.size());
                return new IteratorFrame(collection.iterator(), collection.size(), null);
            };
        } else if (Object[].class.isAssignableFrom(type)) {
            return (value, encoder) -> new CborListFrame(null, Arrays.asList((Object[]) value), encoder);
        } else if (type.isArray()) {
            return CborFrame::primitives;
        }
        return (value, encoder) -> encoder.options().deterministic ? null : openUnsized(value, encoder.chunk());
    }

    private static @Nullable CborFrame primitives(Object value, CborEncoder encoder) {
        if (encoder.options().typedArrays) {
            CborFrame frame = CborTypedArray.of(value);
            if (frame != null) {
                return frame;
            }
        }
        CborPrimitives frame = CborPrimitives.of(value);
        if (frame != null) {
            encoder.chunk().putHead(CborMajor.ARRAY, frame.length());
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

    /** Says why a value that has no known size is refused; nothing of any other. */
    static String noSize(Object value) {
        boolean unsized = value instanceof Iterable
                || value instanceof Iterator
                || value instanceof BaseStream
                || value instanceof Publisher;
        return unsized ? ", whose size is not known, as deterministic encoding demands," : "";
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
