"""A load generator: keep-alive connections on one thread, requests prepared once, answers counted.

A client that parses nothing costs a few microseconds a request, so that what is measured is the server.
Closed loop: each connection has one request under way. Bounded in time; loopback only.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """What a run saw: answers, seconds, and the CPU seconds that the server took meanwhile."""

    answers: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def cost(self) -> float:
        """CPU seconds of the server an answer."""
        return self.cpu / self.answers


def drive(url: str, body: object, *, pid: int, seconds: float, connections: int = 16, token: str = "") -> Load:
    """POST ``body`` again and again for ``seconds``; every answer must be a 200.

    Raises:
        RuntimeError: another status, or a connection that ends.
    """
    parts = urlsplit(url)
    assert parts.hostname == "127.0.0.1"
    data = json.dumps(body).encode()
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    request = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n{authorization}"
        f"Content-Length: {len(data)}\r\n\r\n"
    ).encode() + data
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = socket.create_connection((parts.hostname, parts.port or 80))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request)
            selector.register(connection, selectors.EVENT_READ, bytearray())
        answers, before, start = 0, cpu_seconds(pid), time.perf_counter()
        end = start + seconds
        while (now := time.perf_counter()) < end:
            for key, _ in selector.select(timeout=1):
                answers += _answer(key.fileobj, key.data, request)  # type: ignore[arg-type]  # what was registered
        used = cpu_seconds(pid) - before
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # what was registered
    return Load(answers, now - start, used)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, user and system."""
    with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123  # a file of the kernel, not a path of ours
        fields = stream.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _answer(connection: socket.socket, buffer: bytearray, request: bytes) -> int:
    chunk = connection.recv(65536)
    if not chunk:
        raise RuntimeError("the server closed a connection")
    buffer += chunk
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return 0
    if not buffer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the server answered {bytes(buffer[:200])!r}")
    length = buffer.find(b"Content-Length: ")
    size = int(buffer[length + 16 : buffer.find(b"\r", length)])
    if len(buffer) < head + 4 + size:
        return 0
    buffer.clear()
    connection.sendall(request)
    return 1
