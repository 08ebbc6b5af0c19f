/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the engine asks of a selector; that it makes calls faster is for the benchmark to show. */
class EngineSelectorTest {

    private final EngineSelector selector = open();
    private Pipe pipe;

    private static EngineSelector open() {
        try {
            return new EngineSelector();
        } catch (IOException ex) {
            throw new AssertionError(ex);
        }
    }

    @BeforeEach
    void openPipe() throws IOException {
        pipe = Pipe.open();
        pipe.source().configureBlocking(false);
    }

    @AfterEach
    void close() throws IOException {
        selector.close();
        pipe.source().close();
        pipe.sink().close();
    }

    private void write() throws IOException {
        assertThat(pipe.sink().write(ByteBuffer.allocate(1))).isOne();
    }

    private void read() throws IOException {
        assertThat(pipe.source().read(ByteBuffer.allocate(2))).isOne();
    }

    private SelectionKey register() throws IOException {
        return pipe.source().register(selector, SelectionKey.OP_READ, "attachment");
    }

    /** A descriptor that is given back is no reader any more. */
    private void assertThatTheDescriptorIsClosed() {
        assertThatThrownBy(this::write).isInstanceOf(IOException.class).hasMessageContaining("pipe");
    }

    @Test
    void selectsWhatIsReadyByItsOwnKeys() throws IOException {
        SelectionKey key = register();
        assertThat(pipe.source().keyFor(selector)).isSameAs(key);
        assertThat(selector.keys()).containsExactly(key);
        assertThat(key.attachment()).isEqualTo("attachment");
        assertThat(selector.selectNow()).isZero();

        write();
        for (int i = 0; i < 3; i++) { // until it is read
            assertThat(selector.select()).isOne();
            assertThat(selector.selectedKeys()).containsExactly(key);
            assertThat(key.isReadable()).isTrue();
            selector.selectedKeys().clear();
        }
        read();
        assertThat(selector.select(1)).isZero();

        write();
        key.interestOps(0);
        assertThat(selector.select(1)).isZero();
        assertThat(register()).isSameAs(key);
        assertThat(selector.select(1)).isOne();
    }

    @Test
    void aKeyThatIsCancelledIsForgottenAndTheChannelMayComeBack() throws IOException {
        SelectionKey key = register();
        write();
        key.cancel();
        assertThat(selector.selectNow()).isZero();
        assertThat(selector.keys()).isEmpty();
        assertThat(pipe.source().isRegistered()).isFalse();
        assertThat(register()).isNotSameAs(key);
        assertThat(selector.select()).isOne();
    }

    @Test
    void aChannelThatIsClosedGivesItsDescriptorBackWithTheNextSelect() throws IOException {
        register();
        pipe.source().close();
        assertThat(selector.select(1)).isZero();
        assertThatTheDescriptorIsClosed();
    }

    @Test
    void aSelectorThatIsClosedLetsGoOfItsChannels() throws IOException {
        register();
        selector.close();
        assertThat(pipe.source().isRegistered()).isFalse();
        write();
        read();
        pipe.source().close();
        assertThatTheDescriptorIsClosed();
    }

    @Test
    void aChannelThatIsClosedBeforeItsSelectorGivesItsDescriptorBack() throws IOException {
        register();
        pipe.source().close();
        selector.close();
        assertThatTheDescriptorIsClosed();
    }

    /** A look for more before the sleep takes away what wakes the JDK's selector. */
    @Test
    void aWakeUpBeforeASelectThatLooksIsNotLost() throws Exception {
        register();
        for (int i = 0; i < 100; i++) {
            write();
            assertThat(selector.select()).isOne();
            selector.selectedKeys().clear();
            read();
            selector.wakeup();
            assertThat(soon(selector::select)).isZero();
        }
    }

    @Test
    void aWakeUpEndsASelectWheneverItComes() throws Exception {
        register();
        for (int i = 0; i < 1000; i++) {
            write();
            assertThat(selector.select()).isOne();
            selector.selectedKeys().clear();
            read();
            CompletableFuture<Integer> select = CompletableFuture.supplyAsync(() -> unchecked(selector::select));
            selector.wakeup(); // before, in or after the look
            assertThat(select.get(10, TimeUnit.SECONDS)).isZero();
            selector.selectNow(); // a wake-up that came late
        }
    }

    private interface Selecting {
        int select() throws IOException;
    }

    private static int unchecked(Selecting select) {
        try {
            return select.select();
        } catch (IOException ex) {
            throw new AssertionError(ex);
        }
    }

    private static int soon(Selecting select) throws Exception {
        return CompletableFuture.supplyAsync(() -> unchecked(select)).get(10, TimeUnit.SECONDS);
    }
}
