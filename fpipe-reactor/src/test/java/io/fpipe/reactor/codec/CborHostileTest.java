/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static io.fpipe.reactor.codec.CborBytes.hex;
import static io.fpipe.reactor.codec.CborBytes.pieces;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Messages of a megabyte that are made to take much memory, read in a JVM that has 64 MB for it, and 16 more for itself
 * and the message.
 */
class CborHostileTest {

    private static final int SIZE = 1 << 20;

    /** Reads every message in several ways and prints what became of it. */
    static final class Child {
        public static void main(String[] args) {
            messages().forEach((name, maker) -> {
                byte[] message = maker.get();
                for (Function<Flux<ByteBuffer>, Flux<?>> reader : readers()) {
                    for (int size : new int[] {64 << 10, 1000}) {
                        List<ByteBuffer> pieces = pieces(message, size);
                        String outcome = reader.apply(Flux.fromIterable(pieces))
                                .count()
                                .map(n -> n + " values")
                                .onErrorResume(
                                        RuntimeException.class,
                                        ex -> Mono.just(ex.getClass().getSimpleName()))
                                .block();
                        System.out.println(name + ": " + outcome);
                    }
                }
            });
            System.out.println("survived");
        }
    }

    private static List<Function<Flux<ByteBuffer>, Flux<?>>> readers() {
        return List.of(
                message -> Cbor.deserializer().deserialize(message).flux(),
                message -> Cbor.deserializer(o -> o.keepTags(true).keepSimpleValues(true))
                        .deserialize(message)
                        .flux(),
                message -> Cbor.sequenceDeserializer(Object.class).deserialize(message),
                message -> Cbor.arrayDeserializer(Object.class).deserialize(message));
    }

    private static Map<String, Supplier<byte[]>> messages() {
        return Map.ofEntries(
                Map.entry("arrays", repeat("9f", "80", "ff")),
                Map.entry("maps", repeat("9f", "a0", "ff")),
                Map.entry("nested", repeat("", "81", "00")),
                Map.entry("pairs", repeat("9f", "8200", "ff")),
                Map.entry("tags", repeat("", "c1", "00")),
                Map.entry("kept tags", repeat("9f", "d5f6", "ff")),
                Map.entry("self-described", repeat("", "d9d9f7", "00")),
                Map.entry("texts", repeat("9f", "6178", "ff")),
                Map.entry("pieces of text", repeat("7f", "6178", "ff")),
                Map.entry("pieces of bytes", repeat("5f", "4178", "ff")),
                Map.entry("long string", repeat("5a3fffffff", "00", "")),
                Map.entry("long text", repeat("7a00ffffff", "78", "")),
                Map.entry("long arrays", repeat("", "9a00ffffff", "")),
                Map.entry("long maps", repeat("", "ba00ffffff", "")),
                Map.entry("decimals", repeat("9f", "c48219182001", "ff")),
                Map.entry("bigfloats", repeat("9f", "c58239030301", "ff")),
                Map.entry("bignums", repeat("9f", "c243010203", "ff")),
                Map.entry("typed array of bytes", repeat("d8405a000ffff0", "01", "")),
                Map.entry("typed array of longs", repeat("d8475a000ffff0", "01", "")));
    }

    private static Supplier<byte[]> repeat(String head, String part, String tail) {
        return () -> repeated(head, part, tail);
    }

    private static byte[] repeated(String head, String part, String tail) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(hex(head));
        byte[] repeated = hex(part);
        while (bytes.size() + repeated.length < SIZE) {
            bytes.writeBytes(repeated);
        }
        bytes.writeBytes(hex(tail));
        return bytes.toByteArray();
    }

    @Test
    void aMegabyteNeverTakesMoreThan64() throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx80m",
                        "-Xmn4m", // what is decoded lives on, and needs one space that has room for it
                        "-XX:+UseSerialGC",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Child.class.getName())
                .redirectErrorStream(true)
                .start();
        String output;
        try {
            output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(child.waitFor(Duration.ofMinutes(2).toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
        } finally {
            child.destroyForcibly();
        }
        assertThat(output).as("what the child printed").endsWith("survived" + System.lineSeparator());
        assertThat(output).doesNotContain("OutOfMemory");
        assertThat(child.exitValue()).isZero();
    }
}
