/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fpipe.reactor.Transcoder;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Each rule of a transcoder is broken once, by its driver or by itself, and the probe says so. */
class TranscoderProbeTest {

    /** Passes each buffer on. */
    static class Copy implements Transcoder<ByteBuffer, ByteBuffer> {
        ByteBuffer pending;
        boolean ended;

        @Override
        public void feed(ByteBuffer input) {
            pending = input.hasRemaining() ? input : null;
        }

        @Override
        public void end() {
            ended = true;
        }

        @Override
        public ByteBuffer poll() {
            ByteBuffer output = pending;
            pending = null;
            return output;
        }

        @Override
        public boolean isFinished() {
            return ended && pending == null;
        }
    }

    private interface Use {
        void of(Transcoder<ByteBuffer, ByteBuffer> transcoder) throws Exception;
    }

    private static void assertFound(Use use, String problem) throws Exception {
        TranscoderProbe<ByteBuffer, ByteBuffer> probe = TranscoderProbe.of(Copy::new);
        use.of(probe.get());
        assertThatThrownBy(probe::verify).isInstanceOf(AssertionError.class).hasMessageContaining(problem);
        assertThatCode(probe::verify).as("forgets what it has told").doesNotThrowAnyException();
    }

    @Test
    void acceptsAnOrderlyUse() throws Exception {
        TranscoderProbe<ByteBuffer, ByteBuffer> probe = TranscoderProbe.of(Copy::new);
        Transcoder<ByteBuffer, ByteBuffer> transcoder = probe.get();
        ByteBuffer input = ByteBuffer.allocate(1);
        assertThat(transcoder.poll()).isNull();
        transcoder.feed(input);
        assertThat(transcoder.poll()).isSameAs(input);
        assertThat(transcoder.poll()).isNull();
        transcoder.end();
        assertThat(transcoder.isFinished()).isTrue();
        assertThat(transcoder.poll()).isNull();
        transcoder.close();
        assertThat(probe.opened()).isEqualTo(1);
        assertThat(probe.closed()).isEqualTo(1);
        probe.verify();
        assertThat(probe.opened()).isZero();
    }

    @Test
    void findsAWrongDriver() throws Exception {
        ByteBuffer one = ByteBuffer.allocate(1);
        assertFound(
                t -> {
                    t.feed(one);
                    t.feed(one);
                    t.close();
                },
                "feed was called before poll() returned null");
        assertFound(
                t -> {
                    t.end();
                    t.feed(one);
                    t.close();
                },
                "feed was called after end()");
        assertFound(
                t -> {
                    t.end();
                    t.end();
                    t.close();
                },
                "end was called twice");
        assertFound(
                t -> {
                    t.isFinished();
                    t.close();
                },
                "isFinished was called before end()");
        assertFound(
                t -> {
                    t.close();
                    t.poll();
                },
                "poll was called after close()");
        assertFound(t -> {}, "the transcoder was closed 0 times");
        assertFound(
                t -> {
                    t.close();
                    t.close();
                },
                "close was called after close()");
    }

    @Test
    void findsACallInsideACall() throws Exception {
        class Inside extends Copy {
            Transcoder<ByteBuffer, ByteBuffer> outside;

            @Override
            public ByteBuffer poll() {
                outside.close();
                return super.poll();
            }
        }
        Inside inside = new Inside();
        TranscoderProbe<ByteBuffer, ByteBuffer> probe = TranscoderProbe.of(() -> inside);
        inside.outside = probe.get();
        inside.outside.poll();
        assertThatThrownBy(probe::verify).hasMessageContaining("close was called while another call was running");
    }

    private static void assertFoundByCheck(Supplier<Copy> broken, String problem) {
        byte[] bytes = {1, 2, 3};
        assertThatThrownBy(() -> StageCheck.transcoder(broken)
                        .sample(bytes, bytes)
                        .timeout(Duration.ofMillis(300))
                        .verify())
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(problem);
    }

    @Test
    void theCheckUsesIt() {
        byte[] bytes = {1, 2, 3};
        StageCheck.transcoder(Copy::new)
                .sample(bytes, bytes)
                .completesWithLast()
                .verify();
        assertFoundByCheck(
                () -> new Copy() {
                    @Override
                    public void feed(ByteBuffer input) {
                        pending = input;
                    }
                },
                "poll() gave an empty buffer");
    }

    @Test
    void findsAnEarlyFinish() throws Exception {
        class Early extends Copy {
            @Override
            public boolean isFinished() {
                return ended;
            }
        }
        TranscoderProbe<ByteBuffer, ByteBuffer> probe = TranscoderProbe.of(Early::new);
        Transcoder<ByteBuffer, ByteBuffer> transcoder = probe.get();
        transcoder.feed(ByteBuffer.allocate(1));
        transcoder.end();
        transcoder.isFinished();
        transcoder.poll();
        transcoder.close();
        assertThatThrownBy(probe::verify).hasMessageContaining("poll() gave output after isFinished() was true");
    }

    @Test
    void findsAFlushAtTheWrongTime() throws Exception {
        TranscoderProbe<ByteBuffer, ByteBuffer> probe = TranscoderProbe.of(Copy::new);
        Transcoder<ByteBuffer, ByteBuffer> undrained = probe.get();
        undrained.feed(ByteBuffer.allocate(1));
        undrained.flush();
        undrained.close();
        assertThatThrownBy(probe::verify).hasMessageContaining("flush was called before poll() returned null");
        Transcoder<ByteBuffer, ByteBuffer> ended = probe.get();
        ended.end();
        ended.flush();
        ended.close();
        assertThatThrownBy(probe::verify).hasMessageContaining("flush was called after end()");
    }
}
