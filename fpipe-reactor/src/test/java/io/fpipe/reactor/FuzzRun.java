/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

/**
 * Runs one decoder on valid, damaged and random input. Finds any exception but the documented ones, valid input that is
 * refused, an element above the limit, more elements than the input explains (8 a byte, and as many as the limit), a
 * message that neither ends nor fails, and a codec that does not return. A finding names the seed with which it is the
 * first execution.
 *
 * @param name the decoder's name
 * @param limit what an element may be at most
 * @param decode gives the size of each element that is decoded
 * @param valid the input that is not refused, and that is damaged
 */
record FuzzRun(String name, long limit, Function<Flux<ByteBuffer>, Flux<Integer>> decode, List<byte[]> valid) {

    static final int LONGEST_INPUT = 8 << 10;

    /** Far above what one execution takes: more means that a codec does not return. */
    private static final Duration GRACE = Duration.ofMinutes(2);

    /** What formats give a meaning to. */
    private static final byte[] TELLING = {0, 1, -1, 127, -128, '\r', '\n', '=', '|', 0x5f, (byte) 0x9f, (byte) 0xbf};

    /** The size of a message after each of its buffers. */
    static Flux<Integer> totals(Flux<ByteBuffer> message) {
        return Flux.defer(() -> {
            AtomicInteger total = new AtomicInteger();
            return message.map(buffer -> total.addAndGet(buffer.remaining()));
        });
    }

    /** Executes until the time is over or the number is reached, and returns the number of executions. */
    long execute(long firstSeed, Duration time, long most) {
        AtomicLong done = new AtomicLong();
        long end = System.nanoTime() + time.toNanos();
        FutureTask<Long> task = new FutureTask<>(() -> {
            while (done.get() < most && System.nanoTime() - end < 0) {
                execute(firstSeed + done.get());
                done.incrementAndGet();
            }
            return done.get();
        });
        Thread thread = new Thread(task, "fuzz " + name);
        thread.setDaemon(true); // a codec that does not return cannot be stopped
        thread.start();
        try {
            return task.get(time.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException ex) {
            throw new AssertionError(name + " does not return with -Dfuzz.seed=" + (firstSeed + done.get()), ex);
        } catch (ExecutionException ex) {
            throw new AssertionError(ex.getCause().getMessage(), ex.getCause());
        } catch (InterruptedException ex) {
            throw new AssertionError("interrupted", ex);
        }
    }

    private void execute(long seed) {
        SplittableRandom random = new SplittableRandom(seed); // unlike Random, unalike for seeds that are alike
        boolean intact = random.nextInt(8) == 0;
        byte[] input = intact ? any(random) : random.nextInt(8) == 0 ? noise(random, 200) : damage(any(random), random);
        List<ByteBuffer> buffers = cut(input, random);
        long cancelAfter = !intact && random.nextInt(8) == 0 ? 1 + random.nextInt(20) : Long.MAX_VALUE;
        Sink sink = new Sink(limit, 64 + 8L * input.length + limit, cancelAfter, random.nextBoolean());
        Throwable thrown = null;
        try {
            decode.apply(Flux.fromIterable(buffers)).subscribe(sink);
        } catch (Throwable ex) { // whatever it is, it is a finding
            thrown = ex;
        }
        String finding = thrown != null ? "threw " + thrown : sink.finding(intact);
        if (finding != null) {
            throw new AssertionError(
                    name + ": " + finding + " (-Dfuzz.seed=" + seed + ", input 0x"
                            + HexFormat.of().formatHex(input) + " cut into "
                            + buffers.stream().map(ByteBuffer::remaining).toList() + ")",
                    thrown != null ? thrown : sink.error);
        }
    }

    private byte[] any(SplittableRandom random) {
        return valid.get(random.nextInt(valid.size()));
    }

    private static byte[] noise(SplittableRandom random, int longest) {
        byte[] bytes = new byte[random.nextInt(longest + 1)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Makes one to four changes, each at a random place. */
    private byte[] damage(byte[] base, SplittableRandom random) {
        byte[] bytes = base;
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            int at = random.nextInt(bytes.length + 1);
            int to = at + random.nextInt(Math.min(64, bytes.length - at) + 1);
            byte[] other = any(random);
            bytes = switch (random.nextInt(8)) {
                case 0 -> join(bytes, at, new byte[0], bytes.length);
                case 1 -> join(bytes, at, new byte[0], to);
                case 2 -> join(bytes, to, Arrays.copyOfRange(bytes, at, to), to);
                case 3 -> join(bytes, at, noise(random, 8), to);
                case 4 ->
                    join(bytes, at, Arrays.copyOfRange(other, random.nextInt(other.length + 1), other.length), to);
                case 5 -> join(bytes, at, new byte[] {TELLING[random.nextInt(TELLING.length)]}, at + 1);
                default -> flip(bytes, at, random.nextInt(8));
            };
        }
        return bytes;
    }

    /** The bytes before one place, something in between, and the bytes from another place on. */
    private static byte[] join(byte[] bytes, int before, byte[] between, int from) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        joined.write(bytes, 0, before);
        joined.writeBytes(between);
        joined.write(bytes, Math.min(from, bytes.length), Math.max(0, bytes.length - from));
        return Arrays.copyOf(joined.toByteArray(), Math.min(LONGEST_INPUT, joined.size()));
    }

    private static byte[] flip(byte[] bytes, int at, int bit) {
        return at == bytes.length ? bytes : join(bytes, at, new byte[] {(byte) (bytes[at] ^ 1 << bit)}, at + 1);
    }

    /** Cuts into one piece, single bytes or random lengths; those may be 0. */
    private static List<ByteBuffer> cut(byte[] input, SplittableRandom random) {
        int kind = random.nextInt(4);
        List<ByteBuffer> buffers = new ArrayList<>();
        int offset = 0;
        while (offset < input.length) {
            int length = switch (kind) {
                case 0 -> input.length;
                case 1 -> 1;
                case 2 -> random.nextInt(17);
                default -> random.nextInt(301);
            };
            length = Math.min(length, input.length - offset);
            buffers.add(ByteBuffer.wrap(input, offset, length).slice().asReadOnlyBuffer());
            offset += length;
        }
        return buffers;
    }

    /** Everything happens in the thread that subscribes, so the outcome is known when subscribe has returned. */
    private static final class Sink extends BaseSubscriber<Integer> {

        private final long limit;
        private final long most;
        private final long cancelAfter;
        private final boolean oneByOne;

        private long elements;
        private boolean ended;
        private Throwable error;
        private String wrong;

        Sink(long limit, long most, long cancelAfter, boolean oneByOne) {
            this.limit = limit;
            this.most = most;
            this.cancelAfter = cancelAfter;
            this.oneByOne = oneByOne;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            request(oneByOne ? 1 : Long.MAX_VALUE);
        }

        @Override
        protected void hookOnNext(Integer size) {
            elements++;
            if (size > limit) {
                stop("an element of " + size + ", above the limit of " + limit);
            } else if (elements > most) {
                stop("more than " + most + " elements for the input");
            } else if (elements == cancelAfter) {
                stop(null);
            } else if (oneByOne) {
                request(1);
            }
        }

        private void stop(String what) {
            wrong = what;
            ended = true;
            cancel();
        }

        @Override
        protected void hookOnComplete() {
            ended = true;
        }

        @Override
        protected void hookOnError(Throwable ex) {
            ended = true;
            error = ex;
        }

        String finding(boolean intact) {
            if (wrong != null) {
                return wrong;
            } else if (!ended) {
                return "neither ended nor failed";
            } else if (error == null) {
                return null;
            }
            boolean documented = error instanceof CorruptStreamException
                    || error instanceof LimitExceededException
                    || error instanceof UnroutedMessageException;
            if (!documented || error.getMessage() == null) {
                return "failed with " + error;
            }
            return intact ? "valid input was refused: " + error : null;
        }
    }
}
