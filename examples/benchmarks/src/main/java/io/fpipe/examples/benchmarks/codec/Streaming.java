/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.codec;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.TokenStreamFactory;

/** The same with Jackson's tokens, written by hand for each value. */
final class Streaming {

    private final TokenStreamFactory factory;

    Streaming(TokenStreamFactory factory) {
        this.factory = factory;
    }

    /** Writes tokens. */
    interface Body {
        void write(JsonGenerator out);
    }

    /** Reads tokens, of which the first is read. */
    interface Tokens {
        Object read(JsonParser in) throws IOException;
    }

    Codec codec(String name, Body body, Tokens tokens) {
        return new Codec(
                name,
                sink -> {
                    try (JsonGenerator out = factory.createGenerator(ObjectWriteContext.empty(), sink)) {
                        body.write(out);
                    }
                },
                bytes -> {
                    try (JsonParser in = factory.createParser(ObjectReadContext.empty(), bytes)) {
                        in.nextToken();
                        return tokens.read(in);
                    }
                });
    }

    static void writeIntegers(JsonGenerator out, List<Integer> values) {
        out.writeStartArray(values, values.size());
        for (int value : values) {
            out.writeNumber(value);
        }
        out.writeEndArray();
    }

    static List<Integer> readIntegers(JsonParser in) {
        List<Integer> values = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            values.add(in.getIntValue());
        }
        return values;
    }

    static void writeSequence(JsonGenerator out, List<Integer> values) {
        for (int value : values) {
            out.writeNumber(value);
        }
    }

    static List<Integer> readSequence(JsonParser in) {
        List<Integer> values = new ArrayList<>();
        for (JsonToken token = in.currentToken(); token != null; token = in.nextToken()) {
            values.add(in.getIntValue());
        }
        return values;
    }

    static void writeInts(JsonGenerator out, int[] values) {
        out.writeArray(values, 0, values.length);
    }

    static int[] readInts(JsonParser in) {
        int[] values = new int[16];
        int n = 0;
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (n == values.length) {
                values = Arrays.copyOf(values, 2 * n);
            }
            values[n++] = in.getIntValue();
        }
        return Arrays.copyOf(values, n);
    }

    static void writeOrders(JsonGenerator out, List<Order> orders) {
        out.writeStartArray(orders, orders.size());
        for (Order order : orders) {
            out.writeStartObject(order, 5);
            out.writeNumberProperty("id", order.id());
            out.writeStringProperty("customer", order.customer());
            out.writeNumberProperty("price", order.price());
            out.writeName("lines");
            out.writeStartArray(order.lines(), order.lines().size());
            for (Order.Line line : order.lines()) {
                out.writeStartObject(line, 2);
                out.writeStringProperty("sku", line.sku());
                out.writeNumberProperty("count", line.count());
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeBooleanProperty("paid", order.paid());
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    static List<Order> readOrders(JsonParser in) {
        List<Order> orders = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            orders.add(readOrder(in));
        }
        return orders;
    }

    private static Order readOrder(JsonParser in) {
        long id = 0;
        String customer = "";
        double price = 0;
        List<Order.Line> lines = new ArrayList<>();
        boolean paid = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "id" -> id = in.getLongValue();
                case "customer" -> customer = in.getString();
                case "price" -> price = in.getDoubleValue();
                case "lines" -> {
                    while (in.nextToken() != JsonToken.END_ARRAY) {
                        lines.add(readLine(in));
                    }
                }
                default -> paid = in.getBooleanValue();
            }
        }
        return new Order(id, customer, price, lines, paid);
    }

    private static Order.Line readLine(JsonParser in) {
        String sku = "";
        int count = 0;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            if (name.equals("sku")) {
                sku = in.getString();
            } else {
                count = in.getIntValue();
            }
        }
        return new Order.Line(sku, count);
    }
}
