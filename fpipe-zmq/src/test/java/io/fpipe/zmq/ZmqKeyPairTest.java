/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.neilalexander.jnacl.crypto.curve25519xsalsa20poly1305;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys, as text and in files. */
class ZmqKeyPairTest {

    // of the documentation of libzmq
    private static final String PUBLIC = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
    private static final String SECRET = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

    private static final String SERVER_PUBLIC = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    private static final String SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

    @TempDir
    Path folder;

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void z85IsThatOfItsSpecification() {
        byte[] bytes = HexFormat.of().parseHex("864fd26fb559f75b");
        assertThat(Z85.encode(bytes)).isEqualTo("HelloWorld");
        assertThat(Z85.decode("x", "HelloWorld", 8)).isEqualTo(bytes);
        byte[] most = HexFormat.of().parseHex("ffffffff00000000");
        assertThat(Z85.encode(most)).isEqualTo("%nSc000000");
        assertThat(Z85.decode("x", "%nSc000000", 8)).isEqualTo(most);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "HelloWorl must_have_10_characters_of_Z85,_has_9",
                "HelloWorld1 must_have_10_characters_of_Z85,_has_11",
                "Hello~orld its_character_6_is_none_of_it",
                "Hello\u00e9orld its_character_6_is_none_of_it",
                "%nSc100000 its_characters_1_to_5_are_too_large",
                "00000##### its_characters_6_to_10_are_too_large"
            })
    void whatIsNotZ85IsRefusedWithTheReason(String text, String why) {
        assertThatThrownBy(() -> Z85.decode("it", text, 8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("it ")
                .hasMessageContaining(why.replace('_', ' '));
    }

    @Test
    void publicKeysAreThoseOfTheEngineAndOfTheSpecification() {
        for (int i = 0; i < 20; i++) {
            byte[] secret = Bytes.random(32, i);
            byte[] expected = new byte[32];
            curve25519xsalsa20poly1305.crypto_box_getpublickey(expected, secret);
            assertThat(X25519.publicKey(secret)).isEqualTo(expected);
        }
        assertThat(ZmqKeyPair.of(PUBLIC, SECRET).publicKey()).isEqualTo(PUBLIC);
        assertThat(ZmqKeyPair.of(SERVER_PUBLIC, SERVER_SECRET).publicKey()).isEqualTo(SERVER_PUBLIC);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "0000000000000000000000000000000000000000000000000000000000000080"
            })
    void aKeyThatProtectsNothingIsRefused(String key) {
        String text = Z85.encode(HexFormat.of().parseHex(key));
        assertThatThrownBy(() -> ZmqClient.create().curve(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the server's key is a key that protects nothing");
        assertThatThrownBy(() -> ZmqKeyPair.of(text, SECRET)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void eachPairIsAnotherAndTellsNoSecret() {
        ZmqKeyPair first = ZmqKeyPair.generate();
        ZmqKeyPair second = ZmqKeyPair.generate();
        assertThat(first.publicKey()).hasSize(40).isNotEqualTo(second.publicKey());
        assertThat(first.secretBytes()).isNotEqualTo(second.secretBytes());
        assertThat(first).hasToString("ZmqKeyPair[publicKey=" + first.publicKey() + "]");
        assertThat(X25519.publicKey(first.secretBytes())).isEqualTo(first.publicBytes());
    }

    @Test
    void keysThatDoNotBelongTogetherAreRefused() {
        assertThatThrownBy(() -> ZmqKeyPair.of(SERVER_PUBLIC, SECRET))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the public-key and secret-key do not belong together");
        assertThatThrownBy(() -> ZmqKeyPair.of(PUBLIC, "secret"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the secret-key must have 40 characters of Z85, has 6");
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        ZmqKeyPair keys = ZmqKeyPair.of(PUBLIC, SECRET);
        Path keyFolder = folder.resolve("made/for it");
        keys.write(keyFolder, "server");

        assertThat(ZmqKeyPair.readPublicKey(keyFolder.resolve("server.key"))).isEqualTo(PUBLIC);
        assertThat(ZmqKeyPair.readPublicKey(keyFolder.resolve("server.key_secret")))
                .isEqualTo(PUBLIC);
        ZmqKeyPair read = ZmqKeyPair.read(keyFolder.resolve("server.key_secret"));
        assertThat(hex(read.secretBytes())).isEqualTo(hex(keys.secretBytes()));
        assertThat(Files.readString(keyFolder.resolve("server.key"))).doesNotContain(SECRET, "secret-key");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFolder.resolve("server.key_secret"))))
                .isEqualTo("rw-------");
    }

    @ParameterizedTest
    @ValueSource(strings = {"server.key", "server.key_secret"})
    void keysAreNotOverwritten(String there) throws IOException {
        Files.writeString(folder.resolve(there), "precious");

        assertThatThrownBy(() -> ZmqKeyPair.generate().write(folder, "server"))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(there)
                .hasMessageContaining("keys are not overwritten");

        assertThat(folder.toFile().list()).containsExactly(there);
        assertThat(folder.resolve(there)).hasContent("precious");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "curve\n    public-key = \"P\"\n    secret-key = \"S\"",
                "# a comment\n\nmetadata\n    name = \"x\"\n    public-key = \"other\"\ncurve\n"
                        + "    public-key = 'P' # mine\n    secret-key='S'",
                "curve # keys\r\n\tsecret-key\t=\tS\r\n\tpublic-key\t=\tP\t\r\n",
                "1.0\ncurve\n  # no key\n  public-key=P\n  secret-key=S\nlater\n  secret-key=x\n"
            })
    void allFormsOfTheFormatAreRead(String text) throws IOException {
        Path file = folder.resolve("x.key_secret");
        Files.writeString(file, text.replace("P", SERVER_PUBLIC).replace("S", SERVER_SECRET));

        assertThat(Arrays.equals(
                        ZmqKeyPair.read(file).secretBytes(),
                        ZmqKeyPair.of(SERVER_PUBLIC, SERVER_SECRET).secretBytes()))
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "|has no public-key in a section \"curve\"",
                "curve\\n public-key = \"P\"|has no secret-key in a section \"curve\"",
                " public-key = \"P\"\\n secret-key = \"S\"|has no public-key in a section",
                "curve\\n public-key = \"P\"\\n public-key = \"P\"|line 3: a second public-key",
                "curve\\n public-key = \"P\"\\n secret-key = \"\"|secret-key must have 40 characters of Z85, has 0",
                "curve\\n public-key = \"~P\"\\n secret-key = \"S\"|public-key must have 40 characters of Z85, has 41",
                "curve\\n public-key = \"S\"\\n secret-key = \"S\"|do not belong together",
            })
    void aFileThatIsWrongSaysWhere(String text, String why) throws IOException {
        Path file = folder.resolve("x.key_secret");
        Files.writeString(
                file,
                (text == null ? "" : text.replace("\\n", "\n"))
                        .replace("P", PUBLIC)
                        .replace("S", SECRET));

        assertThatThrownBy(() -> ZmqKeyPair.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(why)
                .hasMessageNotContaining(SECRET);
    }

    @Test
    void aFileThatIsNoneSaysSo() throws IOException {
        Path missing = folder.resolve("missing.key");
        assertThatThrownBy(() -> ZmqKeyPair.readPublicKey(missing))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(missing.toString())
                .hasMessageContaining("NoSuchFile");
        Path large = folder.resolve("large.key");
        Files.write(large, new byte[65_537]);
        assertThatThrownBy(() -> ZmqKeyPair.readPublicKey(large))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("65537 bytes");
        Path binary = folder.resolve("binary.key");
        Files.write(binary, Bytes.random(60_000, 1));
        assertThatThrownBy(() -> ZmqKeyPair.readPublicKey(binary))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no public-key");
    }
}
