/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import io.fpipe.reactor.Stage;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The handlers of a server.
 *
 * @param named those with a name
 * @param otherwise the one for all other calls, if there is one
 */
record Routes(Map<String, Stage> named, @Nullable Stage otherwise) {

    static final Routes NONE = new Routes(Map.of(), null);

    Routes with(String name, Stage handler) {
        Metadata.checkName("route", name);
        Map<String, Stage> changed = new HashMap<>(named);
        if (changed.put(name, handler) != null) {
            throw new IllegalArgumentException("there are two handlers for the route \"" + name + "\"");
        }
        return new Routes(Map.copyOf(changed), otherwise);
    }

    Routes with(Stage handler) {
        return new Routes(named, handler);
    }

    /** The handler of a route, or null if nobody serves it. */
    @Nullable
    Stage find(String name) {
        Stage handler = named.get(name);
        return handler == null ? otherwise : handler;
    }
}
