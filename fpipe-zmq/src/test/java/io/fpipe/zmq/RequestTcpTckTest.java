/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import org.testng.annotations.Test;

/** The same between two loops, over tcp. */
@Test
public class RequestTcpTckTest extends RequestTckTest {

    @Override
    Rig.Wiring wiring() {
        return Rig.Wiring.TCP;
    }
}
