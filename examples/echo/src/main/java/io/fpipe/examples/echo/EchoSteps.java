/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.echo;

import io.fpipe.examples.echo.EchoPipeline.Request;
import io.fpipe.examples.echo.EchoReport.Exchange;
import io.fpipe.reactor.Stage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import reactor.core.publisher.Mono;

/** The client: sends an object, waits for the answer, checks and reports it; step by step. */
final class EchoSteps {

    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private final EchoReport report;
    private final Function<Request, Mono<Object>> call;

    /** Makes a function of the pipeline: the remote server is one more stage, and so are the counters around it. */
    EchoSteps(Stage remote, EchoReport report) {
        this.report = report;
        this.call = EchoPipeline.OUTBOUND
                .then(counter(sent))
                .then(remote)
                .then(counter(received))
                .into(EchoPipeline.INBOUND);
    }

    /** A stage of our own: the buffers pass through as they are. */
    private Stage counter(AtomicLong total) {
        return Stage.of(bytes -> bytes.doOnNext(buffer -> {
            total.addAndGet(buffer.remaining());
            report.moved(buffer.remaining());
        }));
    }

    void run(int arraySize, int warmRounds) {
        report.columns();
        text();
        list();
        array(arraySize, warmRounds);
    }

    private void text() {
        Exchange exchange = exchange(new Request("abc", false));
        check(exchange.answer().equals("abc"), "the text came back as " + exchange.answer());
        report.line("\"abc\"", exchange, "came back as " + exchange.answer());
    }

    private void list() {
        List<Integer> numbers = IntStream.range(0, 1_000_000).boxed().toList();
        Exchange exchange = exchange(new Request(numbers, true));
        check(exchange.answer().equals(numbers), "the list came back different");
        int length = ((List<?>) exchange.answer()).size();
        report.line("list 0..999,999, compressed", exchange, "length " + length + ", equal");
    }

    private void array(int size, int warmRounds) {
        byte[] bytes = new byte[size];
        new Random(42).nextBytes(bytes);
        long checksum = checksum(bytes);
        String name = String.format("%,d bytes", size);

        report.line(name + ", cold", arrayExchange(bytes, checksum), "equal, another array");
        List<Exchange> rounds = new ArrayList<>();
        for (int i = 0; i < warmRounds; i++) {
            rounds.add(arrayExchange(bytes, checksum).withoutAnswer()); // or all the arrays stay in memory
        }
        long best = rounds.stream().mapToLong(Exchange::nanos).min().orElse(0);
        for (int i = 0; i < warmRounds; i++) {
            Exchange round = rounds.get(i);
            report.line(name + ", warm " + (i + 1), round, round.nanos() == best ? "equal, best" : "equal");
        }
    }

    /** Sends the array; the comparison is outside the clock, and with a checksum made before it was ever sent. */
    private Exchange arrayExchange(byte[] bytes, long checksum) {
        report.startProgress(2L * bytes.length);
        try {
            Exchange exchange = exchange(new Request(bytes, false));
            check(
                    exchange.answer() instanceof byte[],
                    "the array came back as " + exchange.answer().getClass());
            check(exchange.answer() != bytes, "the array came back as the very array that was sent");
            check(checksum((byte[]) exchange.answer()) == checksum, "the array came back different");
            return exchange;
        } finally {
            report.endProgress();
        }
    }

    private Exchange exchange(Request request) {
        sent.set(0);
        received.set(0);
        long start = System.nanoTime();
        Object answer = call.apply(request).block();
        long nanos = System.nanoTime() - start;
        if (answer == null) {
            throw new IllegalStateException("the answer is empty");
        }
        return new Exchange(request.body(), answer, sent.get(), received.get(), nanos);
    }

    private static long checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return crc.getValue();
    }

    private static void check(boolean ok, String message) {
        if (!ok) {
            throw new IllegalStateException(message);
        }
    }
}
