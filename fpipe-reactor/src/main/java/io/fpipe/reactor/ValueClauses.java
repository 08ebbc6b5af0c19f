/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The clauses of a cond over values, in their order. Immutable: each method returns a copy.
 *
 * @param <T> the type of the values
 */
final class ValueClauses<T extends @Nullable Object> {

    private record Clause<T extends @Nullable Object>(Predicate<? super T> test, Serializer<? super T> branch) {}

    private final List<Clause<T>> clauses;
    private final @Nullable Serializer<? super T> otherwise;

    private ValueClauses(List<Clause<T>> clauses, @Nullable Serializer<? super T> otherwise) {
        this.clauses = clauses;
        this.otherwise = otherwise;
    }

    static <T extends @Nullable Object> ValueClauses<T> none() {
        return new ValueClauses<>(List.of(), null);
    }

    ValueClauses<T> when(Predicate<? super T> test, Serializer<? super T> branch) {
        checkReachable();
        List<Clause<T>> more = new ArrayList<>(clauses);
        more.add(new Clause<>(requireNonNull(test, "test"), requireNonNull(branch, "branch")));
        return new ValueClauses<>(List.copyOf(more), null);
    }

    ValueClauses<T> otherwise(Serializer<? super T> branch) {
        checkReachable();
        return new ValueClauses<>(clauses, requireNonNull(branch, "branch"));
    }

    private void checkReachable() {
        if (otherwise != null) {
            throw new IllegalArgumentException(
                    "clause " + (clauses.size() + 2) + " can never be reached: it follows otherwise");
        }
    }

    Serializer<? super T> branch(T value) {
        for (Clause<T> clause : clauses) {
            if (clause.test().test(value)) {
                return clause.branch();
            }
        }
        if (otherwise == null) {
            throw UnroutedMessageException.ofValue(value);
        }
        return otherwise;
    }

    /** The decision table, a line for each clause. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        for (int i = 0; i < clauses.size(); i++) {
            Clause<T> clause = clauses.get(i);
            table.append("\n  ").append(i + 1).append(". passes ").append(Clauses.nameOf(clause.test(), "a test"));
            table.append(" -> ").append(Clauses.branchName(clause.branch()));
        }
        return table.append("\n  otherwise -> ")
                .append(Clauses.branchName(otherwise))
                .toString();
    }
}
