/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the documents show is code that is compiled and run here, or what it prints. */
class DocsTest {

    private static final Pattern BLOCK =
            Pattern.compile("^```(?:java|text)\\R(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve(".mvn"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    private static String normalised(String text) {
        return text.strip().replaceAll("\\s+", " ");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static Stream<Path> sourcesIn(Path module, String folder) throws IOException {
        Path sources = module.resolve(folder);
        if (!Files.exists(sources)) {
            return Stream.empty();
        }
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
        }
    }

    /** The sources of all tests and examples. */
    private static String sources() throws IOException {
        StringBuilder sources = new StringBuilder();
        Path root = root();
        for (String module : List.of("fpipe-reactor", "fpipe-zmq")) {
            sourcesIn(root.resolve(module), "src/test/java").map(DocsTest::read).forEach(sources::append);
        }
        try (Stream<Path> examples = Files.list(root.resolve("examples"))) {
            for (Path example : examples.toList()) {
                sourcesIn(example, "src").map(DocsTest::read).forEach(sources::append);
            }
        }
        return sources.toString();
    }

    private static List<String> blocks(String document) {
        return BLOCK.matcher(document)
                .results()
                .map((MatchResult block) -> block.group(1))
                .collect(Collectors.toList());
    }

    private static List<String> missing(List<String> blocks, String sources) {
        String all = normalised(sources);
        return blocks.stream().filter(block -> !all.contains(normalised(block))).toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "README.md",
                "docs/guide.md",
                "docs/stages.md",
                "docs/cond.md",
                "docs/codec.md",
                "docs/testing.md",
                "docs/zmq.md",
                "docs/backpressure.md",
                "docs/security.md",
                "docs/plain-peers.md"
            })
    void showsOnlyWhatIsInTheSources(String document) throws IOException {
        List<String> blocks = blocks(read(root().resolve(document)));

        assertThat(blocks).isNotEmpty();
        assertThat(missing(blocks, sources()))
                .as("blocks of %s that are in no source of a test or an example", document)
                .isEmpty();
    }

    @Test
    void findsWhatIsInNoSource() {
        String document = "```java\nint a = 1;\n```\n\n```xml\n<a/>\n```\n\n```java\nint  b\n    = 2;\n```\n";

        assertThat(missing(blocks(document), "    int a =\n1;\n int b = 3;")).containsExactly("int  b\n    = 2;\n");
    }
}
