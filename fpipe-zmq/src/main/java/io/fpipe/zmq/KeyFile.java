/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
package io.fpipe.zmq;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file with keys, as CZMQ and pyzmq write it: ZPL (https://rfc.zeromq.org/spec/4/) with the entries
 * {@code public-key} and {@code secret-key} of a section {@code curve}.
 */
final class KeyFile {

    static final String PUBLIC = "public-key";
    static final String SECRET = "secret-key";

    private static final int MAX_BYTES = 1 << 16;

    // Z85 has a # and no quotes, so a comment may follow a quoted value only
    private static final Pattern ENTRY = Pattern.compile("\\s+(public-key|secret-key)\\s*=\\s*(.*?)\\s*");
    private static final Pattern QUOTED = Pattern.compile("([\"'])(.*?)\\1\\s*(#.*)?");

    private final Path file;
    private final Map<String, String> entries = new HashMap<>();

    private KeyFile(Path file) {
        this.file = file;
    }

    static KeyFile read(Path file) {
        KeyFile keys = new KeyFile(file);
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IllegalArgumentException(
                        file + " is no file of keys: it has " + Files.size(file) + " bytes, more than " + MAX_BYTES);
            }
            // any bytes are characters of this set: what is wrong with them is told by line
            keys.parse(Files.readString(file, StandardCharsets.ISO_8859_1));
        } catch (IOException ex) {
            throw new UncheckedIOException("cannot read the keys in " + file + ": " + ex, ex);
        }
        return keys;
    }

    private void parse(String text) {
        String section = "";
        int number = 0;
        for (String line : text.split("\r\n|\n|\r", -1)) {
            number++;
            if (line.isBlank() || line.strip().startsWith("#")) {
                continue;
            }
            if (!Character.isWhitespace(line.charAt(0))) {
                section = line.split("[\\s#=]", 2)[0];
                continue;
            }
            Matcher entry = ENTRY.matcher(line);
            if (section.equals("curve") && entry.matches()) {
                Matcher quoted = QUOTED.matcher(entry.group(2));
                String value = quoted.matches() ? quoted.group(2) : entry.group(2);
                if (entries.put(entry.group(1), value) != null) {
                    throw new IllegalArgumentException(file + ", line " + number + ": a second " + entry.group(1));
                }
            }
        }
    }

    boolean has(String name) {
        return entries.containsKey(name);
    }

    String get(String name) {
        String value = entries.get(name);
        if (value == null) {
            throw new IllegalArgumentException(file + " has no " + name + " in a section \"curve\"");
        }
        return value;
    }

    /** Writes a file that is not there yet; one with a secret can be read by its owner only, where that can be said. */
    static void create(Path file, String text, boolean secret) throws IOException {
        boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] attributes = secret && posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        try (var out = Files.newByteChannel(
                file, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), attributes)) {
            var bytes = StandardCharsets.US_ASCII.encode(text);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        } catch (FileAlreadyExistsException ex) {
            throw new FileAlreadyExistsException(file.toString(), null, "keys are not overwritten");
        }
    }

    /** The text of a file. */
    static String text(String publicKey, String secretKey) {
        boolean secret = !secretKey.isEmpty();
        return "# ZeroMQ CURVE " + (secret ? "**Secret** " : "Public ") + "Certificate, made by fpipe\n"
                + (secret
                        ? "# DO NOT GIVE THIS FILE TO ANYBODY.\n"
                        : "# Give this file to your peers by a way that they can trust.\n")
                + "\nmetadata\ncurve\n"
                + "    " + PUBLIC + " = \"" + publicKey + "\"\n"
                + (secret ? "    " + SECRET + " = \"" + secretKey + "\"\n" : "");
    }
}
