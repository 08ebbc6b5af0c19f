/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.reactor.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records in a module of their own, which is compiled here. */
class CborAccessTest {

    private static final Map<String, String> SOURCES = Map.of(
            "module-info.java",
            "module shop { exports shop.open; exports shop.closed; opens shop.open; }",
            "shop/open/Open.java",
            "package shop.open; public class Open { public static Object make() { return new Order(7, 0.5, \"x\"); } }"
                    + " record Order(long id, double price, String customer) {}",
            "shop/closed/Closed.java",
            "package shop.closed; public record Closed(long id) { public static Object make() { return new Closed(7); } }");

    @TempDir
    Path directory;

    private ModuleLayer layer;

    @BeforeEach
    void compile() throws IOException {
        Path classes = directory.resolve("classes");
        List<String> arguments = new ArrayList<>(List.of("-d", classes.toString()));
        for (Map.Entry<String, String> source : SOURCES.entrySet()) {
            Path file = directory.resolve("src").resolve(source.getKey());
            Files.createDirectories(file.getParent());
            Files.writeString(file, source.getValue());
            arguments.add(file.toString());
        }
        assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)))
                .isZero();
        Configuration configuration =
                ModuleLayer.boot().configuration().resolve(ModuleFinder.of(classes), ModuleFinder.of(), Set.of("shop"));
        layer = ModuleLayer.boot()
                .defineModulesWithOneLoader(configuration, getClass().getClassLoader());
    }

    private Object make(String type) throws ReflectiveOperationException {
        Method make = layer.findLoader("shop").loadClass(type).getMethod("make");
        return make.invoke(null);
    }

    @Test
    void writesAndReadsARecordThatIsNotPublicInAPackageThatIsOpen() throws ReflectiveOperationException {
        Object order = make("shop.open.Open");
        assertThat(order.getClass().getModule().isNamed()).isTrue();
        assertThat(Cbor.serializer()
                        .into(Cbor.deserializer(order.getClass()))
                        .apply(order)
                        .block())
                .isEqualTo(order);
    }

    @Test
    void saysThatAPackageHasToBeOpened() throws ReflectiveOperationException {
        Object closed = make("shop.closed.Closed");
        assertThatThrownBy(() -> Cbor.deserializer(closed.getClass()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no access to the record shop.closed.Closed: its module has to open the package"
                        + " shop.closed to fpipe");
        assertThatThrownBy(() -> Cbor.serializer().serialize(closed).blockLast())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has to open the package shop.closed");
    }
}
