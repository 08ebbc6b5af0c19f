# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""What the server serves: each handler gets the pieces of a request and yields those of the reply."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import AsyncIterator, Mapping

from fpipe1 import Handler, Request


async def echo(request: Request) -> AsyncIterator[bytes]:
    """Sends everything back, as it comes."""
    async for piece in request:
        yield piece


async def upper(request: Request) -> AsyncIterator[bytes]:
    """Sends text back in upper case, as it comes; only the letters of ASCII change."""
    async for piece in request:
        yield piece.upper()


async def sum_up(request: Request) -> AsyncIterator[bytes]:
    """Replies when all has come, with its length and SHA-256."""
    digest = hashlib.sha256()
    async for piece in request:
        digest.update(piece)
    yield f"{request.incoming.taken} bytes, SHA-256 {digest.hexdigest()}\n".encode()


async def describe(request: Request) -> AsyncIterator[bytes]:
    """Replies with what the caller tells, as JSON; does not read the request, and says so."""
    request.give_up()
    metadata = request.metadata
    yield json.dumps({"route": metadata.route, "deadline": metadata.deadline, "metadata": metadata.entries}).encode()


async def slow(request: Request) -> AsyncIterator[bytes]:
    """Sends everything back, and rests 5 ms after each piece."""
    async for piece in request:
        yield piece
        await asyncio.sleep(0.005)


async def endless(_: Request) -> AsyncIterator[bytes]:
    """Replies with zeros until the call is cancelled."""
    while True:
        yield bytes(10_000)


async def never(_: Request) -> AsyncIterator[bytes]:
    """Does not reply."""
    await asyncio.Event().wait()
    yield b""


async def fail(request: Request) -> AsyncIterator[bytes]:
    """Fails when the first piece has come, with a bit of a reply."""
    async for piece in request:
        yield piece[:10]
        raise ValueError(f"cannot digest {len(piece)} bytes")
    raise ValueError("cannot digest nothing")


ROUTES: Mapping[str, Handler] = {
    "echo": echo,
    "upper": upper,
    "sum": sum_up,
    "describe": describe,
    "slow": slow,
    "endless": endless,
    "never": never,
    "fail": fail,
}
