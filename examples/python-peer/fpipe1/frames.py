# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""What is on the wire: frames (sections 1, 2 and 4 of docs/wire-format.md) and metadata (section 5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Iterator, NamedTuple, Sequence

HEADER = struct.Struct(">HBBB3xQqq")  # magic, version, type, flags, reserved, incarnation, stream, argument
MAGIC = 0xF19E
VERSION = 1

END = 1  # flag of OPEN and DATA: the message is complete
NO_REPLY = 2  # flag of OPEN: the client wants no bytes back

MAX_PAYLOAD = 65_536
MIN_PAYLOAD = 256
MIN_CREDIT = 4_096
MAX_METADATA = 16_384
MAX_FRAME = 131_072  # header, metadata and payload fit
MAX_TEXT = 1_024
OWN_PART = 8_192  # a payload from this size on is not copied behind its header


class Type(IntEnum):
    """The types of frames."""

    HELLO = 1
    OPEN = 2
    DATA = 3
    CREDIT = 4
    CANCEL = 5
    ABORT = 6
    GOAWAY = 7
    PING = 8
    PONG = 9


class Code(IntEnum):
    """Why a message was aborted (section 8)."""

    FAILED = 1
    CANCELLED = 2
    UNKNOWN_STREAM = 3
    CREDIT_EXCEEDED = 4
    TOO_MANY_STREAMS = 5
    UNKNOWN_ROUTE = 6
    DEADLINE_EXCEEDED = 7
    OVERLOADED = 8
    TOO_LARGE = 9
    SHUTTING_DOWN = 10
    MALFORMED = 11


def code_name(code: int) -> str:
    """Names a code, also one that a later version has added."""
    return Code(code).name if code in Code._value2member_map_ else f"code {code}"


class NotAFrame(ValueError):
    """A ZeroMQ message that is no frame: to be dropped and logged."""


class Malformed(ValueError):
    """Metadata that cannot be read."""


class Frame(NamedTuple):
    """One frame: a header and its payload."""

    type: int
    incarnation: int
    stream: int = 0
    argument: int = 0
    payload: bytes = b""
    flags: int = 0
    version: int = VERSION

    def parts(self) -> list[bytes]:
        """The ZeroMQ message: one part, or two where copying the payload would cost more."""
        header = HEADER.pack(MAGIC, VERSION, self.type, self.flags, self.incarnation, self.stream, self.argument)
        if len(self.payload) < OWN_PART:
            return [header + self.payload]
        return [header, self.payload]

    @staticmethod
    def parse(parts: Sequence[bytes]) -> Frame:
        """Reads a ZeroMQ message, without the routing id that a ROUTER puts ahead."""
        if len(parts) not in (1, 2):
            raise NotAFrame(f"a frame has 1 or 2 parts, not {len(parts)}")
        first = parts[0]
        if len(first) < HEADER.size:
            raise NotAFrame(f"a header has {HEADER.size} bytes, not {len(first)}")
        if len(parts) == 2 and len(first) != HEADER.size:
            raise NotAFrame(f"ahead of a payload of its own part a header has {HEADER.size} bytes, not {len(first)}")
        magic, version, type_, flags, incarnation, stream, argument = HEADER.unpack_from(first)
        if magic != MAGIC:
            raise NotAFrame(f"the magic is {magic:04x}, not {MAGIC:04x}")
        # a HELLO is read in any later version, for it is answered in ours (section 3.1)
        if version != VERSION and not (version > VERSION and type_ == Type.HELLO):
            raise NotAFrame(f"the version is {version}, not {VERSION}")
        payload = parts[1] if len(parts) == 2 else first[HEADER.size :]
        return Frame(type_, incarnation, stream, argument, payload, flags, version)

    @property
    def is_end(self) -> bool:
        """Whether the message is complete with this frame."""
        return bool(self.flags & END)


class Hello(NamedTuple):
    """What one side tells the other about itself."""

    credit: int
    max_payload: int

    def frame(self, incarnation: int) -> Frame:
        """The HELLO that says so."""
        return Frame(Type.HELLO, incarnation, argument=self.credit, payload=struct.pack(">I", self.max_payload))

    @staticmethod
    def of(frame: Frame) -> Hello | None:
        """What a HELLO says, or None if it makes no sense."""
        if len(frame.payload) < 4:
            return None
        hello = Hello(frame.argument, min(struct.unpack_from(">I", frame.payload)[0], MAX_PAYLOAD))
        return hello if hello.credit >= MIN_CREDIT and hello.max_payload >= MIN_PAYLOAD else None


@dataclass(frozen=True)
class Metadata:
    """What an OPEN says of its call."""

    route: str = ""
    deadline: float | None = None  # seconds that are left
    entries: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes ahead of the request; ValueError if they are too many."""
        fields = []
        if self.route:
            fields.append(_field(1, _name("route", self.route)))
        if self.deadline is not None:
            fields.append(_field(2, struct.pack(">q", max(0, round(self.deadline * 1000)))))
        for key, value in self.entries.items():
            name = _name("key", key)
            fields.append(_field(3, bytes([len(name)]) + name + value.encode()))
        encoded = b"".join(fields)
        if len(encoded) > MAX_METADATA:
            raise ValueError(f"the metadata takes {len(encoded)} bytes, at most {MAX_METADATA} are allowed")
        return encoded

    @staticmethod
    def decode(encoded: bytes) -> Metadata:
        """Reads metadata; Malformed says what is wrong with it."""
        route: str | None = None
        deadline: float | None = None
        entries: dict[str, str] = {}
        for tag, value in _fields(encoded):
            if tag == 1:
                if route is not None or not 1 <= len(value) <= 255:
                    raise Malformed(f"a second route, or one of {len(value)} bytes instead of 1 to 255")
                route = _text(value)
            elif tag == 2:
                if deadline is not None or len(value) != 8 or value[0] & 0x80:
                    raise Malformed("a second deadline, or one that is not 8 bytes and positive")
                deadline = struct.unpack(">q", value)[0] / 1000
            elif tag == 3:
                length = value[0] if value else 0
                if length == 0 or 1 + length > len(value):
                    raise Malformed(f"a key of {length} bytes in an entry of {len(value)}")
                key = _text(value[1 : 1 + length])
                if key in entries:
                    raise Malformed(f"the key {key!r} twice")
                entries[key] = _text(value[1 + length :])
        return Metadata(route or "", deadline, entries)


def _field(tag: int, value: bytes) -> bytes:
    if len(value) > MAX_METADATA:
        raise ValueError(f"a field of metadata has {len(value)} bytes, at most {MAX_METADATA} are allowed")
    return struct.pack(">BH", tag, len(value)) + value


def _fields(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(encoded):
        if at + 3 > len(encoded):
            raise Malformed(f"the field at {at} has no length")
        tag, length = struct.unpack_from(">BH", encoded, at)
        at += 3
        if at + length > len(encoded):
            raise Malformed(f"the field before {at} has {length} bytes, {len(encoded) - at} are left")
        yield tag, encoded[at : at + length]
        at += length


def _name(what: str, name: str) -> bytes:
    encoded = name.encode()
    if not 1 <= len(encoded) <= 255:
        raise ValueError(f"a {what} has 1 to 255 bytes, not {len(encoded)}")
    return encoded


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as ex:
        raise Malformed(f"text that is not UTF-8: {ex}") from None
