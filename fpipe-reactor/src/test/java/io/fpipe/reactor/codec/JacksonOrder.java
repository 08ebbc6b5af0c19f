/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import java.util.List;
import java.util.Objects;

/** A class that is no record: a default constructor, setters, a collection of others. */
public final class JacksonOrder {

    /** A record inside of it. */
    public record Line(String article, double price) {}

    private long id;
    private String note;
    private List<Line> lines = List.of();

    static JacksonOrder of(long id, String note, Line... lines) {
        JacksonOrder order = new JacksonOrder();
        order.setId(id);
        order.setNote(note);
        order.setLines(List.of(lines));
        return order;
    }

    public long getId() {
        return id;
    }

    public void setId(long id) {
        if (id < 0) {
            throw new IllegalStateException("no such id: " + id);
        }
        this.id = id;
    }

    public String getNote() {
        return note;
    }

    public void setNote(String note) {
        this.note = note;
    }

    public List<Line> getLines() {
        return lines;
    }

    public void setLines(List<Line> lines) {
        this.lines = lines;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JacksonOrder order
                && id == order.id
                && Objects.equals(note, order.note)
                && lines.equals(order.lines);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(id);
    }

    @Override
    public String toString() {
        return "order " + id + " " + note + " " + lines;
    }
}
