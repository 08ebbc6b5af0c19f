# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""A client: a DEALER that connects, makes calls, and begins anew with another socket when the server is lost."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from typing import AsyncIterable, AsyncIterator, Sequence

import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message

from .curve import Curve
from .frames import MAX_FRAME, NO_REPLY, Code, Frame, Hello, Metadata, NotAFrame, Type
from .link import LOG, Aborted, CutOff, DeadlineExceeded, Limits, Link, Lost, Stream
from .messages import Incoming, Outgoing

RETRY_SECONDS = 0.1


class Call(Stream):
    """A call that was made: an asynchronous iterator of the pieces of its reply.

    It raises Aborted if the server aborts it, Lost if the server is lost, DeadlineExceeded, or what its source raised.
    """

    timer: asyncio.TimerHandle | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.incoming


class Client:
    """Calls the server at an address; opened with "async with", and for any number of calls at once."""

    def __init__(self, endpoint: str, limits: Limits = Limits(), curve: Curve | None = None):
        self._endpoint = endpoint
        self._curve = curve
        self._limits = limits
        self._context = zmq.asyncio.Context()
        self._ready: _Connection | None = None
        self._changed = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self.trouble = "it does not answer"  # why calls wait
        self.violations = 0  # of the server

    async def __aenter__(self) -> Client:
        self._runner = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        self._runner.cancel()
        await asyncio.wait([self._runner])
        self._context.term()

    @asynccontextmanager
    async def call(
        self, source: bytes | AsyncIterable[bytes], metadata: Metadata = Metadata(), no_reply: bool = False
    ) -> AsyncIterator[Call]:
        """Makes a call, once there is a server. Leaving the block before the reply has ended cancels the call."""
        started = asyncio.get_running_loop().time()
        try:
            connection = await asyncio.wait_for(self._connection(), metadata.deadline)
        except asyncio.TimeoutError:
            raise DeadlineExceeded(f"no server within {metadata.deadline:g} s: {self.trouble}") from None
        if metadata.deadline is not None:
            left = metadata.deadline - (asyncio.get_running_loop().time() - started)
            metadata = Metadata(metadata.route, left, metadata.entries)
        call = connection.open(source, metadata, no_reply)
        try:
            yield call
        finally:
            connection.give_up(call, Aborted(Code.CANCELLED, "the call was given up"))

    async def _connection(self) -> _Connection:
        while self._ready is None or self._ready.draining:
            self._changed.clear()
            await self._changed.wait()
        return self._ready

    async def _run(self) -> None:
        while True:
            connection = _Connection(self._context, self._endpoint, self._limits, self._curve, self._opened)
            try:
                await connection.run()
            except Lost as ex:
                self.trouble = str(ex)
                LOG.info("%s", ex)
            finally:
                self._ready = None
                self.violations += connection.violations
            await asyncio.sleep(RETRY_SECONDS)

    def _opened(self, connection: _Connection) -> None:
        self._ready = connection
        self._changed.set()


class _Connection(Link[Call]):
    """One connection: a socket and an incarnation of its own."""

    def __init__(self, context: zmq.asyncio.Context, endpoint: str, limits: Limits, curve: Curve | None, opened):
        super().__init__(endpoint, 1 + secrets.randbelow(2**64 - 1), Hello(0, 0), limits, self._transmit)
        self._opened = opened
        self._last = 0  # the number of the last call
        self._greeted = asyncio.Event()
        self._trouble = Lost(f"the client of {self.name} was closed")  # what calls end with
        self.draining = False
        self._socket = context.socket(zmq.DEALER)
        self._socket.set(zmq.SNDHWM, 0)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.MAXMSGSIZE, MAX_FRAME)
        self._socket.set(zmq.HANDSHAKE_IVL, 2_000)
        self._socket.set(zmq.LINGER, 200)  # for the farewell
        if curve:
            curve.secure(context, self._socket)
        self._monitor = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | zmq.EVENT_MONITOR_STOPPED
        )
        self._socket.connect(endpoint)

    async def run(self) -> None:
        """Lives until the server is lost (Lost), or the task is cancelled."""
        tasks = [asyncio.create_task(part()) for part in (self._receive, self._watch, self._live)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except CutOff as ex:
            self._trouble = Lost(f"{self.name} was cut off: {ex}")
            raise self._trouble from None
        except Lost as ex:
            self._trouble = ex
            raise
        except asyncio.CancelledError:
            if self._greeted.is_set():
                self.send(Frame(Type.GOAWAY, self.incarnation))
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self.end_all(self._trouble)
            self._socket.disable_monitor()
            self._monitor.close(linger=0)
            self._socket.close()

    def open(self, source: bytes | AsyncIterable[bytes], metadata: Metadata, no_reply: bool) -> Call:
        """Begins a call."""
        encoded = metadata.encode()
        self._last += 1
        outgoing = Outgoing(self.send, self.incarnation, self._last, self.hello.credit, self.hello.max_payload)
        incoming = Incoming(
            self.send, self.incarnation, self._last, self.limits.first_credit, self.limits.max_window
        )
        call = Call(self._last, outgoing, incoming)
        self.streams[call.number] = call
        outgoing.open(encoded, source if isinstance(source, bytes) else None, NO_REPLY if no_reply else 0)
        if not outgoing.ended:
            call.task = asyncio.create_task(self._write(call, source))
        if metadata.deadline is not None:
            error = DeadlineExceeded("the time of the call has passed")
            loop = asyncio.get_running_loop()
            call.timer = loop.call_later(max(0, metadata.deadline), self.give_up, call, error)
        return call

    def give_up(self, call: Call, error: Exception) -> None:
        """Cancels a call that is not over."""
        if call.number in self.streams:
            self.send(Frame(Type.CANCEL, self.incarnation, call.number))
            self._forget(call, error)

    def control(self, frame: Frame) -> None:
        if frame.type == Type.HELLO:
            self._hello(frame)
        elif frame.type == Type.GOAWAY:
            if frame.argument == 0:
                raise Lost(f"{self.name} has gone away")
            self.draining = True
        elif frame.type == Type.ABORT:
            text = frame.payload.decode(errors="replace")
            if frame.stream == 0:
                raise Lost(f"{self.name} refuses: {Aborted(frame.argument, text)}")
            if call := self.streams.get(frame.stream):
                late = frame.argument == Code.DEADLINE_EXCEEDED
                self._reply_ended(call, DeadlineExceeded(text) if late else Aborted(frame.argument, text))
        elif frame.type == Type.CANCEL:
            call = self.streams.get(frame.stream)
            if call is not None and not call.outgoing.ended:
                self._stop_request(call)
                self.abort(call.number, Code.CANCELLED, "the request was given up")

    def on_end(self, stream: Call) -> None:
        self._reply_ended(stream, None)

    def on_broken(self, stream: Call, code: Code, text: str) -> None:
        self.give_up(stream, Aborted(code, text))

    def has_forgotten(self, number: int) -> bool:
        return 1 <= number <= self._last

    def _hello(self, frame: Frame) -> None:
        hello = Hello.of(frame)
        if hello is not None and not self._greeted.is_set():
            self.hello = hello
            self._greeted.set()
            self._opened(self)

    def _reply_ended(self, call: Call, error: Exception | None) -> None:
        if not call.outgoing.ended:
            self.send(Frame(Type.CANCEL, self.incarnation, call.number))
        self._forget(call, error)

    def _forget(self, call: Call, error: Exception | None) -> None:
        del self.streams[call.number]
        if call.timer is not None:
            call.timer.cancel()
        call.stop(error)

    def _stop_request(self, call: Call) -> None:
        call.outgoing.ended = True
        if call.task is not None:
            call.task.cancel()

    async def _write(self, call: Call, source: bytes | AsyncIterable[bytes]) -> None:
        try:
            if isinstance(source, bytes):
                await call.outgoing.write(source, end=True)
            else:
                async for piece in source:
                    await call.outgoing.write(piece)
                    await asyncio.sleep(0)  # nothing above waits while there is credit
                call.outgoing.end()
        except Exception as ex:  # the source's: the caller gets it
            if call.number in self.streams:
                self.abort(call.number, Code.FAILED, str(ex))
                self._forget(call, ex)

    async def _receive(self) -> None:
        while True:
            parts: Sequence[bytes] = await self._socket.recv_multipart()
            try:
                frame = Frame.parse(parts)
            except NotAFrame as ex:
                LOG.warning("dropped what %s sent: %s", self.name, ex)
                continue
            if frame.incarnation != self.incarnation:
                LOG.info("dropped a frame of another connection from %s", self.name)
            else:
                self.handle(frame)
            await asyncio.sleep(0)  # receiving does not wait while there is something

    async def _watch(self) -> None:
        while True:
            event = parse_monitor_message(await self._monitor.recv_multipart())["event"]
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.send(self.limits.hello().frame(self.incarnation))
            elif event == zmq.EVENT_DISCONNECTED:
                raise Lost(f"the connection to {self.name} was lost")

    async def _live(self) -> None:
        try:
            await asyncio.wait_for(self._greeted.wait(), self.limits.handshake_timeout)
        except asyncio.TimeoutError:
            raise Lost(f"{self.name} does not answer") from None
        while True:
            await asyncio.sleep(self.limits.ping_interval)
            self.pulse()

    def _transmit(self, frame: Frame) -> None:
        self._socket.send_multipart(frame.parts())  # there is no high-water mark: this is done when it returns
