/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import java.util.List;
import java.util.Locale;

/** Draws the throughput of each entrant, a panel for each transport, megabytes a second on a logarithmic scale. */
final class Plot {

    private static final int PANEL_WIDTH = 900;
    private static final int PANEL_HEIGHT = 300;
    private static final int LEFT = 80;
    private static final int TOP = 70;
    private static final int BOTTOM = 40;
    private static final double LOWEST = 0; // decades: 1 MB/s
    private static final double HIGHEST = 4.2;

    private final List<Result> results;
    private final StringBuilder svg = new StringBuilder();

    Plot(List<Result> results) {
        this.results = results;
    }

    String svg() {
        List<String> transports =
                results.stream().map(Result::transport).distinct().toList();
        int width = LEFT + PANEL_WIDTH + 20;
        int height = TOP + transports.size() * (PANEL_HEIGHT + BOTTOM);
        add(
                "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' font-size='12'>",
                width, height);
        add("<rect width='%d' height='%d' fill='white'/>", width, height);
        text(LEFT, 20, "start", "Megabytes a second by size of message; the line on a bar is the range of the rounds");
        legend();
        for (int i = 0; i < transports.size(); i++) {
            panel(transports.get(i), TOP + i * (PANEL_HEIGHT + BOTTOM));
        }
        add("</svg>");
        return svg.toString();
    }

    private void legend() {
        int x = LEFT;
        for (Entrant entrant : Entrant.values()) {
            add("<rect x='%d' y='34' width='10' height='10' fill='%s'/>", x, entrant.colour());
            text(x + 14, 44, "start", entrant.title());
            x += 24 + 7 * entrant.title().length();
        }
    }

    private void panel(String transport, int top) {
        int bottom = top + PANEL_HEIGHT - 20;
        text(LEFT, top - 6, "start", transport.equals("processes") ? "tcp, one process to another" : transport);
        for (int decade = (int) LOWEST; decade <= HIGHEST; decade++) {
            double y = y(Math.pow(10, decade), top);
            add("<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/>", LEFT, LEFT + PANEL_WIDTH, y, y);
            text(LEFT - 6, y + 4, "end", String.format(Locale.ROOT, "%,.0f", Math.pow(10, decade)));
        }
        List<Integer> sizes = results.stream()
                .filter(r -> r.transport().equals(transport))
                .map(Result::size)
                .distinct()
                .toList();
        double step = (double) PANEL_WIDTH / sizes.size();
        for (int i = 0; i < sizes.size(); i++) {
            int size = sizes.get(i);
            double left = LEFT + i * step;
            text(left + step / 2, bottom + 16, "middle", String.format(Locale.ROOT, "%,d B", size));
            bars(
                    results.stream()
                            .filter(r -> r.transport().equals(transport) && r.size() == size)
                            .toList(),
                    left + step * 0.05,
                    step * 0.9,
                    top);
        }
    }

    private void bars(List<Result> bars, double left, double width, int top) {
        double step = width / Math.max(1, bars.size());
        double bottom = top + PANEL_HEIGHT - 20;
        for (int i = 0; i < bars.size(); i++) {
            Result bar = bars.get(i);
            double x = left + i * step;
            double y = y(bar.megabytes(), top);
            add(
                    "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='%s'/>",
                    x, y, step * 0.9, bottom - y, bar.entrant().colour());
            double middle = x + step * 0.45;
            add(
                    "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='black'/>",
                    middle,
                    middle,
                    y(bar.megabytes(bar.perSecond().lowest()), top),
                    y(bar.megabytes(bar.perSecond().highest()), top));
        }
    }

    private static double y(double megabytes, int top) {
        double decades = Math.min(HIGHEST, Math.max(LOWEST, Math.log10(Math.max(megabytes, 1e-9))));
        return top + (PANEL_HEIGHT - 20) * (1 - (decades - LOWEST) / (HIGHEST - LOWEST));
    }

    private void text(double x, double y, String anchor, String text) {
        add("<text x='%.1f' y='%.1f' text-anchor='%s'>%s</text>", x, y, anchor, text);
    }

    private void add(String format, Object... arguments) {
        svg.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
