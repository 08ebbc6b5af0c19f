# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""What both sides of a connection do alike: signs of life (section 9), violations (section 10), errors (section 8)."""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from typing import Generic, TypeVar

from .frames import MAX_PAYLOAD, MAX_TEXT, Code, Frame, Hello, Type, code_name
from .messages import Incoming, Outgoing, Send

LOG = logging.getLogger("fpipe1")

MAX_VIOLATIONS = 16
MAX_UNKNOWN = 1_024
MAX_ANSWERS = 65_536


class Aborted(Exception):
    """The other side has aborted a message."""

    def __init__(self, code: int, text: str):
        super().__init__(f"{code_name(code)}: {text}")
        self.code = code
        self.text = text


class Lost(Exception):
    """The other side is gone. What it has done with a message is not known, but for the bytes it acknowledged."""

    def __init__(self, text: str, acknowledged: int = 0):
        super().__init__(text)
        self.acknowledged = acknowledged


class DeadlineExceeded(Exception):
    """The time of a call has passed, whichever side noticed it first."""


class CutOff(Exception):
    """The other side does not follow the protocol: nothing more is said to it."""


@dataclass(frozen=True)
class Limits:
    """What a client or a server lets the other side do."""

    first_credit: int = 65_536  # of each stream, at least 4,096
    max_window: int = 4 << 20  # what it grows to while its reader reads
    max_payload: int = MAX_PAYLOAD
    ping_interval: float = 5  # seconds
    max_silent: int = 3  # intervals without any frame after which the other side is lost
    handshake_timeout: float = 5  # seconds
    max_streams_per_peer: int = 1_000
    max_streams: int = 10_000
    max_peers: int = 1_000

    def hello(self) -> Hello:
        """What is said at the beginning."""
        return Hello(self.first_credit, self.max_payload)


class Stream:
    """One call as a side of the connection sees it: what it sends and what it receives."""

    def __init__(self, number: int, outgoing: Outgoing, incoming: Incoming):
        self.number = number
        self.outgoing = outgoing
        self.incoming = incoming
        self.task: asyncio.Task[None] | None = None  # makes what is sent

    def stop(self, error: Exception | None) -> None:
        """Ends both messages where they are; without an error if what is received has ended."""
        self.outgoing.ended = True
        if error is not None:
            self.incoming.fail(error)
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()


S = TypeVar("S", bound=Stream)


class Link(Generic[S]):
    """The streams of one connection, identified by its incarnation."""

    def __init__(self, name: str, incarnation: int, hello: Hello, limits: Limits, send: Send):
        self.name = name
        self.incarnation = incarnation
        self.hello = hello  # of the other side
        self.limits = limits
        self.send = send
        self.streams: dict[int, S] = {}
        self.violations = 0
        self._silent = 0
        self._unknown = 0
        self._ping = 0
        self._answers = 0
        self._answers_at_ping = 0

    def handle(self, frame: Frame) -> None:
        """Does what a frame of this incarnation asks for; CutOff if that is enough of it."""
        self._silent = 0
        if frame.type == Type.DATA:
            self._data(frame)
        elif frame.type == Type.CREDIT:
            if stream := self.streams.get(frame.stream):
                stream.outgoing.grant(frame)
        elif frame.type == Type.PING:
            self.answer(Frame(Type.PONG, self.incarnation, argument=frame.argument))
        elif frame.type == Type.PONG:
            if self._ping and frame.argument == self._ping:
                self._answers -= self._answers_at_ping
                self._answers_at_ping = 0
        else:
            self.control(frame)

    def control(self, frame: Frame) -> None:
        """Handles the frames that mean something else at a client than at a server; others are ignored."""
        raise NotImplementedError

    def on_end(self, stream: S) -> None:
        """A message has come whole."""
        raise NotImplementedError

    def on_broken(self, stream: S, code: Code, text: str) -> None:
        """A message cannot go on for what the other side has sent; the link forgets the stream."""
        raise NotImplementedError

    def has_forgotten(self, number: int) -> bool:
        """Whether DATA for a stream that is not open is normal."""
        raise NotImplementedError

    def abort(self, number: int, code: int, text: str) -> None:
        """Says why a message ends here."""
        payload = text.encode()[:MAX_TEXT].decode(errors="ignore").encode()
        self.send(Frame(Type.ABORT, self.incarnation, number, code, payload))

    def refuse(self, number: int, code: Code, text: str) -> None:
        """Aborts what was not begun; such answers are counted."""
        self.abort(number, code, text)
        self._count_answer()

    def answer(self, frame: Frame) -> None:
        """Sends what the other side has asked for, and counts it until the other side has read it."""
        self.send(frame)
        self._count_answer()

    def violation(self, text: str) -> None:
        """Counts what nobody does who follows the protocol."""
        self.violations += 1
        LOG.warning("violation %d of %s: %s", self.violations, self.name, text)
        if self.violations > MAX_VIOLATIONS:
            raise CutOff(f"{self.violations} violations, the last one: {text}")

    def pulse(self) -> None:
        """Sends the ping of an interval; Lost if there was no sign of life for too many of them."""
        self._silent += 1
        if self._silent > self.limits.max_silent:
            raise Lost(f"{self.name} was silent for {self.limits.max_silent * self.limits.ping_interval:g} s")
        self._send_ping()

    def end_all(self, error: Lost) -> None:
        """Ends all streams: the other side is gone."""
        for stream in list(self.streams.values()):
            acknowledged = stream.outgoing.acknowledged
            self.on_lost(stream, Lost(f"{error}; {acknowledged} bytes were acknowledged", acknowledged))
        self.streams.clear()

    def on_lost(self, stream: S, error: Lost) -> None:
        """A stream ends because the other side is gone."""
        stream.stop(error)

    def _data(self, frame: Frame) -> None:
        stream = self.streams.get(frame.stream)
        if stream is None:
            if not self.has_forgotten(frame.stream):
                self._unknown += 1
                if self._unknown <= MAX_UNKNOWN:
                    self.refuse(frame.stream, Code.UNKNOWN_STREAM, f"stream {frame.stream} is not open")
            return
        if stream.incoming.ended:
            return
        due = stream.incoming.received
        code = stream.incoming.accept(frame.argument, frame.payload, frame.is_end)
        if code is not None:
            text = (
                f"stream {frame.stream}: {len(frame.payload)} bytes at {frame.argument}, "
                + (f"due were those at {due}" if code == Code.UNKNOWN_STREAM else "more than the credit")
            )
            self.on_broken(stream, code, text)
            self.violation(text)
        elif frame.is_end:
            self.on_end(stream)

    def _count_answer(self) -> None:
        self._answers += 1
        if self._answers == MAX_ANSWERS // 2:
            self._send_ping()
        elif self._answers >= MAX_ANSWERS:
            raise CutOff(f"{self._answers} answers that it did not read")

    def _send_ping(self) -> None:
        self._ping = 1 + secrets.randbits(62)
        self._answers_at_ping = self._answers
        self.send(Frame(Type.PING, self.incarnation, argument=self._ping))
