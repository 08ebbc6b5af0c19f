/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

/** The same between two loops, over tcp. */
public class ExchangeTcpTckTest extends ExchangeTckTest {

    @Override
    Rig.Wiring wiring() {
        return Rig.Wiring.TCP;
    }
}
