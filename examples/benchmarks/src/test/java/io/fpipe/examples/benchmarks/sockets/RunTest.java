/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class RunTest {

    @Test
    void tellsCountAndChecksumOfWhatHasArrived() throws Exception {
        Run run = new Run(64, 3, () -> {});
        run.go();
        for (int i = 0; i < 3; i++) {
            run.arrived(run.message(i));
        }
        assertThat(run.await()).startsWith("arrived 3 " + Run.checksum(3) + " ");
        assertThat(run.sourceThread()).isEqualTo(Thread.currentThread().getName());
    }

    @Test
    void failsWhenAMessageIsMissing() {
        Run run = new Run(64, 3, () -> {});
        run.go();
        run.arrived(run.message(0));
        run.arrived(run.message(2));
        assertThatThrownBy(run::await)
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("expected message 1 of 64 bytes, got 64 bytes with 2 and -3 at the ends");
    }

    @Test
    void failsWhenTheEndOfAMessageIsWrong() {
        Run run = new Run(64, 1, () -> {});
        byte[] message = run.message(0);
        message[63] = 0;
        run.arrived(message);
        assertThatThrownBy(run::await).hasMessageContaining("expected message 0 of 64 bytes");
    }

    @Test
    void failsWhenAMessageIsTooShort() {
        Run run = new Run(64, 1, () -> {});
        run.arrived(new byte[63]);
        assertThatThrownBy(run::await).hasMessageContaining("got 63 bytes");
    }

    @Test
    void tellsWhenTheFirstMessageHasArrived() {
        int[] told = {0};
        Run run = new Run(64, 3, () -> told[0]++);
        run.go();
        run.arrived(run.message(0));
        run.arrived(run.message(1));
        assertThat(told[0]).isOne();
    }
}
