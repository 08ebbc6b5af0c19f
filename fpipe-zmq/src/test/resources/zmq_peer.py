# Copyright the fpipe authors
# SPDX-License-Identifier: Apache-2.0
"""A libzmq socket that does what it is told, one command a line on its input or one on its command line.

Each command is answered by a line: what it found, or "error ...". A message is given by the sizes of its frames, as in
"5,0,7"; messages are separated by ";". Sums are CRC-32 over the length (4 bytes, big endian) and the bytes of each
frame, and over the number of frames of each message before them.

  open TYPE bind|connect ENDPOINT [NAME=VALUE...]   its endpoint; names: id, probe, mandatory, user, password, server
  logins USER PASSWORD                              whom sockets with server=1 let in
  send SIZES SEED                                   the sum of what was sent
  say -HEX...                                       sends one message, each frame given in hexadecimal,
                                                    unless there is no room
  receive COUNT                                     the sum of what was received; what a publisher sent to be found is not
  echo COUNT                                        sends back each message that it receives
  ask SIZES SEED [empty|peer]                       sends each message behind an empty frame, or the id of the peer that
                                                    announced itself, and compares it with the reply
  publish                                           sends "sync" until the next command comes
  take                                              one message, as say is given it
  subscribe TOPIC, unsubscribe TOPIC                of a SUB; no topic is for all messages
"""
import os
import random
import select
import struct
import sys
import threading
import zlib

import zmq

SYNC = [b"sync"]
LIMIT = 10_000  # milliseconds

context = zmq.Context()
socket = None
users = {}
commands = open(0, "rb", buffering=0)  # nothing is read ahead, so that select tells the truth


def open_socket(kind, how, endpoint, *options):
    global socket
    if socket is not None:
        socket.close(linger=1000)
    socket = context.socket(getattr(zmq, kind.upper()))
    socket.rcvtimeo = socket.sndtimeo = LIMIT
    for name, _, value in (option.partition("=") for option in options):
        if name == "id":
            socket.identity = value.encode()
        elif name == "probe":
            socket.probe_router = int(value)
        elif name == "user":
            socket.plain_username = value.encode()
        elif name == "password":
            socket.plain_password = value.encode()
        elif name == "mandatory":
            socket.router_mandatory = int(value)
        elif name == "server":
            socket.plain_server = int(value)
        else:
            raise ValueError(name)
    getattr(socket, how)(endpoint)
    return socket.last_endpoint.decode().rstrip("\0")


def logins(user, password):
    if not users:
        handler = context.socket(zmq.REP)
        handler.bind("inproc://zeromq.zap.01")
        threading.Thread(target=serve_logins, args=[handler], daemon=True).start()
    users[user.encode()] = password.encode()
    return "ok"


def serve_logins(handler):  # https://rfc.zeromq.org/spec/27/
    while True:
        version, request, _, _, _, mechanism, *credentials = handler.recv_multipart()
        good = mechanism == b"PLAIN" and users.get(credentials[0]) == credentials[1]
        handler.send_multipart([version, request, b"200" if good else b"400", b"", b"", b""])


def messages(sizes, seed):
    source = random.Random(int(seed))
    return [[source.randbytes(int(size)) for size in message.split(",")] for message in sizes.split(";")]


def add(crc, frames):
    crc = zlib.crc32(struct.pack(">i", len(frames)), crc)
    for frame in frames:
        crc = zlib.crc32(frame, zlib.crc32(struct.pack(">i", len(frame)), crc))
    return crc


def send(sizes, seed):
    crc = 0
    for frames in messages(sizes, seed):
        socket.send_multipart(frames)
        crc = add(crc, frames)
    return crc


def say(*frames):
    try:
        socket.send_multipart([bytes.fromhex(frame[1:]) for frame in frames], zmq.NOBLOCK)
        return "ok"
    except zmq.Again:
        return "no room"


def receive(count):
    crc = 0
    for _ in range(int(count)):
        frames = socket.recv_multipart()
        while frames == SYNC:
            frames = socket.recv_multipart()
        crc = add(crc, frames)
    return crc


def echo(count):
    for _ in range(int(count)):
        socket.send_multipart(socket.recv_multipart())
    return "ok"


def ask(sizes, seed, front=None):
    prefix = {None: [], "empty": [b""], "peer": []}[front]
    if front == "peer":
        prefix, empty = [[frame] for frame in socket.recv_multipart()]
        assert empty == [b""], empty
    for frames in messages(sizes, seed):
        socket.send_multipart(prefix + frames)
        reply = socket.recv_multipart()
        assert reply == prefix + frames, f"asked {[len(f) for f in frames]}, got {[len(f) for f in reply]}"
    return "ok"


def next_command():
    while True:
        ready = select.select([commands] if socket is None else [commands, socket.fd], [], [])[0]
        if commands in ready:
            return commands.readline().decode()
        socket.events  # a bound socket learns of its peers in calls of its own thread only


def publish():
    for _ in range(LIMIT // 10):
        socket.send_multipart(SYNC)
        if select.select([commands], [], [], 0.01)[0]:
            return "ok"
    raise TimeoutError("nobody has received a message")


def take():
    return " ".join("-" + frame.hex() for frame in socket.recv_multipart())


def topic(option):
    def change(text=""):
        socket.setsockopt(option, text.encode())
        return "ok"

    return change


COMMANDS = {
    "open": open_socket,
    "logins": logins,
    "send": send,
    "say": say,
    "receive": receive,
    "echo": echo,
    "ask": ask,
    "publish": publish,
    "take": take,
    "subscribe": topic(zmq.SUBSCRIBE),
    "unsubscribe": topic(zmq.UNSUBSCRIBE),
}


def run(words):
    try:
        answer = COMMANDS[words[0]](*words[1:])
    except Exception as error:  # whoever commands is told of it, whatever it is
        answer = f"error {type(error).__name__}: {error}"
    print(answer, flush=True)


if len(sys.argv) > 1:
    run(sys.argv[1:])
for line in iter(next_command, ""):
    run(line.split())
sys.stdout.flush()
os._exit(0)  # whatever is still open, nobody waits for it
