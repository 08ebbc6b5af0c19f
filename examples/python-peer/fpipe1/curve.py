# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""CURVE (https://rfc.zeromq.org/spec/26/) for the sockets of clients and servers, with keys in files of zmq.auth."""

from __future__ import annotations

import zmq
import zmq.asyncio
from zmq.auth import load_certificate
from zmq.auth.asyncio import AsyncioAuthenticator


class Curve:
    """Keys of this end, and either the server's public key or the folder with those of the clients that are let in."""

    def __init__(self, keys: str, server_key: str | None = None, clients: str | None = None):
        self._public, self._secret = load_certificate(keys)
        if self._secret is None:
            raise ValueError(f"{keys} has no secret key")
        self._server_key = load_certificate(server_key)[0] if server_key else None
        self._clients = clients
        self._authenticator: AsyncioAuthenticator | None = None

    def secure(self, context: zmq.asyncio.Context, socket: zmq.asyncio.Socket) -> None:
        """Sets the keys of a socket that is neither bound nor connected yet."""
        socket.set(zmq.CURVE_PUBLICKEY, self._public)
        socket.set(zmq.CURVE_SECRETKEY, self._secret)
        if self._server_key:
            socket.set(zmq.CURVE_SERVERKEY, self._server_key)
            return
        socket.set(zmq.CURVE_SERVER, 1)
        self._authenticator = AsyncioAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve(domain="*", location=self._clients)

    def stop(self) -> None:
        """Ends what answers who is let in."""
        if self._authenticator:
            self._authenticator.stop()
