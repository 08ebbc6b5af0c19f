# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""A server: a ROUTER that is bound and serves each call with a handler, from the bytes of the request to those of the
reply."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import AsyncIterator, Callable, Mapping, Sequence

import zmq
import zmq.asyncio

from .curve import Curve
from .frames import MAX_FRAME, MAX_METADATA, NO_REPLY, Code, Frame, Hello, Malformed, Metadata, NotAFrame, Type
from .link import LOG, Aborted, CutOff, Limits, Link, Lost, Stream
from .messages import Incoming, Outgoing, cost

MAX_STRAY = 65_536


class Request(Stream):
    """A call that is served: an asynchronous iterator of the pieces of its request, and what the caller tells."""

    def __init__(self, number: int, outgoing: Outgoing, incoming: Incoming, metadata: Metadata, no_reply: bool):
        super().__init__(number, outgoing, incoming)
        self.metadata = metadata
        self.no_reply = no_reply
        self.given_up = False  # the handler wants no more of it, and the client knows
        self.give_up: Callable[[], None] = lambda: None  # tells the client that no more is wanted
        self.timer: asyncio.TimerHandle | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.incoming


Handler = Callable[[Request], AsyncIterator[bytes]]


class Server:
    """Serves routes at an address. What it does with each call is told to a function, for a log."""

    def __init__(
        self,
        endpoint: str,
        routes: Mapping[str, Handler],
        default: Handler | None = None,
        limits: Limits = Limits(),
        told: Callable[[Request, str], None] = lambda request, how: None,
        curve: Curve | None = None,
    ):
        self.routes = dict(routes)
        self.default = default
        self.limits = limits
        self.told = told
        self.shutting_down = False
        self.violations = 0  # of all clients
        self._peers: dict[bytes, _Peer] = {}
        self._cut_off: set[bytes] = set()
        self._stray = 0
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.set(zmq.SNDHWM, 0)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.MAXMSGSIZE, MAX_FRAME)
        self._socket.set(zmq.HANDSHAKE_IVL, 2_000)
        self._socket.set(zmq.ROUTER_MANDATORY, 1)
        self._socket.set(zmq.LINGER, 500)  # for the last GOAWAY
        self._curve = curve
        if curve:
            curve.secure(self._context, self._socket)
        self._socket.bind(endpoint)
        self.endpoint: str = self._socket.get(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()

    async def serve(self) -> None:
        """Serves until the task is cancelled."""
        tasks = [asyncio.create_task(part()) for part in (self._receive, self._live)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._end()

    def stream_count(self) -> int:
        """How many calls are open with all clients."""
        return sum(len(peer.streams) for peer in self._peers.values())

    async def drain(self, grace: float) -> None:
        """Begins no more calls, and gives those that are open some seconds to end."""
        self.shutting_down = True
        for peer in list(self._peers.values()):
            peer.send(Frame(Type.GOAWAY, peer.incarnation, argument=1))
        loop = asyncio.get_running_loop()
        end = loop.time() + grace
        while self.stream_count() and loop.time() < end:
            await asyncio.sleep(0.01)

    def _end(self) -> None:
        for routing_id, peer in list(self._peers.items()):
            for request in list(peer.streams.values()):
                peer.finish(request, Code.SHUTTING_DOWN, "the server shuts down")
            self._forget(routing_id, Lost("the server shuts down"))
        self._socket.close()
        if self._curve:
            self._curve.stop()
        self._context.term()

    async def _receive(self) -> None:
        while True:
            routing_id, *parts = await self._socket.recv_multipart()
            try:
                self._handle(routing_id, Frame.parse(parts))
            except NotAFrame as ex:
                LOG.warning("dropped what %s sent: %s", routing_id.hex(), ex)
            except CutOff as ex:
                LOG.warning("%s is cut off: %s", routing_id.hex(), ex)
                self._forget(routing_id, Lost(f"the client was cut off: {ex}"))
                self._cut_off.add(routing_id)
            await asyncio.sleep(0)  # receiving does not wait while there is something

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(self.limits.ping_interval)
            for routing_id, peer in list(self._peers.items()):
                try:
                    peer.pulse()
                except Lost as ex:
                    self._forget(routing_id, ex)

    def _handle(self, routing_id: bytes, frame: Frame) -> None:
        if routing_id in self._cut_off:
            return
        peer = self._peers.get(routing_id)
        if frame.type == Type.HELLO:
            self._hello(routing_id, peer, frame)
        elif peer is not None and peer.incarnation == frame.incarnation:
            if frame.type == Type.GOAWAY:
                self._forget(routing_id, Lost("the client has gone away"), tell=False)
            else:
                peer.handle(frame)
        elif frame.type in (Type.OPEN, Type.DATA) and self._stray < MAX_STRAY:
            self._stray += 1
            text = b"the connection is not known"
            self._transmit(
                routing_id, Frame(Type.ABORT, frame.incarnation, frame.stream, Code.UNKNOWN_STREAM, text)
            )

    def _hello(self, routing_id: bytes, peer: _Peer | None, frame: Frame) -> None:
        hello = Hello.of(frame)
        if hello is None or frame.incarnation == 0:
            LOG.warning("%s says a HELLO that makes no sense", routing_id.hex())
            return
        if peer is not None and peer.incarnation != frame.incarnation:
            self._forget(routing_id, Lost("the client has begun anew"), tell=False)
            peer = None
        if peer is None:
            if len(self._peers) >= self.limits.max_peers:
                text = f"{len(self._peers)} clients are as many as are served".encode()
                self._transmit(routing_id, Frame(Type.ABORT, frame.incarnation, 0, Code.OVERLOADED, text))
                return
            peer = _Peer(self, routing_id, frame.incarnation, hello)
            self._peers[routing_id] = peer
        peer.answer(self.limits.hello().frame(peer.incarnation))
        if self.shutting_down:
            peer.send(Frame(Type.GOAWAY, peer.incarnation, argument=1))

    def _forget(self, routing_id: bytes, error: Lost, tell: bool = True) -> None:
        peer = self._peers.pop(routing_id, None)
        if peer is None:
            return
        self.violations += peer.violations
        peer.end_all(error)
        if tell:
            self._transmit(routing_id, Frame(Type.GOAWAY, peer.incarnation))

    def _transmit(self, routing_id: bytes, frame: Frame) -> None:
        # there is no high-water mark, so this is done when it returns
        failure = self._socket.send_multipart([routing_id, *frame.parts()]).exception()
        if failure is not None:  # EHOSTUNREACH: the client is gone, which is dealt with when nobody walks over it
            asyncio.get_running_loop().call_soon(self._forget, routing_id, Lost("the client is gone"), False)


class _Peer(Link[Request]):
    """A client that has said HELLO."""

    def __init__(self, server: Server, routing_id: bytes, incarnation: int, hello: Hello):
        super().__init__(
            f"client {incarnation:016x}",
            incarnation,
            hello,
            server.limits,
            lambda frame: server._transmit(routing_id, frame),
        )
        self._server = server

    def control(self, frame: Frame) -> None:
        if frame.type == Type.OPEN:
            self._open(frame)
            return
        request = self.streams.get(frame.stream)
        if request is None:
            return
        if frame.type == Type.ABORT and frame.argument == Code.CANCELLED and request.given_up:
            request.incoming.ended = True
            self._forget_if_over(request)
        elif frame.type == Type.ABORT:
            error = Aborted(frame.argument, frame.payload.decode(errors="replace"))
            self.finish(request, None, f"aborted by the client, {error}")
        elif frame.type == Type.CANCEL:
            self.finish(request, None, "cancelled by the client")

    def on_end(self, stream: Request) -> None:
        self._forget_if_over(stream)

    def on_broken(self, stream: Request, code: Code, text: str) -> None:
        self.finish(stream, code, text)

    def on_lost(self, stream: Request, error: Lost) -> None:
        self.finish(stream, None, str(error))

    def has_forgotten(self, number: int) -> bool:
        return False

    def finish(self, request: Request, code: Code | None, how: str) -> None:
        """Ends a call: cancels its handler, and says so to the client if there is a code."""
        if self.streams.pop(request.number, None) is None:
            return
        if code is not None:
            self.abort(request.number, code, how)
        over = request.outgoing.ended
        if request.timer is not None:
            request.timer.cancel()
        request.stop(Aborted(code or Code.CANCELLED, how))
        if not over:
            self._server.told(request, how)

    def _open(self, frame: Frame) -> None:
        length = frame.argument
        if frame.stream < 1 or frame.stream in self.streams or not 0 <= length <= len(frame.payload):
            text = f"OPEN of stream {frame.stream} with {length} bytes of metadata in {len(frame.payload)}"
            self.refuse(frame.stream, Code.UNKNOWN_STREAM, text)
            self.violation(text)
            return
        try:
            if length > MAX_METADATA:
                raise Malformed(f"{length} bytes, at most {MAX_METADATA} are allowed")
            metadata = Metadata.decode(frame.payload[:length])
        except Malformed as ex:
            self.refuse(frame.stream, Code.MALFORMED, f"metadata: {ex}")
            self.violation(f"metadata: {ex}")
            return
        body = frame.payload[length:]
        if cost(len(body)) > self.limits.first_credit:
            text = f"{len(body)} bytes in OPEN, the first credit is {self.limits.first_credit}"
            self.refuse(frame.stream, Code.CREDIT_EXCEEDED, text)
            self.violation(text)
            return
        handler = self._server.routes.get(metadata.route, self._server.default)
        refusal = self._refusal(metadata, handler)
        if refusal is not None:
            self.refuse(frame.stream, *refusal)
        elif handler is not None:
            self._begin(frame, metadata, body, handler)

    def _refusal(self, metadata: Metadata, handler: Handler | None) -> tuple[Code, str] | None:
        """Why no handler begins, if none does."""
        if self._server.shutting_down:
            return Code.SHUTTING_DOWN, "the server shuts down"
        if len(self.streams) >= self.limits.max_streams_per_peer:
            return Code.TOO_MANY_STREAMS, f"{len(self.streams)} calls are open"
        if self._server.stream_count() >= self.limits.max_streams:
            return Code.OVERLOADED, "as many calls are open as are served"
        if handler is None:
            return Code.UNKNOWN_ROUTE, f"there is no route {metadata.route!r}"
        if metadata.deadline == 0:
            return Code.DEADLINE_EXCEEDED, "the time of the call had passed when it came"
        return None

    def _begin(self, frame: Frame, metadata: Metadata, body: bytes, handler: Handler) -> None:
        number = frame.stream
        outgoing = Outgoing(self.send, self.incarnation, number, self.hello.credit, self.hello.max_payload)
        incoming = Incoming(
            self.send, self.incarnation, number, self.limits.first_credit, self.limits.max_window
        )
        request = Request(number, outgoing, incoming, metadata, bool(frame.flags & NO_REPLY))
        request.give_up = lambda: self._give_up(request)
        self.streams[number] = request
        incoming.accept(0, body, frame.is_end)
        if metadata.deadline is not None:
            request.timer = asyncio.get_running_loop().call_later(
                metadata.deadline, self.finish, request, Code.DEADLINE_EXCEEDED, "the time of the call has passed"
            )
        request.task = asyncio.create_task(self._serve(request, handler))

    async def _serve(self, request: Request, handler: Handler) -> None:
        try:
            async with aclosing(handler(request)) as pieces:
                async for piece in pieces:
                    if not request.no_reply:
                        await request.outgoing.write(piece)
                    await asyncio.sleep(0)  # nothing above waits while there is credit
        except Exception as ex:  # the handler's: its text is for the caller
            self.finish(request, Code.FAILED, str(ex))
            return
        request.outgoing.end()
        request.incoming.discard()
        self._server.told(request, "complete")
        self._forget_if_over(request)

    def _give_up(self, request: Request) -> None:
        if not request.incoming.ended and not request.given_up:
            request.given_up = True
            request.incoming.discard()
            self.send(Frame(Type.CANCEL, self.incarnation, request.number))

    def _forget_if_over(self, request: Request) -> None:
        if request.incoming.ended and request.outgoing.ended and self.streams.pop(request.number, None):
            if request.timer is not None:
                request.timer.cancel()
