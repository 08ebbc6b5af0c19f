# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""The two directions of a call: a message that is sent and one that is received, under credit (section 6)."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from typing import Callable

from .frames import END, MIN_PAYLOAD, Code, Frame, Type

Send = Callable[[Frame], None]


def cost(length: int) -> int:
    """What a data payload costs of the credit: many tiny frames cost what they take in memory."""
    return max(length, 256) if length else 0


class Outgoing:
    """A message that this side sends."""

    def __init__(self, send: Send, incarnation: int, stream: int, credit: int, max_payload: int):
        self._send = send
        self._incarnation = incarnation
        self._stream = stream
        self._credit = credit
        self._max_payload = max_payload
        self._spent = 0
        self._more_credit = asyncio.Event()
        self.sent = 0
        self.acknowledged = 0
        self.ended = False

    def open(self, metadata: bytes, body: bytes | None, flags: int) -> None:
        """Sends OPEN, with the whole message if it is at hand and fits."""
        whole = body is not None and len(body) <= self._room()
        payload = body if whole else b""
        self._count(payload)
        self.ended = whole
        flags |= END if whole else 0
        self._send(Frame(Type.OPEN, self._incarnation, self._stream, len(metadata), metadata + payload, flags))

    async def write(self, data: bytes, end: bool = False) -> None:
        """Sends bytes as the other side lets them: returns when all have been handed to ZeroMQ."""
        at = 0
        while at < len(data):
            while self._room() < MIN_PAYLOAD:
                self._more_credit.clear()
                await self._more_credit.wait()
            piece = data[at : at + self._room()]
            at += len(piece)
            self._data(piece, end and at == len(data))
        if end and not self.ended:
            self.end()

    def end(self) -> None:
        """Says that the message is complete, which costs nothing."""
        self._data(b"", True)

    def grant(self, frame: Frame) -> None:
        """Takes a CREDIT."""
        if frame.argument > self._credit:
            self._credit = frame.argument
            self._more_credit.set()
        if len(frame.payload) >= 8:
            self.acknowledged = max(self.acknowledged, struct.unpack_from(">q", frame.payload)[0])

    def _room(self) -> int:
        return min(self._credit - self._spent, self._max_payload)

    def _data(self, payload: bytes, end: bool) -> None:
        offset = self.sent
        self._count(payload)
        self.ended = end
        self._send(Frame(Type.DATA, self._incarnation, self._stream, offset, payload, END if end else 0))

    def _count(self, payload: bytes) -> None:
        self.sent += len(payload)
        self._spent += cost(len(payload))


class Incoming:
    """A message that this side receives: an asynchronous iterator of its pieces, to be read once.

    The other side may be ahead of the reader by the window, which begins with the credit of our HELLO and doubles with
    each grant up to a maximum.
    """

    def __init__(self, send: Send, incarnation: int, stream: int, window: int, max_window: int):
        self._send = send
        self._incarnation = incarnation
        self._stream = stream
        self._window = window
        self._max_window = max_window
        self._granted = window
        self._cost_received = 0
        self._cost_taken = 0
        self._pieces: deque[bytes] = deque()
        self._error: Exception | None = None
        self._discarding = False
        self._arrived = asyncio.Event()
        self.received = 0
        self.taken = 0
        self.most_waiting = 0
        self.ended = False

    def accept(self, offset: int, payload: bytes, end: bool) -> Code | None:
        """Takes bytes from the wire. Returns the code of a violation, after which nothing of the message counts."""
        if offset != self.received:
            return Code.UNKNOWN_STREAM
        if self._cost_received + cost(len(payload)) > self._granted:
            return Code.CREDIT_EXCEEDED
        self.received += len(payload)
        self._cost_received += cost(len(payload))
        if payload and not self._discarding:
            self._pieces.append(payload)
            self.most_waiting = max(self.most_waiting, self.received - self.taken)
        self.ended = end
        self._arrived.set()
        return None

    def fail(self, error: Exception) -> None:
        """Ends the message with an error, which its reader gets after what has come before."""
        if not self.ended:
            self.ended = True
            self._error = error
            self._arrived.set()

    def discard(self) -> None:
        """Drops what waits and what comes: nobody reads any more, and no credit is granted."""
        self._discarding = True
        self._pieces.clear()
        self._arrived.set()

    def __aiter__(self) -> Incoming:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self.ended or self._discarding:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        piece = self._pieces.popleft()
        self.taken += len(piece)
        self._cost_taken += cost(len(piece))
        self._grant()
        return piece

    def _grant(self) -> None:
        """Grants what was taken once it is half a window, and nothing when all has come."""
        if self.ended or self._window + self._cost_taken - self._granted < self._window // 2:
            return
        self._window = min(2 * self._window, max(self._max_window, self._window))
        self._granted = self._window + self._cost_taken
        self._send(
            Frame(Type.CREDIT, self._incarnation, self._stream, self._granted, struct.pack(">q", self.taken))
        )
