/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;

import com.neilalexander.jnacl.crypto.curve25519xsalsa20poly1305;
import com.neilalexander.jnacl.crypto.xsalsa20poly1305;
import io.fpipe.reactor.Stage;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

/** Who speaks CURVE by hand, and wrong on purpose, gets nothing and harms nobody; that everything closes shows it, too. */
class CurveAttackTest {

    private static final ZmqKeyPair SERVER = ZmqKeyPair.generate();
    private static final ZmqKeyPair CLIENT = ZmqKeyPair.generate();

    private final Rig rig = new Rig(Rig.Wiring.TCP);

    @AfterEach
    void close() {
        rig.close();
    }

    /** One end of a connection. */
    private record Line(Socket socket, DataInputStream in) implements AutoCloseable {

        static Line of(Socket socket) throws IOException {
            socket.setSoTimeout((int) Rig.SOON.toMillis());
            return new Line(socket, new DataInputStream(socket.getInputStream()));
        }

        /** Exchanges greetings (ZMTP 3.0). */
        void greet(boolean server) throws IOException {
            ByteBuffer greeting = ByteBuffer.allocate(64);
            greeting.put((byte) 0xff).position(9).put((byte) 0x7f).put((byte) 3).put((byte) 0);
            greeting.put("CURVE".getBytes(StandardCharsets.US_ASCII));
            greeting.put(32, (byte) (server ? 1 : 0));
            socket.getOutputStream().write(greeting.array());
            in.readFully(new byte[64]);
        }

        void send(int flags, byte[] body) throws IOException {
            ByteBuffer frame = ByteBuffer.allocate(9 + body.length);
            frame.put((byte) (flags | 2)).putLong(body.length).put(body);
            socket.getOutputStream().write(frame.array());
        }

        byte[] next() throws IOException {
            int flags = in.readUnsignedByte();
            byte[] body = new byte[(flags & 2) == 0 ? in.readUnsignedByte() : (int) in.readLong()];
            in.readFully(body);
            return body;
        }

        /** The rest until the other end closes. */
        int rest() throws IOException {
            try {
                return in.readAllBytes().length;
            } catch (SocketException reset) {
                return 0;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static byte[] nonce(String prefix, byte[] rest) {
        return ByteBuffer.allocate(24)
                .put(prefix.getBytes(StandardCharsets.US_ASCII))
                .put(rest)
                .array();
    }

    private static byte[] number(long number) {
        return ByteBuffer.allocate(8).putLong(number).array();
    }

    private static byte[] secretBox(byte[] plain, byte[] nonce, byte[] key) {
        byte[] padded = new byte[32 + plain.length];
        System.arraycopy(plain, 0, padded, 32, plain.length);
        byte[] box = new byte[padded.length];
        xsalsa20poly1305.crypto_secretbox(box, padded, box.length, nonce, key);
        return Arrays.copyOfRange(box, 16, box.length);
    }

    private static byte[] agreed(byte[] publicKey, byte[] secretKey) {
        byte[] key = new byte[32];
        curve25519xsalsa20poly1305.crypto_box_beforenm(key, publicKey, secretKey);
        return key;
    }

    private static byte[] command(String name, byte[]... parts) {
        int length = 1 + name.length();
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer body =
                ByteBuffer.allocate(length).put((byte) name.length()).put(name.getBytes(StandardCharsets.US_ASCII));
        for (byte[] part : parts) {
            body.put(part);
        }
        return body.array();
    }

    private static byte[] socketType(String type, int padding) {
        byte[] name = "\13Socket-Type".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer metadata = ByteBuffer.allocate(name.length + 4 + type.length() + padding)
                .put(name)
                .putInt(type.length())
                .put(type.getBytes(StandardCharsets.US_ASCII));
        return metadata.array();
    }

    private static byte[] ready(String name, byte[] key, int padding) {
        byte[] box = secretBox(socketType("ROUTER", padding), nonce("CurveZMQREADY---", number(1)), key);
        return command(name, number(1), box);
    }

    /** JeroMQ's client takes a READY before any WELCOME, with a key of zeros: whoever is asked would be the server. */
    @ParameterizedTest
    @ValueSource(strings = {"READY", "READX"})
    void whoDoesNotHaveTheServersKeyIsNotTakenForIt(String name) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout((int) Rig.SOON.toMillis());
            ZmqExchange client = rig.track(ZmqClient.create()
                    .runOn(rig.resources)
                    .curve(SERVER.publicKey(), CLIENT)
                    .connect("tcp://127.0.0.1:" + server.getLocalPort())
                    .openNow());
            AtomicInteger asked = new AtomicInteger();
            client.apply(Flux.defer(() -> {
                        asked.incrementAndGet();
                        return Flux.just(Bytes.utf8("secret"));
                    }))
                    .subscribe(x -> {}, e -> {});
            for (int flags : new int[] {4, 0}) {
                try (Line line = Line.of(server.accept())) {
                    line.greet(true);
                    assertThat(line.next()).hasSize(200).startsWith(command("HELLO"));

                    line.send(flags, ready(name, new byte[32], 0));

                    assertThat(line.rest())
                            .as("bytes that it says to an impostor")
                            .isZero();
                }
            }
            assertThat(asked).hasValue(0);
        }
    }

    /** JeroMQ's client has room for 256 bytes of what the server says of itself; who is no server can say more. */
    @ParameterizedTest
    @ValueSource(ints = {0, 240, 60_000})
    void aReadyThatIsTooLongEndsItsConnection(int padding) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout((int) Rig.SOON.toMillis());
            rig.track(ZmqClient.create()
                    .runOn(rig.resources)
                    .curve(SERVER.publicKey(), CLIENT)
                    .connect("tcp://127.0.0.1:" + server.getLocalPort())
                    .openNow());
            try (Line line = Line.of(server.accept())) {
                line.greet(true);
                line.next();

                line.send(4, ready("READY", Bytes.random(32, 1), padding));

                assertThat(line.rest()).isZero();
            }
        }
    }

    /** The client's side of the handshake up to the WELCOME; then an INITIATE with metadata of a length. */
    private static void initiate(Line line, int flags, String name, int padding) throws IOException {
        byte[] secret = X25519.randomSecret();
        byte[] shown = X25519.publicKey(secret);
        byte[] hello =
                secretBox(new byte[64], nonce("CurveZMQHELLO---", number(1)), agreed(SERVER.publicBytes(), secret));
        line.send(4, command("HELLO", new byte[] {1, 0}, new byte[72], shown, number(1), hello));
        byte[] welcome = line.next();
        assertThat(welcome).hasSize(168);
        byte[] box = new byte[160];
        System.arraycopy(welcome, 24, box, 16, 144);
        byte[] open = new byte[160];
        byte[] nonce = nonce("WELCOME-", Arrays.copyOfRange(welcome, 8, 24));
        assertThat(curve25519xsalsa20poly1305.crypto_box_open(
                        open, box, box.length, nonce, SERVER.publicBytes(), secret))
                .isZero();
        byte[] server = Arrays.copyOfRange(open, 32, 64);
        byte[] cookie = Arrays.copyOfRange(open, 64, 160);
        byte[] random = Bytes.random(16, 1);
        byte[] vouch = secretBox(
                ByteBuffer.allocate(64).put(shown).put(SERVER.publicBytes()).array(),
                nonce("VOUCH---", random),
                agreed(server, CLIENT.secretBytes()));
        byte[] metadata = socketType("DEALER", padding);
        byte[] plain = ByteBuffer.allocate(128 + metadata.length)
                .put(CLIENT.publicBytes())
                .put(random)
                .put(vouch)
                .put(metadata)
                .array();
        byte[] initiate = secretBox(plain, nonce("CurveZMQINITIATE", number(2)), agreed(server, secret));
        line.send(flags, command(name, cookie, number(2), initiate));
    }

    private Line connected(ZmqBinding server) throws IOException {
        int port =
                Integer.parseInt(server.endpoint().substring(server.endpoint().lastIndexOf(':') + 1));
        Line line = Line.of(new Socket(InetAddress.getLoopbackAddress(), port));
        line.greet(false);
        return line;
    }

    @Test
    void aHandshakeByHandWorksWhereItIsRight() throws IOException {
        ZmqBinding server = rig.serve(Stage.identity(), s -> s.curve(SERVER, CLIENT.publicKey()::equals));
        try (Line line = connected(server)) {
            initiate(line, 4, "INITIATE", 0);
            assertThat(line.next()).startsWith(command("READY"));
        }
    }

    /** Anybody who knows the server's public key gets so far, whoever it is. */
    @ParameterizedTest
    @ValueSource(strings = {"4 INITIATE", "0 INITIATE", "4 INITIATX"})
    void anInitiateThatIsTooLongHurtsNobodyElse(String how) throws IOException {
        ZmqBinding server = rig.serve(Stage.identity(), s -> s.curve(SERVER, CLIENT.publicKey()::equals));
        ClientExchange good = rig.client(c -> c.curve(SERVER.publicKey(), CLIENT));
        for (int padding : new int[] {232, 300, 60_000}) {
            try (Line line = connected(server)) {
                initiate(line, how.charAt(0) - '0', how.substring(2), padding);
                assertThat(line.rest()).isZero();
            }
        }
        assertThat(Bytes.joinText(good.apply(Flux.just(Bytes.utf8("good")))).block(Rig.SOON))
                .isEqualTo("good");
    }

    @Test
    void whoStopsInTheMiddleOfTheHandshakeKeepsNobodyFromClosing() throws IOException {
        ZmqBinding server = rig.serve(Stage.identity(), s -> s.curve(SERVER, CLIENT.publicKey()::equals));
        try (Line first = connected(server);
                Line second = connected(server)) {
            second.send(4, command("HELLO", new byte[] {1, 0}, new byte[192]));
            assertThat(second.next()).startsWith(command("ERROR"));
            rig.close();
            assertThat(first.rest()).isZero();
        }
    }
}
