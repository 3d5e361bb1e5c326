"""Bundles that OPA itself built and signed, and a loopback server for them: judges that are not ours."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Protocol

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

POLICY = """package authz

evaluation := {"decision": input.subject == "ada", "context": {"told": data.iga.told}}
"""
# In the configured mode callers need this token; health, on the diagnostic address too, is for everyone.
SYSTEM = """package system.authz

default allow := {"allowed": false, "reason": "who are you"}

allow := {"allowed": true} if input.identity == "caller-token"

allow := {"allowed": true} if input.path[0] == "health"
"""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Files of an ES256 pair called ``kid``."""

    kid: str
    private: Path
    public: Path


class Build(Protocol):
    """Builds and signs a bundle of one root or more from file names and texts."""

    def __call__(self, name: str, roots: list[str], files: dict[str, str], *, key: KeyPair | None = None) -> Path: ...


@pytest.fixture
def new_key(tmp_path: Path) -> Callable[[str], KeyPair]:
    """Makes a key pair."""

    def make(kid: str) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        pair = KeyPair(kid, tmp_path / f"{kid}.key", tmp_path / f"{kid}.pem")
        pair.private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        pair.public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return pair

    return make


@pytest.fixture
def key(new_key: Callable[[str], KeyPair]) -> KeyPair:
    """The key that the test's OPA trusts."""
    return new_key("k1")


@pytest.fixture
def build(opa: Path, tmp_path: Path, key: KeyPair) -> Build:
    """``opa build``, signed with ``key`` unless another is given."""

    def make(name: str, roots: list[str], files: dict[str, str], *, key: KeyPair | None = key) -> Path:
        folder = tmp_path / "source" / name
        for file, text in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        named = ", ".join(f'"{root}"' for root in roots)
        (folder / ".manifest").write_text(f'{{"roots": [{named}], "revision": "r1"}}')
        archive = tmp_path / f"{name}.tar.gz"
        command = [str(opa), "build", "--bundle", str(folder), "--output", str(archive)]
        if key is not None:
            command += ["--signing-key", str(key.private), "--signing-alg", "ES256", "--verification-key-id", key.kid]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return archive

    return make


@pytest.fixture
def policy(build: Build) -> Path:
    """A signed bundle that decides, with who may ask."""
    return build("policy", ["authz", "system/authz"], {"authz/a.rego": POLICY, "system/authz/s.rego": SYSTEM})


@pytest.fixture
def iga(build: Build) -> Path:
    """A signed bundle of data."""
    return build("iga", ["iga"], {"iga/data.json": '{"told": "yes"}'})


@dataclass(slots=True)
class Bundles:
    """A loopback server of bundles by name, which counts who came with which token and keeps what was posted."""

    url: str
    files: dict[str, Path] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    posted: list[tuple[str, bytes]] = field(default_factory=list)


@pytest.fixture
def bundles() -> Iterator[Bundles]:
    """A running server; it answers at once, without long polling."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.tokens.add(self.headers.get("Authorization", ""))
            path = server.files.get(self.path.removeprefix("/bundles/"))
            body = b"" if path is None else path.read_bytes()
            self.send_response(404 if path is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            server.posted.append((self.path, self.rfile.read(int(self.headers.get("Content-Length", "0")))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
            """Nothing: a test's output is its failure."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Bundles(url=f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
