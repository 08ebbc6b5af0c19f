# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""FPIPE/1 in Python: a client and a server, written from docs/wire-format.md alone.

frames    what is on the wire: the header of 32 bytes and the metadata of a call
messages  the two directions of a call: offsets, credit, ends
link      what both sides of a connection do: pings, violations, codes of errors
client    a DEALER that makes calls
server    a ROUTER that serves them
curve     encryption of both
"""

from .client import Call, Client
from .curve import Curve
from .frames import Code, Metadata
from .link import Aborted, DeadlineExceeded, Limits, Lost
from .server import Handler, Request, Server

__all__ = [
    "Aborted",
    "Call",
    "Client",
    "Code",
    "Curve",
    "DeadlineExceeded",
    "Handler",
    "Limits",
    "Lost",
    "Metadata",
    "Request",
    "Server",
]
