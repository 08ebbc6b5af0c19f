/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.codec;

import io.fpipe.examples.benchmarks.Rates;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.codec.CborOptions;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import reactor.core.publisher.Flux;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.SequenceWriter;
import tools.jackson.dataformat.cbor.CBORMapper;
import tools.jackson.dataformat.smile.SmileMapper;
import tools.jackson.dataformat.smile.SmileWriteFeature;

/** CBOR of fpipe against CBOR and Smile of Jackson. */
@Command(
        name = "codec",
        description = "Writes and reads 1,000,000 Integers, an int[] of as many, 200,000 records, 20 MB of text and 400"
                + " MB of bytes, and a sequence of 1,000,000 Integers: fpipe's Cbor, in chunks of 64 KiB, against Jackson's"
                + " CBOR by databind and by tokens, and Smile, from and to arrays.",
        mixinStandardHelpOptions = true)
public final class CodecBenchmark implements Callable<Integer> {

    private static final int CHUNK = 64 << 10;
    private static final int TEXT = 20_000_000;
    private static final int BYTES = 400_000_000;
    private static final int ROOM = 1 << 20;

    private final ObjectMapper cbor = CBORMapper.builder().build();
    private final ObjectMapper smile = SmileMapper.builder()
            .disable(SmileWriteFeature.ENCODE_BINARY_AS_7BIT) // bytes as they are, like the others
            .build();
    private final Streaming tokens = new Streaming(cbor.tokenStreamFactory());

    @Option(names = "--quick", description = "Fewer rounds: a rough answer.")
    private boolean quick;

    @Option(names = "--json", defaultValue = "target/codec.json", description = "The JSON; default: ${DEFAULT-VALUE}.")
    private Path json = Path.of("target/codec.json");

    @Parameters(
            arity = "0..1",
            paramLabel = "REGEX",
            description = "Measures only what this is found in, such as \"records, read, (fpipe|Smile)\".")
    private Pattern select = Pattern.compile("");

    private final List<String> lines = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        Rates.printMachine();
        System.out.println("| what | way | who | median, ms | from | to | times fpipe's |");
        System.out.println("|---|---|---|---|---|---|---|");
        numbers();
        List<Order> orders = IntStream.range(0, 200_000).mapToObj(Order::of).toList();
        work(
                "200,000 records",
                orders,
                new TypeReference<List<Order>>() {}.getType(),
                tokens.codec("CBOR tokens", out -> Streaming.writeOrders(out, orders), Streaming::readOrders));
        String text = "The quick brown fox is worth 12 \u20ac. ".repeat(TEXT / 36);
        work(
                "20 MB text",
                text,
                String.class,
                tokens.codec("CBOR tokens", out -> out.writeString(text), in -> in.getString()));
        byte[] bytes = new byte[BYTES];
        work(
                "400 MB bytes",
                bytes,
                byte[].class,
                tokens.codec("CBOR tokens", out -> out.writeBinary(bytes), in -> in.getBinaryValue()));
        Files.createDirectories(json.toAbsolutePath().getParent());
        Files.writeString(json, "[\n  " + String.join(",\n  ", lines) + "\n]\n");
        System.out.println("JSON: " + json);
        return 0;
    }

    private void numbers() throws Exception {
        List<Integer> integers = IntStream.range(0, 1_000_000).boxed().toList();
        work(
                "1,000,000 Integers",
                integers,
                new TypeReference<List<Integer>>() {}.getType(),
                tokens.codec("CBOR tokens", out -> Streaming.writeIntegers(out, integers), Streaming::readIntegers));
        int[] ints = IntStream.range(0, 1_000_000).toArray();
        work(
                "int[1,000,000]",
                ints,
                int[].class,
                tokens.codec("CBOR tokens", out -> Streaming.writeInts(out, ints), Streaming::readInts));
        work(
                "sequence of 1,000,000 Integers",
                integers,
                List.of(
                        fpipeSequence(integers),
                        jacksonSequence("CBOR databind", cbor, integers),
                        tokens.codec(
                                "CBOR tokens", out -> Streaming.writeSequence(out, integers), Streaming::readSequence),
                        jacksonSequence("Smile databind", smile, integers)));
    }

    private void work(String what, Object value, Type type, Codec streaming) throws Exception {
        work(
                what,
                value,
                List.of(
                        fpipe(value, type),
                        jackson("CBOR databind", cbor, value, type),
                        streaming,
                        jackson("Smile databind", smile, value, type)));
    }

    private void work(String what, Object value, List<Codec> codecs) throws Exception {
        time(what, "write", codecs, codec -> () -> {
            Sink sink = new Sink(null);
            codec.writer().write(sink);
            return sink.count();
        });
        time(what, "read", codecs, codec -> {
            byte[] written = written(codec);
            if (!Objects.deepEquals(codec.reader().read(written), value)) {
                throw new IllegalStateException(codec.name() + " reads something else");
            }
            return () -> codec.reader().read(written);
        });
    }

    private static byte[] written(Codec codec) throws Exception {
        Sink counter = new Sink(null);
        codec.writer().write(counter);
        byte[] bytes = new byte[counter.count()];
        codec.writer().write(new Sink(bytes));
        return bytes;
    }

    /** Makes the task of a contestant. */
    private interface Preparation {
        Callable<Object> prepare(Codec codec) throws Exception;
    }

    /** One contestant after the other, for their arrays do not fit beside each other; each is warmed up. */
    private void time(String what, String way, List<Codec> codecs, Preparation preparation) throws Exception {
        int rounds = quick ? 5 : 21;
        int warmUp = quick ? 5 : 15;
        double ours = 0;
        for (Codec codec : codecs) {
            if (!select.matcher(what + ", " + way + ", " + codec.name()).find()) {
                continue;
            }
            Callable<Object> task = preparation.prepare(codec);
            double[] millis = new double[rounds];
            for (int i = -warmUp; i < rounds; i++) {
                long start = System.nanoTime();
                Object result = task.call();
                double time = (System.nanoTime() - start) / 1e6;
                if (i >= 0) {
                    millis[i] = time;
                }
                Objects.requireNonNull(result);
            }
            Arrays.sort(millis);
            double median = millis[rounds / 2];
            ours = ours == 0 ? median : ours;
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %s | %s | %.2f | %.2f | %.2f | %.2f |%n",
                    what,
                    way,
                    codec.name(),
                    median,
                    millis[0],
                    millis[rounds - 1],
                    median / ours);
            lines.add(String.format(
                    Locale.ROOT,
                    "{\"what\": \"%s\", \"way\": \"%s\", \"who\": \"%s\", \"medianMillis\": %.3f, \"fromMillis\": %.3f,"
                            + " \"toMillis\": %.3f}",
                    what,
                    way,
                    codec.name(),
                    median,
                    millis[0],
                    millis[rounds - 1]));
        }
    }

    private static Codec fpipe(Object value, Type type) {
        return new Codec(
                "fpipe",
                sink -> Cbor.serializer().serialize(value).doOnNext(sink::write).blockLast(),
                bytes -> Objects.requireNonNull(Cbor.deserializer(type, CodecBenchmark::room)
                        .deserialize(chunks(bytes))
                        .block()));
    }

    private static Codec fpipeSequence(List<Integer> values) {
        return new Codec(
                "fpipe",
                sink -> Cbor.sequenceSerializer(Integer.class)
                        .serialize(Flux.fromIterable(values))
                        .doOnNext(sink::write)
                        .blockLast(),
                bytes -> Objects.requireNonNull(Cbor.sequenceDeserializer(Integer.class)
                        .deserialize(chunks(bytes))
                        .collectList()
                        .block()));
    }

    private static CborOptions room(CborOptions options) {
        return options.limits(limits -> limits.maxStringBytes(TEXT + ROOM));
    }

    private static Flux<ByteBuffer> chunks(byte[] bytes) {
        return Flux.range(0, (bytes.length + CHUNK - 1) / CHUNK)
                .map(i -> ByteBuffer.wrap(bytes, i * CHUNK, Math.min(CHUNK, bytes.length - i * CHUNK))
                        .slice());
    }

    private static Codec jackson(String name, ObjectMapper mapper, Object value, Type type) {
        return new Codec(
                name,
                sink -> mapper.writeValue(sink, value),
                bytes -> mapper.readValue(bytes, mapper.constructType(type)));
    }

    private static Codec jacksonSequence(String name, ObjectMapper mapper, List<Integer> values) {
        return new Codec(
                name,
                sink -> {
                    try (SequenceWriter out = mapper.writer().writeValues(sink)) {
                        out.writeAll(values);
                    }
                },
                bytes -> {
                    try (MappingIterator<Integer> in =
                            mapper.readerFor(Integer.class).readValues(bytes)) {
                        return in.readAll();
                    }
                });
    }
}
