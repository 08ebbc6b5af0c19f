/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.examples.echo;

import io.fpipe.reactor.Deserializer;
import io.fpipe.reactor.FpipeCond;
import io.fpipe.reactor.Prefixes;
import io.fpipe.reactor.Serializer;
import io.fpipe.reactor.codec.Cbor;
import io.fpipe.reactor.compress.Zlib;
import io.fpipe.zmq.ZmqBinding;
import io.fpipe.zmq.ZmqResources;
import io.fpipe.zmq.ZmqServer;
import java.util.List;
import reactor.core.publisher.Mono;

/** The pipeline between objects and bytes. Client and server use the same; both halves are values that are shared. */
final class EchoPipeline {

    /** What travels: an object, and whether its bytes are compressed on the way. An answer is one, too. */
    record Request(Object body, boolean compress) {}

    /** From an object to bytes: one byte in front tells the other side which branch was taken. */
    static final Serializer<Request> OUTBOUND = FpipeCond.<Request>objects()
            .when(
                    Request::compress,
                    Request::body,
                    Cbor.serializer().then(Zlib.compress()).then(Prefixes.prepend(1)))
            .otherwise(Request::body, Cbor.serializer().then(Prefixes.prepend(0)));

    /** From bytes to an object: any other first byte is an UnroutedMessageException. */
    static final Deserializer<Object> INBOUND = FpipeCond.bytes()
            .whenPrefix(1, Prefixes.skip(1).then(Zlib.decompress()))
            .whenPrefix(0, Prefixes.skip(1))
            .into(Cbor.deserializer());

    private EchoPipeline() {}

    /**
     * Serves: what arrives is decoded, and encoded again as the answer. The request's first byte ends in its cond, so
     * the handler decides anew what to compress: lists, and nothing else.
     */
    static ZmqBinding serve(String endpoint, ZmqResources resources) {
        return ZmqServer.create()
                .bind(endpoint)
                .runOn(resources)
                .serveNow(INBOUND, body -> Mono.just(new Request(body, body instanceof List<?>)), OUTBOUND);
    }
}
