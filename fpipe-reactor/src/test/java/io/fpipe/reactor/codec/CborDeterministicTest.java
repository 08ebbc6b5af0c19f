/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** RFC 8949, section 4.2.1. */
class CborDeterministicTest {

    private static final CborOptions DETERMINISTIC = CborOptions.DEFAULTS.deterministic(true);

    private static String encode(Object value, int chunk) {
        return hex(CborBytes.encode(DETERMINISTIC, value, chunk));
    }

    @Test
    void keysAreInTheOrderOfTheRfc() {
        Map<Object, Object> map = new HashMap<>();
        for (Object key : List.of(10, 100, -1, "z", "aa", false)) {
            map.put(key, Map.of("b", 1, "a", 2));
        }
        String inner = "a2616102616201";
        for (int chunk : new int[] {9, 10, 100, 64 << 10}) {
            assertThat(encode(map, chunk))
                    .isEqualTo("a60a" + inner + "1864" + inner + "20" + inner + "617a" + inner + "626161" + inner + "f4"
                            + inner);
        }
        assertThat(encode(Map.of(), 9)).isEqualTo("a0");
    }

    @Test
    void theOrderOfInsertionDoesNotMatter() {
        Map<Object, Object> map = new LinkedHashMap<>();
        Random random = new Random(5);
        for (int i = 0; i < 2000; i++) {
            map.put(i % 3 == 0 ? "key " + random.nextInt() : (Object) random.nextLong(), i);
        }
        map.put("k".repeat(100_000), 1);
        map.put(null, 2);
        map.put(BigInteger.TWO.pow(80), 3);
        List<Object> keys = new java.util.ArrayList<>(map.keySet());
        Collections.shuffle(keys, random);
        Map<Object, Object> shuffled = new LinkedHashMap<>();
        keys.forEach(key -> shuffled.put(key, map.get(key)));
        assertThat(encode(shuffled, 64 << 10)).isEqualTo(encode(map, 64 << 10)).isEqualTo(encode(map, 16));
        assertThat(CborBytes.decode(CborBytes.encode(DETERMINISTIC, map, 64 << 10)))
                .isEqualTo(map);
    }

    @Test
    void keysWithTheSameBytesAreRefused() {
        Map<Object, Object> map = new LinkedHashMap<>();
        map.put(1, "int");
        map.put(1L, "long");
        assertThatThrownBy(() -> encode(List.of(map), 100))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("two keys of a map have the same bytes at $[0][1]");
    }

    @Test
    void whatHasNoKnownSizeIsRefused() {
        for (Object value : List.of(
                (Iterable<Object>) Collections::emptyIterator, List.of().iterator(), Stream.of(1), Flux.just(1))) {
            assertThatThrownBy(() -> encode(List.of(value), 100))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("no CBOR mapping for ")
                    .hasMessageEndingWith(", whose size is not known, as deterministic encoding demands, at $[0]");
        }
        assertThat(encode(Set.of(1), 100)).isEqualTo("8101");
    }

    @Test
    void aKeyThatIsNoScalarIsRefusedAsElsewhere() {
        assertThatThrownBy(() -> encode(Map.of(List.of(), 1), 100)).hasMessageContaining("a map key must be a scalar");
    }
}
