"""A platform made of folders: programs that tell a version, a cache, and a real HTTP server for releases."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from livegate.opa.surroundings import Surroundings
from livegate.opa.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(slots=True)
class Answer:
    """What the server sends. ``declared``: a Content-Length that is not the body's, so that it ends early."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None


@dataclass(slots=True)
class WebServer:
    """A loopback server: ``answers`` by path, ``asked`` in order with the headers that came."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def put(
        self, path: str, body: bytes = b"", *, status: int = 200, declared: int | None = None, **headers: str
    ) -> None:
        """Serve this from now on; header names with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = Answer(body, status, named, declared)

    @property
    def paths(self) -> list[str]:
        """Paths asked for, in order."""
        return [path for _, path, _ in self.asked]


@pytest.fixture
def web() -> Iterator[WebServer]:
    """A running web server on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            self.rfile.read(length)
            server.asked.append((self.command, self.path, dict(self.headers.items())))
            answer = server.answers.get(self.path.partition("?")[0], Answer(status=404))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) if answer.declared is None else answer.declared))
            self.end_headers()
            # A client that refuses a large body hangs up in the middle of it.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(answer.body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  # the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
            """Nothing: a test's output is its failure."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = WebServer(url=f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def script(version: str) -> bytes:
    """A program that answers ``version`` as OPA does."""
    return f'#!/bin/sh\n[ "$1" = version ] || exit 9\necho "Version: {version}"\necho "Rego Version: v1"\n'.encode()


@pytest.fixture
def program() -> Callable[..., bytes]:
    """Bytes of a program that tells the given version."""
    return script


@pytest.fixture
def place() -> Callable[[Path, bytes], Path]:
    """Writes an executable file and returns its path."""

    def write(path: Path, content: bytes) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """Linux on amd64, an empty cache, and a path with nothing but the system's own programs."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    return Surroundings(
        environ={"PATH": f"{bin_folder}:/bin", "HOME": str(tmp_path)},
        cache=tmp_path / "cache",
        target=Target("linux", "amd64"),
    )
