/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.benchmarks.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FiguresTest {

    private static Figures of(double... values) {
        Figures figures = new Figures();
        for (double value : values) {
            figures.add(value);
        }
        return figures;
    }

    @Test
    void knowsMedianAndRange() {
        Figures figures = of(3, 1, 2);
        assertThat(figures.median()).isEqualTo(2);
        assertThat(figures.lowest()).isEqualTo(1);
        assertThat(figures.highest()).isEqualTo(3);
        assertThat(figures.json()).isEqualTo("[1.0, 2.0, 3.0]");
    }

    @Test
    void drawsABarForEachResult() {
        Result one = new Result("tcp", Entrant.FPIPE, 64, 10, of(1e6), "source");
        Result two = new Result("tcp", Entrant.LIBZMQ, 64, 10, of(0.5e6, 2e6), "source");
        String svg = new Plot(List.of(one, two)).svg();
        assertThat(svg).startsWith("<svg").contains("tcp").endsWith("</svg>\n");
        assertThat(svg.split("height='10'", -1)).hasSize(Entrant.values().length + 1); // the legend
        assertThat(svg.lines().filter(line -> line.contains("fill='#d62728'"))).hasSize(2);
        assertThat(svg.lines().filter(line -> line.contains("stroke='black'"))).hasSize(2);
    }

    @Test
    void writesJsonWithWhatWasSkipped() {
        Result result = new Result("tcp", Entrant.FPIPE, 64, 10, of(1e6), "source");
        String json = new Report().json(List.of(result), List.of(), List.of(), List.of("\"libzmq\": no \\ compiler"));
        assertThat(json)
                .contains("\"transport\": \"tcp\", \"entrant\": \"fpipe\", \"bytes\": 64, \"messages\": 10")
                .contains("\"perSecond\": [1000000.0]")
                .contains("\"roundTrips\": []")
                .contains("\"\\\"libzmq\\\": no \\\\ compiler\"");
    }
}
