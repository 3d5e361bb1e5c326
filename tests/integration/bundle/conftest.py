"""A real OPA, keys, and bundles to serve it."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from livegate import canonical
from livegate.bundle import build
from livegate.bundle.manifest import manifest_of
from livegate.bundle.server import BundleServer, Settings
from livegate.bundle.signing import KeySigner
from livegate.documents import stamp
from livegate.files import replacing, write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

T = TypeVar("T")
DEADLINE = 30.0
ENDS = 4_000_000_000_000_000_000


def until(ask: Callable[[], T | None], what: str) -> T:
    """The first answer that is something, asked for until the deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with contextlib.suppress(requests.ConnectionError):
            if answer := ask():
                return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {DEADLINE} s: {what}")


@dataclass(frozen=True)
class Keys:
    """Two signers and the PEM of the first one's public key."""

    signer: KeySigner
    other: KeySigner
    public: str


@pytest.fixture(scope="session")
def keys() -> Keys:
    """Two fresh keys that both call themselves ``k1``."""
    first, second = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = first.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Keys(KeySigner("k1", first), KeySigner("k1", second), pem.decode())


def document(value: object, sequence: int = 1) -> bytes:
    """A stamped document ``{bundle, value}``."""
    mark = {"revision": f"r{sequence}", "sequence": sequence, "issued_at": 1, "expires_at": ENDS}
    return canonical.dumps({"bundle": mark, "value": value})


def put(path: Path, files: Mapping[str, bytes], signer: KeySigner, roots: tuple[str, ...] = ("iga",)) -> None:
    """Pack ``files`` and put the bundle at ``path`` in one step."""
    mark = stamp.of_documents({name.split("/")[0]: data for name, data in files.items() if name.endswith("data.json")})
    with replacing(path) as stream:
        build.pack(files, manifest_of(mark, roots), signer, stream)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server on a free port, all folders fresh."""
    (tmp_path / "dist").mkdir()
    return Settings(dist=tmp_path / "dist", logs=tmp_path / "logs", statuses=tmp_path / "statuses", tokens=(), drain=2)


@pytest.fixture
def server(settings: Settings) -> Iterator[BundleServer]:
    """A running bundle server."""
    with BundleServer(settings) as running:
        yield running


@dataclass(frozen=True)
class Opa:
    """A running OPA."""

    url: str
    process: subprocess.Popen[bytes]

    def value(self, path: str = "iga/value") -> Any:
        """What ``data.<path>`` is now, None when undefined."""
        return requests.get(f"{self.url}/v1/data/{path}", timeout=10).json().get("result")

    def status(self, name: str = "iga") -> dict[str, Any]:
        """The status of a bundle."""
        answer = requests.get(f"{self.url}/v1/status", timeout=10).json()
        return dict(answer.get("result", {}).get("bundles", {}).get(name, {}))


@pytest.fixture
def start_opa(opa: Path, tmp_path: Path, server: BundleServer, keys: Keys) -> Iterator[Callable[..., Opa]]:
    """Starts OPA on the server's bundle ``iga``; all are stopped at the end."""
    running: list[subprocess.Popen[bytes]] = []

    def start(**bundle: Any) -> Opa:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        configuration = {
            "services": {"s": {"url": server.url, "credentials": {"bearer": {"token": server.token.reveal()}}}},
            "keys": {"k1": {"algorithm": "ES256", "key": keys.public}},
            "bundles": {
                "iga": {
                    "service": "s",
                    "resource": "bundles/iga.tar.gz",
                    "signing": {},
                    "polling": {"min_delay_seconds": 1, "max_delay_seconds": 1, "long_polling_timeout_seconds": 20},
                    **bundle,
                }
            },
            "status": {"service": "s"},
            "decision_logs": {"service": "s", "reporting": {"min_delay_seconds": 1, "max_delay_seconds": 1}},
            "labels": {"app": "test"},
        }
        path = tmp_path / f"opa-{port}.json"
        write_bytes(path, json.dumps(configuration).encode(), mode=0o600)
        command: list[str | Path] = [
            opa,
            "run",
            "--server",
            "--skip-version-check",
            "-c",
            path,
            "-a",
            f"127.0.0.1:{port}",
            "-l",
            "error",
        ]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(process)
        return Opa(f"http://127.0.0.1:{port}", process)

    yield start
    for process in running:
        process.terminate()
        process.wait(DEADLINE)
