/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.echo;

import io.fpipe.zmq.ZmqBinding;
import io.fpipe.zmq.ZmqClient;
import io.fpipe.zmq.ZmqExchange;
import io.fpipe.zmq.ZmqResources;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import reactor.core.Exceptions;

/** The command line of the example: server, client, or both in one process. */
@Command(
        name = "examples/run echo",
        sortOptions = false,
        usageHelpAutoWidth = true,
        description = {
            "Sends a text, a list of a million numbers and a large byte array to a server, which decodes them, encodes"
                    + " them again and sends them back. Prints bytes on the wire, time and speed of each.",
            "",
            "Without --server or --client both run in one process, first over inproc, then over tcp.",
            ""
        },
        footer = {
            "",
            "In two processes:",
            "  examples/run echo --server tcp://127.0.0.1:5555",
            "  examples/run echo --client tcp://127.0.0.1:5555"
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:everything came back equal",
            "1:an error, said in one line",
            "2:wrong usage",
            "130:the server was stopped with Ctrl-C"
        })
public final class EchoMain implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @ArgGroup
    private @Nullable Role role;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            defaultValue = "400000000",
            description = "length of the large array, default ${DEFAULT-VALUE}")
    private int size;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "how often the array is sent again after the first time, default ${DEFAULT-VALUE}")
    private int rounds;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "how long to wait for an answer to begin, default ${DEFAULT-VALUE}")
    private int timeout;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "shows this text")
    @SuppressWarnings("unused") // picocli reads it
    private boolean help;

    private final boolean terminal;

    private EchoMain(boolean terminal) {
        this.terminal = terminal;
    }

    /** At most one of the two. */
    static final class Role {

        @Option(names = "--server", paramLabel = "ENDPOINT", description = "serves on this endpoint until Ctrl-C")
        private @Nullable String server;

        @Option(names = "--client", paramLabel = "ENDPOINT", description = "runs the client against such a server")
        private @Nullable String client;
    }

    /**
     * Runs the example and exits.
     *
     * @param args the command line; --help explains it
     */
    @SuppressWarnings("SystemConsoleNull") // jvm.options chooses the console that is null without a terminal
    public static void main(String[] args) {
        boolean terminal = System.console() != null;
        System.exit(run(writer(System.out), writer(System.err), terminal, args));
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, Charset.defaultCharset());
    }

    static int run(PrintWriter out, PrintWriter err, boolean terminal, String... args) {
        return new CommandLine(new EchoMain(terminal))
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((ex, wrong) -> {
                    complain(err, ex, "; see --help");
                    return CommandLine.ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((ex, command, parsed) -> {
                    complain(err, ex, "");
                    return CommandLine.ExitCode.SOFTWARE;
                })
                .execute(args);
    }

    private static void complain(PrintWriter err, Exception ex, String hint) {
        String message = Objects.toString(Exceptions.unwrap(ex).getMessage(), ex.toString());
        err.println("echo: " + message.replaceFirst("^Error: ", "") + hint);
    }

    @Override
    public Integer call() {
        checkAtLeast("--size", 1, size);
        checkAtLeast("--rounds", 0, rounds);
        checkAtLeast("--timeout", 1, timeout);
        if (role != null && role.server != null) {
            server(role.server);
        } else if (role != null && role.client != null) {
            client(role.client, ZmqResources.create());
        } else {
            ZmqResources both = ZmqResources.create(); // an inproc name is known only inside one ZmqResources
            inOneProcess("inproc://echo", both, both);
            inOneProcess("tcp://127.0.0.1:*", ZmqResources.create(), ZmqResources.create()); // * is any free port
        }
        return CommandLine.ExitCode.OK;
    }

    private void checkAtLeast(String option, int least, int value) {
        if (value < least) {
            throw new ParameterException(spec.commandLine(), option + " must be at least " + least + ", was " + value);
        }
    }

    private void inOneProcess(String endpoint, ZmqResources serverSide, ZmqResources clientSide) {
        try {
            ZmqBinding binding = EchoPipeline.serve(endpoint, serverSide);
            client(binding.endpoint(), clientSide);
            binding.dispose();
        } finally {
            serverSide.dispose();
        }
    }

    private void client(String endpoint, ZmqResources resources) {
        EchoReport report = new EchoReport(spec.commandLine().getOut(), terminal);
        try {
            ZmqExchange remote = ZmqClient.create()
                    .connect(endpoint)
                    .requestTimeout(Duration.ofSeconds(timeout))
                    .runOn(resources)
                    .openNow();
            report.say("echo over " + endpoint);
            new EchoSteps(remote, report).run(size, rounds);
            remote.dispose();
        } catch (RuntimeException ex) {
            if (Exceptions.unwrap(ex) instanceof TimeoutException) {
                throw new IllegalStateException("no answer from " + endpoint + " within " + timeout + " s", ex);
            }
            throw ex;
        } finally {
            resources.dispose();
        }
    }

    /** Ctrl-C ends the process with 130, as the shell expects of a program that was interrupted. */
    private void server(String endpoint) {
        PrintWriter out = spec.commandLine().getOut();
        ZmqResources resources = ZmqResources.create();
        try {
            ZmqBinding binding = EchoPipeline.serve(endpoint, resources);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                binding.dispose();
                binding.onDispose().block(Duration.ofSeconds(5));
                out.println("stopped");
            }));
            out.println("serving on " + binding.endpoint() + ", Ctrl-C stops");
            binding.onDispose().block();
        } finally {
            resources.dispose();
        }
    }
}
