/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.util.context.Context;

class MetadataTest {

    private static final Metadata FULL = new Metadata("größe", 1234, Map.of("k", "v", "empty", "", "ключ", "значение"));

    @Test
    void isReadAsItWasWritten() {
        for (Metadata metadata : new Metadata[] {
            FULL,
            Metadata.NONE,
            new Metadata("r".repeat(255), -1, Map.of()),
            new Metadata("", 0, Map.of("k".repeat(255), "v".repeat(10_000)))
        }) {
            assertThat(Metadata.decode(metadata.encode())).isEqualTo(metadata);
        }
    }

    @Test
    void isAsSpecified() {
        assertThat(HexFormat.of().formatHex(Bytes.of(new Metadata("hi", 1000, Map.of("k", "vw")).encode())))
                .isEqualTo("0100026869" + "02000800000000000003e8" + "030004" + "016b" + "7677");
    }

    @Test
    void skipsWhatItDoesNotKnow() {
        byte[] bytes = HexFormat.of().parseHex("630000" + "0100026869" + "ff0003616263");
        assertThat(Metadata.decode(ByteBuffer.wrap(bytes))).isEqualTo(new Metadata("hi", -1, Map.of()));
    }

    @Test
    void isRefusedWhenItIsCutAnywhereButBetweenFields() {
        byte[] whole = HexFormat.of().parseHex("0100026869" + "02000800000000000003e8" + "030004016b7677");
        for (int length = 1; length < whole.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(whole, 0, length);
            if (length == 5 || length == 16) {
                assertThat(Metadata.decode(cut).route()).isEqualTo("hi");
            } else {
                assertThatThrownBy(() -> Metadata.decode(cut))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("at offset ");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "010000, no route",
        "01000168010001" + "69, no route",
        "020007" + "00000000000003, no deadline",
        "020008" + "8000000000000000, no deadline",
        "0200080000000000000001" + "0200080000000000000001, no deadline",
        "030000, no key",
        "03000100, no key",
        "0300020261, 2 bytes announced",
        "0300020161" + "0300020161, a key that comes twice",
        "010001ff, not UTF-8",
        "03000301" + "61ff, not UTF-8"
    })
    void isRefusedWithWhatIsWrong(String hex, String what) {
        assertThatThrownBy(() -> Metadata.decode(ByteBuffer.wrap(HexFormat.of().parseHex(hex))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(what);
    }

    @Test
    void isRefusedWhenItIsTooLong() {
        assertThatThrownBy(() -> Metadata.decode(ByteBuffer.allocate(16_385)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("16385");
    }

    @Test
    void randomBytesAreReadOrRefused() {
        Random random = new Random(5);
        byte[] good = Bytes.of(FULL.encode());
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = good.clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                Metadata read = Metadata.decode(ByteBuffer.wrap(bytes, 0, random.nextInt(bytes.length + 1)));
                assertThat(read.deadlineMillis()).isGreaterThanOrEqualTo(-1);
            } catch (IllegalArgumentException ex) {
                assertThat(ex).hasMessageContaining("metadata");
            }
        }
    }

    @Test
    void optionsAreCheckedWhenTheyAreSet() {
        CallOptions none = CallOptions.NONE;
        assertThatThrownBy(() -> none.deadline(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> none.deadline(Duration.ofDays(366))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> none.metadata("", "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> none.metadata("k".repeat(256), "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> none.metadata("k", "v".repeat(16_000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("16005 bytes");
        CallOptions full = none.metadata("k", "v".repeat(Metadata.MAX_OWN - 4 - 255 - 5));
        assertThatThrownBy(() -> full.metadata("l", "")).isInstanceOf(IllegalArgumentException.class);
        assertThat(full.metadata("k", "w").metadata()).isEqualTo(Map.of("k", "w"));
        assertThat(none.metadata()).isEmpty();
    }

    @Test
    void whatOptionsAllowAlwaysFits() {
        CallOptions full = CallOptions.NONE
                .metadata("k", "v".repeat(Metadata.MAX_OWN - 4 - 255 - 5))
                .deadline(Duration.ofDays(365));
        CallHead head = new CallHead("r".repeat(255), full, true);
        Context trace = Context.of("traceparent", "p".repeat(512), "tracestate", "s".repeat(512));
        Metadata metadata = head.metadata(head.deadline(), trace);
        assertThat(metadata.entries()).hasSize(3);
        assertThat(Metadata.decode(metadata.encode())).isEqualTo(metadata);
    }

    @Test
    void aTraceThatIsNoneDoesNotTravel() {
        Context trace = Context.of("traceparent", "p".repeat(513), "tracestate", 5, "other", "x");
        assertThat(CallHead.PLAIN.metadata(0, trace)).isEqualTo(Metadata.NONE);
    }
}
