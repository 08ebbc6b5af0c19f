/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import io.fpipe.reactor.Stage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

/** The code that {@code docs/security.md} shows. */
class SecurityDocTest {

    private final ZmqResources resources = ZmqResources.create();
    private final Stage handler = Stage.identity();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        resources.dispose();
        resources.onDispose().block(Rig.SOON);
    }

    private static void assertWorks(ZmqExchange remote) {
        assertThat(Bytes.joinText(remote.apply(Flux.just(Bytes.utf8("x")))).block(Rig.SOON))
                .isEqualTo("x");
    }

    @Test
    void curve() {
        ZmqKeyPair.generate().write(folder, "server");
        ZmqKeyPair.generate().write(folder, "client");

        ZmqKeyPair serverKeys = ZmqKeyPair.read(folder.resolve("server.key_secret"));
        Set<String> known = Set.of(ZmqKeyPair.readPublicKey(folder.resolve("client.key")));
        ZmqServer server = ZmqServer.create().bind("tcp://127.0.0.1:*").curve(serverKeys, known::contains);
        ZmqBinding binding = server.runOn(resources).serveNow(handler);

        String serverKey = ZmqKeyPair.readPublicKey(folder.resolve("server.key"));
        ZmqKeyPair clientKeys = ZmqKeyPair.read(folder.resolve("client.key_secret"));
        ZmqClient client = ZmqClient.create().connect(binding.endpoint()).curve(serverKey, clientKeys);
        assertWorks(client.runOn(resources).openNow());
    }

    @Test
    void plain() {
        byte[] password = "secret".getBytes(StandardCharsets.UTF_8);
        ZmqServer server = ZmqServer.create()
                .bind("tcp://127.0.0.1:*")
                .plainLogin(login -> login.user().equals("bob")
                        && MessageDigest.isEqual(password, login.password().getBytes(StandardCharsets.UTF_8)));
        ZmqBinding binding = server.runOn(resources).serveNow(handler);

        ZmqClient client = ZmqClient.create().connect(binding.endpoint()).plainLogin("bob", "secret");
        assertWorks(client.runOn(resources).openNow());
    }
}
