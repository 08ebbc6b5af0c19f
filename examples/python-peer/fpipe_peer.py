#!/usr/bin/env python3
# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""Serves or calls over FPIPE/1, the protocol of fpipe's ZmqServer and ZmqClient. See README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import logging
import os
import random
import signal
import stat
import sys
import time
from typing import AsyncIterator, BinaryIO

try:
    import zmq  # noqa: F401  said here in one line instead of a trace from below
except ModuleNotFoundError:
    sys.exit("fpipe_peer: this Python has no zmq module; on Debian: apt install python3-zmq, and /usr/bin/python3")

from fpipe1 import Aborted, Client, Curve, DeadlineExceeded, Limits, Lost, Metadata, Request, Server
from handlers import ROUTES, echo

PIECE = 65_536
EXIT_ABORTED, EXIT_LOST, EXIT_LATE = 1, 3, 4


class Counted:
    """Counts and digests what passes."""

    def __init__(self) -> None:
        self.length = 0
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        """Takes the next piece."""
        self.length += len(piece)
        self._digest.update(piece)

    def __str__(self) -> str:
        return f"{self.length} bytes, SHA-256 {self._digest.hexdigest()}"


async def made_up(length: int, seed: int) -> AsyncIterator[bytes]:
    """Bytes that look random and are the same for the same seed."""
    source = random.Random(seed)
    block = source.randbytes(PIECE)
    for at in range(0, length, PIECE):
        mark = source.randbytes(8)  # no two pieces are alike
        yield (mark + block[8:])[: length - at]


async def read(name: str) -> AsyncIterator[bytes]:
    """The bytes of a file, or as they come of the standard input, whose name is "-"."""
    if name != "-":
        with open(name, "rb") as file:
            while piece := file.read(PIECE):
                yield piece
        return
    stdin: BinaryIO = sys.stdin.buffer
    mode = os.fstat(stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stdin.isatty()):
        while piece := stdin.read(PIECE):
            yield piece
        return
    reader = asyncio.StreamReader(limit=PIECE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
    while piece := await reader.read(PIECE):
        yield piece


async def counting(source: AsyncIterator[bytes], counted: Counted) -> AsyncIterator[bytes]:
    """The same bytes, counted."""
    async for piece in source:
        counted.add(piece)
        yield piece


def report(args: argparse.Namespace, line: str) -> None:
    """Prints a line, beside the reply if that is printed."""
    print(line, file=args.report, flush=True)


async def call(client: Client, args: argparse.Namespace, number: int) -> None:
    """Makes one call and prints what went there and what came back."""
    sent, got = Counted(), Counted()
    source = made_up(args.bytes, number) if args.bytes is not None else read(args.file)
    if args.whole:
        source_or_bytes: bytes | AsyncIterator[bytes] = b"".join([piece async for piece in source])
        sent.add(source_or_bytes)
    else:
        source_or_bytes = counting(source, sent)
    metadata = Metadata(args.route, args.deadline, dict(args.metadata))
    start = time.monotonic()
    cancelled = False
    async with client.call(source_or_bytes, metadata, args.no_reply) as reply:
        async for piece in reply:
            if not got.length:
                report(args, f"call {number}: first bytes after {time.monotonic() - start:.3f} s")
            got.add(piece)
            if args.output:
                args.output.write(piece)
            if args.cancel_after is not None and got.length >= args.cancel_after:
                cancelled = True
                break
            if args.pause:
                await asyncio.sleep(args.pause / 1000)
    seconds = time.monotonic() - start
    speed = (sent.length + got.length) / 1e6 / max(seconds, 1e-9)
    report(args, f"call {number}: sent {sent}")
    report(args, f"call {number}: got {got}{', then cancelled' if cancelled else ''}")
    waited = f"at most {reply.incoming.most_waiting} bytes waited for the reader"
    report(args, f"call {number}: {seconds:.3f} s, {speed:.1f} MB/s both ways, {waited}")


async def make_calls(args: argparse.Namespace) -> int:
    """Makes the calls at the same time on one connection; returns the exit code."""
    code = 0
    curve = Curve(args.keys, server_key=args.server_key) if args.keys else None
    async with Client(args.endpoint, limits(args), curve) as client:
        calls = [asyncio.create_task(call(client, args, number)) for number in range(1, args.calls + 1)]
        for number, result in enumerate(await asyncio.gather(*calls, return_exceptions=True), 1):
            if isinstance(result, Aborted):
                code = EXIT_ABORTED
            elif isinstance(result, Lost):
                code = EXIT_LOST
            elif isinstance(result, DeadlineExceeded):
                code = EXIT_LATE
            elif isinstance(result, BaseException):
                raise result
            else:
                continue
            report(args, f"call {number}: failed, {type(result).__name__}: {result}")
    report(args, f"violations of the server: {client.violations}")
    return code


async def serve(args: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def told(request: Request, how: str) -> None:
        route = request.metadata.route or "-"
        got, sent = request.incoming.received, request.outgoing.sent
        print(f"call {request.number} of {route}: got {got}, sent {sent} bytes, {how}", flush=True)

    curve = Curve(args.keys, clients=args.clients) if args.keys else None
    server = Server(args.endpoint, ROUTES, None if args.routes_only else echo, limits(args), told, curve)
    print(f"serving {server.endpoint}", flush=True)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    print(f"shutting down, {server.stream_count()} calls are open", flush=True)
    await server.drain(args.grace)
    serving.cancel()
    await asyncio.wait([serving])
    if not serving.cancelled():
        serving.result()
    print(f"violations of the clients: {server.violations}", flush=True)
    return 0


def limits(args: argparse.Namespace) -> Limits:
    """The limits that were asked for."""
    return Limits(first_credit=min(65_536, args.window), max_window=args.window, ping_interval=args.ping)


def entry(text: str) -> tuple[str, str]:
    """Reads KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def window(text: str) -> int:
    """Reads the length of a window."""
    if not text.isdigit() or int(text) < 4_096:
        raise argparse.ArgumentTypeError(f"a window is a number from 4096 on, not {text!r}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("endpoint", help="such as tcp://127.0.0.1:5555")
    common.add_argument("--window", type=window, default=4 << 20, help="bytes that may wait for a reader (4 MiB)")
    common.add_argument("--ping", type=float, default=5, metavar="SECONDS", help="between signs of life (5)")
    common.add_argument("--verbose", action="store_true", help="tell of dropped frames and lost connections")
    common.add_argument("--keys", metavar="FILE", help="NAME.key_secret of this end: the connection uses CURVE")
    top = argparse.ArgumentParser(prog="fpipe_peer.py", description="A client and a server of FPIPE/1.")
    commands = top.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", parents=[common], help=f"serves the routes {', '.join(ROUTES)}")
    server.add_argument("--routes-only", action="store_true", help="refuse other routes instead of echoing them")
    server.add_argument("--clients", metavar="FOLDER", help="with the NAME.key of each client that --keys lets in")
    server.add_argument("--grace", type=float, default=5, metavar="SECONDS", help="for open calls at the end (5)")
    client = commands.add_parser("call", parents=[common], help="sends a message, prints what comes back")
    client.add_argument("file", nargs="?", default="-", help="what to send, ahead of options; - is stdin (default)")
    client.add_argument("--bytes", type=int, metavar="N", help="send N bytes that are made up instead")
    client.add_argument("--whole", action="store_true", help="gather the message first; small ones go in one frame")
    client.add_argument("--route", default="", help="the handler to call")
    client.add_argument("--metadata", type=entry, action="append", default=[], metavar="KEY=VALUE")
    client.add_argument("--deadline", type=float, metavar="SECONDS", help="for the whole call")
    client.add_argument("--no-reply", action="store_true", help="only hear how it ended")
    client.add_argument("--calls", type=int, default=1, metavar="N", help="make N calls at the same time (1)")
    client.add_argument("--cancel-after", type=int, metavar="N", help="cancel when N bytes have come")
    client.add_argument("--pause", type=float, default=0, metavar="MS", help="rest after each piece of the reply")
    client.add_argument("--server-key", metavar="FILE", help="NAME.key of the server, with --keys")
    client.add_argument("--output", metavar="FILE", help="write the reply there; - is the standard output")
    return top


def main() -> int:
    """Runs a command; returns the exit code."""
    args = parser().parse_args()
    if bool(args.keys) != bool(args.clients if args.command == "serve" else args.server_key):
        parser().error("--keys needs --clients to serve and --server-key to call, and they need --keys")
    logging.basicConfig(
        level=logging.INFO if args.verbose else logging.WARNING, format="%(message)s", stream=sys.stderr
    )
    if args.command == "serve":
        return asyncio.run(serve(args))
    args.report = sys.stderr if args.output == "-" else sys.stdout
    with contextlib.ExitStack() as files:
        if args.output == "-":
            args.output = sys.stdout.buffer
        elif args.output:
            args.output = files.enter_context(open(args.output, "wb"))
        return asyncio.run(make_calls(args))


if __name__ == "__main__":
    sys.exit(main())
