/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The clauses of a cond over bytes, in their order. Immutable: each method returns a copy.
 *
 * @param <B> the type of the branches
 */
final class Clauses<B> {

    private enum Match {
        YES,
        NO,
        NEEDS_MORE
    }

    /**
     * One clause: a prefix or a test.
     *
     * @param bytes how many bytes it looks at
     * @param prefix the prefix, or null
     * @param test the test, or null
     * @param branch the branch
     */
    private record Clause<B>(
            int bytes,
            @Nullable ByteBuffer prefix,
            @Nullable Predicate<? super ByteBuffer> test,
            B branch) {

        Match match(ByteBuffer head, boolean complete) {
            int n = Math.min(bytes, head.remaining());
            ByteBuffer first = head.slice(head.position(), n);
            if (prefix != null && !prefix.slice(0, n).equals(first)) {
                return Match.NO; // whatever follows
            }
            if (n < bytes && !complete) {
                return Match.NEEDS_MORE;
            }
            boolean matches =
                    prefix != null ? n == bytes : requireNonNull(test, "test").test(first);
            return matches ? Match.YES : Match.NO;
        }

        /** Whether every message that begins with the other's prefix begins with this one's. */
        boolean covers(Clause<B> other) {
            return prefix != null
                    && other.prefix != null
                    && bytes <= other.bytes
                    && prefix.equals(other.prefix.slice(0, bytes));
        }

        String condition() {
            if (prefix == null) {
                return "first " + bytes + " bytes pass " + nameOf(requireNonNull(test, "test"), "a test");
            }
            byte[] copy = new byte[bytes];
            prefix.get(0, copy);
            return "prefix 0x" + HexFormat.of().formatHex(copy);
        }
    }

    private final List<Clause<B>> clauses;
    private final @Nullable B otherwise;
    private final int most;

    private Clauses(List<Clause<B>> clauses, @Nullable B otherwise) {
        this.clauses = clauses;
        this.otherwise = otherwise;
        this.most = clauses.stream().mapToInt(Clause::bytes).max().orElse(1);
    }

    static <B> Clauses<B> none() {
        return new Clauses<>(List.of(), null);
    }

    Clauses<B> whenPrefix(byte[] prefix, B branch) {
        if (prefix.length == 0) {
            throw new IllegalArgumentException(
                    position() + " has an empty prefix, which every message has: use otherwise");
        }
        return with(
                new Clause<>(prefix.length, ByteBuffer.wrap(prefix.clone()), null, requireNonNull(branch, "branch")));
    }

    Clauses<B> when(int headBytes, Predicate<? super ByteBuffer> test, B branch) {
        if (headBytes < 1) {
            throw new IllegalArgumentException("headBytes must be at least 1, was " + headBytes);
        }
        return with(new Clause<>(headBytes, null, requireNonNull(test, "test"), requireNonNull(branch, "branch")));
    }

    Clauses<B> otherwise(B branch) {
        checkReachable();
        return new Clauses<>(clauses, requireNonNull(branch, "branch"));
    }

    private Clauses<B> with(Clause<B> clause) {
        checkReachable();
        for (int i = 0; i < clauses.size(); i++) {
            if (clauses.get(i).covers(clause)) {
                throw new IllegalArgumentException(position() + " (" + clause.condition()
                        + ") can never be reached: clause " + (i + 1) + " ("
                        + clauses.get(i).condition() + ") takes all of its messages");
            }
        }
        List<Clause<B>> more = new ArrayList<>(clauses);
        more.add(clause);
        return new Clauses<>(List.copyOf(more), null);
    }

    private void checkReachable() {
        if (otherwise != null) {
            throw new IllegalArgumentException(position() + " can never be reached: it follows otherwise");
        }
    }

    private String position() {
        return "clause " + (clauses.size() + (otherwise == null ? 1 : 2));
    }

    /** The bytes that a decision needs at most. */
    int most() {
        return most;
    }

    /** Makes the chooser of one message; it asks each clause until that is decided, and never again. */
    Head.Chooser<B> chooser() {
        return new Head.Chooser<>() {
            private int next;

            @Override
            public @Nullable B choose(ByteBuffer head, boolean complete) {
                for (; next < clauses.size(); next++) {
                    Clause<B> clause = clauses.get(next);
                    switch (clause.match(head, complete)) {
                        case YES -> {
                            return clause.branch();
                        }
                        case NEEDS_MORE -> {
                            return null;
                        }
                        case NO -> {}
                    }
                }
                if (otherwise == null) {
                    throw UnroutedMessageException.ofMessage(head);
                }
                return otherwise;
            }
        };
    }

    /** The decision table, a line for each clause. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        for (int i = 0; i < clauses.size(); i++) {
            Clause<B> clause = clauses.get(i);
            table.append("\n  ").append(i + 1).append(". ").append(clause.condition());
            table.append(" -> ").append(branchName(clause.branch()));
        }
        return table.append("\n  otherwise -> ").append(branchName(otherwise)).toString();
    }

    /** What stands for a branch, or for none, in a decision table. */
    static String branchName(@Nullable Object branch) {
        return branch == null ? "UnroutedMessageException" : nameOf(branch, "unnamed");
    }

    /** What an object says of itself; that helps nobody where it is a lambda. */
    static String nameOf(Object part, String nameOfLambda) {
        return part.getClass().isSynthetic() ? nameOfLambda : part.toString();
    }
}
