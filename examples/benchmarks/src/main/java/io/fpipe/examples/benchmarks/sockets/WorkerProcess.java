/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A {@link Worker} in a process of its own, or the program in C that obeys the same orders. */
public final class WorkerProcess implements AutoCloseable {

    private static final long LONGEST_SECONDS = 150;
    private static final String END = "error the process has ended";

    private final Process process;
    private final PrintWriter orders;
    private final LinkedBlockingQueue<String> answers = new LinkedBlockingQueue<>();

    /**
     * Starts a process.
     *
     * @param command the program and its arguments
     * @param log the file for what it writes to standard error
     * @throws IOException if it cannot be started
     */
    public WorkerProcess(List<String> command, Path log) throws IOException {
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        orders = new PrintWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8), true);
        Thread reader = new Thread(this::read, "answers");
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                answers.add(line);
            }
            answers.add(END);
        } catch (IOException e) {
            answers.add("error " + e);
        }
    }

    /**
     * Gives an order.
     *
     * @param line the order
     */
    public void order(String line) {
        orders.println(line);
    }

    /**
     * Waits for an answer, at most 30 seconds.
     *
     * @param word what it has to begin with; anything else is an error
     * @return its words
     * @throws InterruptedException if this thread is interrupted
     */
    public String[] answer(String word) throws InterruptedException {
        String line = answers.poll(LONGEST_SECONDS, TimeUnit.SECONDS);
        if (line == null) {
            throw new IllegalStateException("no answer within " + LONGEST_SECONDS + " s");
        }
        String[] words = line.split(" ");
        if (!words[0].equals(word)) {
            throw new IllegalStateException(line.startsWith("error ") ? line.substring(6) : "unexpected: " + line);
        }
        return words;
    }

    /** The end of its input is the end of a worker; one that hangs is ended. */
    @Override
    public void close() {
        orders.close();
        try {
            if (process.waitFor(2, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}
