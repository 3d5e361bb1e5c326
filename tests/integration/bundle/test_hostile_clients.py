"""Clients that are slow on purpose: whoever asks properly still gets an answer."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from livegate.bundle import connections
from livegate.bundle.server import BundleServer, Settings
from livegate.files import write_bytes

from .conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HALF = b"GET /health HTTP/1.1\r\nHost: x\r\n"


@contextlib.contextmanager
def _clients(url: str, count: int) -> Iterator[list[socket.socket]]:
    host, port = url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection((host, int(port)), timeout=30)) for _ in range(count)]


def _closed(client: socket.socket) -> bool:
    with contextlib.suppress(ConnectionError):
        while client.recv(65536):
            pass  # an error in HTTP is answered
    return True  # a connection that stays open ends the test with a TimeoutError


def _bearer(server: BundleServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token.reveal()}"}


@pytest.mark.parametrize("sent", [b"", b"G", HALF, b"\r\n"], ids=["nothing", "a-letter", "half", "an-empty-line"])
def test_half_a_request_is_not_waited_for(sent: bytes, settings: Settings) -> None:
    with BundleServer(replace(settings, header=0.3)) as server, _clients(server.url, 1) as [client]:
        client.sendall(sent)
        assert _closed(client)


def test_a_drop_now_and_then_buys_no_time(settings: Settings) -> None:
    with BundleServer(replace(settings, header=0.3)) as server, _clients(server.url, 1) as [client]:
        stop = threading.Event()
        sent = 0
        with contextlib.suppress(ConnectionError):
            client.sendall(HALF)
            while not stop.wait(0.05) and sent < 400:
                client.sendall(b"a: b\r\n")
                sent += 1
        assert sent < 400, "20 seconds"


def test_a_body_after_the_answer_buys_no_time(settings: Settings) -> None:
    with BundleServer(replace(settings, header=0.3)) as server, _clients(server.url, 1) as [client]:
        client.sendall(b"POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 401")
        sent = 0
        with contextlib.suppress(ConnectionError):
            while not threading.Event().wait(0.05) and sent < 400:
                client.sendall(b"x")
                sent += 1
        assert sent < 400, "20 seconds"


def test_a_long_poll_is_not_cut_off(settings: Settings) -> None:
    write_bytes(settings.dist / "iga.tar.gz", b"one")
    with BundleServer(replace(settings, header=0.2)) as server, requests.Session() as session:
        session.headers.update(_bearer(server))
        etag = session.get(f"{server.url}/bundles/iga", timeout=30).headers["ETag"]
        wait = {"If-None-Match": etag, "Prefer": "wait=1"}
        assert session.get(f"{server.url}/bundles/iga", headers=wait, timeout=30).status_code == 304


def test_when_all_places_are_taken_the_idle_give_theirs_up_and_the_polls_stay(settings: Settings) -> None:
    write_bytes(settings.dist / "iga.tar.gz", b"one")
    with (
        BundleServer(replace(settings, connections=30, header=600)) as server,
        concurrent.futures.ThreadPoolExecutor(20) as pool,
    ):
        first = requests.get(f"{server.url}/bundles/iga", headers=_bearer(server), timeout=30)
        poll = _bearer(server) | {"If-None-Match": first.headers["ETag"], "Prefer": "wait=60"}

        def ask() -> requests.Response:
            return requests.get(f"{server.url}/bundles/iga", headers=poll, timeout=60)

        waits = [pool.submit(ask) for _ in range(10)]
        until(lambda: server.waiting("iga") == 10, "ten wait")
        with _clients(server.url, 100) as slow:
            for client in slow:
                with contextlib.suppress(ConnectionError):
                    client.sendall(HALF)
            waits += [pool.submit(ask) for _ in range(10)]
            until(lambda: server.waiting("iga") == 20, "ten more got through")
            assert requests.get(f"{server.url}/health", timeout=30).ok
            assert all(_closed(client) for client in slow[:70]), "the longest idle"
            write_bytes(settings.dist / "iga.tar.gz", b"two")
            assert {wait.result(60).content for wait in waits} == {b"two"}


def test_who_asks_and_asks_and_takes_no_answer_is_let_go(settings: Settings) -> None:
    asked = (HALF + b"\r\n") * 1000
    with (
        BundleServer(replace(settings, stall=0.3)) as server,
        _clients(server.url, 1) as [client],
        contextlib.suppress(ConnectionError),
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # once the server reads no more, a connection that stays open ends this with a TimeoutError
        for _ in range(10_000):
            client.sendall(asked)
        raise AssertionError("a server that reads on and on")


PROGRAM = """
import resource, sys
from pathlib import Path
from livegate.bundle.server import Settings, serve
from livegate.secrets import Secret
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
folder = Path(sys.argv[1])
serve(
    Settings(dist=folder / "dist", logs=folder / "l", statuses=folder / "s", tokens=[Secret("t", "env:T")], drain=2),
    ready=lambda url: print(url, flush=True),
)
"""


def test_with_few_file_descriptors_it_still_answers_and_keeps_logs(settings: Settings) -> None:
    write_bytes(settings.dist / "iga.tar.gz", bytes(1 << 20))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command: list[str | Path] = [sys.executable, "-c", PROGRAM, settings.dist.parent]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        headers: dict[str, Any] = {"Authorization": "Bearer t"}
        with _clients(url, 500) as slow:
            for client in slow:
                with contextlib.suppress(ConnectionError):
                    client.sendall(HALF)
            for turn in range(20):
                answer = requests.get(f"{url}/bundles/iga", headers=headers, timeout=30)
                assert len(answer.content) == 1 << 20
                body = json.dumps([{"turn": turn}])
                assert requests.post(f"{url}/logs", data=body, headers=headers, timeout=30).json() == {"events": 1}
        process.terminate()
        _, said = process.communicate(timeout=30)
        assert b"Too many open files" not in said
    finally:
        process.kill()
        process.wait()
        process.communicate()


def test_places_stay_below_the_limit_of_file_descriptors() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert connections.places(3) == 3
    assert connections.places(10 * soft) * 2 < soft
