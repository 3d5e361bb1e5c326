"""Real servers on loopback for the networked connectors: ``scim2-server`` and ``bao server -dev``."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.integration.servers import answers, free_port, running, script

from livegate.model.instants import HOUR
from livegate.sources.config import SourceConfig
from livegate.sources.protocol import Effects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livegate.model.snapshot import Domain

ROOT = "root-of-the-tests"
SCIM_TOKEN = "scim-token-of-the-tests"  # of a server that lives for one test


@dataclass(frozen=True)
class Server:
    """A real server and a way to speak to it directly."""

    url: str
    header: str
    token: str

    def call(self, method: str, path: str, *, token: str | None = None, namespace: str = "", **body: Any) -> Any:
        """Ask it as ``token`` (the all-powerful one if left out); returns the JSON, or None without a body."""
        found = self.token if token is None else token
        headers = {self.header: f"Bearer {found}" if self.header == "Authorization" else found}
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        answer = requests.request(method, self.url + path, json=body or None, headers=headers, timeout=20)
        if answer.status_code >= 400:
            raise LookupError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


@contextlib.contextmanager
def _bao(folder: Path) -> Iterator[Server]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    command = [script("bao"), "server", "-dev", f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{port}"]
    with running([*command, "-dev-no-store-token"], answers(f"{url}/sys/health"), folder / "bao.log"):
        yield Server(url, "X-Vault-Token", ROOT)


@pytest.fixture(scope="session")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dev server that all tests of this process share; each takes paths of its own."""
    with _bao(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture
def own_bao(tmp_path: Path) -> Iterator[Server]:
    """A dev server for one test, which may seal it."""
    with _bao(tmp_path) as server:
        yield server


@pytest.fixture
def scim_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a SCIM server; ``pagination`` is what it announces."""
    with contextlib.ExitStack() as servers:

        def start(**pagination: Any) -> Server:
            provider = {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
                "patch": {"supported": True},
                "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": True, "maxResults": 1000},
                "changePassword": {"supported": False},
                "sort": {"supported": True},
                "etag": {"supported": True},
                "authenticationSchemes": [],
                "pagination": {"index": True, "cursor": True} | pagination,
            }
            path = tmp_path / f"provider{len(list(tmp_path.glob('provider*.json')))}.json"
            path.write_text(json.dumps(provider))
            return servers.enter_context(_scim(path))

        yield start


@contextlib.contextmanager
def _scim(provider: Path) -> Iterator[Server]:
    port = free_port()
    command = [script("scim2-server"), "--port", str(port), "--bearer-token", SCIM_TOKEN]
    url = f"http://127.0.0.1:{port}/v2"
    log = provider.with_suffix(".log")
    with running([*command, "--service-provider-config", str(provider)], answers(url), log):
        yield Server(url, "Authorization", SCIM_TOKEN)


@dataclass
class Folder:
    """Where configuration and secrets of one test are."""

    base: Path
    waits: list[float] = field(default_factory=list)

    @property
    def effects(self) -> Effects:
        """The real clock; waits are recorded, not waited."""
        return Effects(now=time.time_ns, sleep=self.waits.append, base=self.base)

    def config(self, domain: Domain, kind: str, token: str, **settings: Any) -> SourceConfig:
        """The configuration of one source; ``token`` is written to a private file."""
        path = self.base / "token"
        path.write_text(token)
        path.chmod(0o600)
        return SourceConfig(
            system="live",
            domain=domain,
            kind=kind,
            max_age=HOUR,
            max_fall=0.2,
            keep=3,
            correlate="id",
            settings={"token": "file:token"} | settings,
            path=self.base / "live.yaml",
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder for one test."""
    return Folder(tmp_path)
