"""The whole product on loopback: the example organisation synced, signed, served and decided on by a real OPA."""

from __future__ import annotations

import contextlib
import io
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import requests

from livegate.bundle import archive
from livegate.cli.demo import prepare
from livegate.files import write_bytes
from livegate.opa.process import Configured, Limits, OpaProcess
from livegate.pipeline.build import ALL, build
from livegate.pipeline.running import Deployment, token_path
from livegate.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livegate.bundle.signing import KeySigner
    from livegate.opa.engine import Engine

T = TypeVar("T")
V1 = "/v1/data/authz/evaluation"
V0 = "/v0/data/authz/evaluation"
DEADLINE = 30.0


def dump(**changes: Any) -> dict[str, Any]:
    """What alice may do: dump the production database, elevated and approved. ``changes`` replace whole members."""
    return {
        "subject": {"type": "human", "id": "alice"},
        "action": {"name": "dump"},
        "resource": {"type": "database", "id": "orders-prod"},
        "context": {"pep": "db-proxy", "session": "s-1", "ticket": "CHG-4407"},
        **changes,
    }


def wrapped(path: str, request: str) -> bytes:
    """The body that puts this JSON text to ``path``."""
    return (f'{{"input":{request}}}' if path == V1 else request).encode()


def until(ask: Callable[[], T | None], what: str) -> T:
    """The first answer that is something, asked for until the deadline."""
    end = time.monotonic() + DEADLINE
    while True:
        if answer := ask():
            return answer
        assert time.monotonic() < end, f"not within {DEADLINE} s: {what}"
        time.sleep(0.02)


def reasons(answer: dict[str, Any]) -> set[str]:
    """The reason ids of a decision; the decision and its reasons must agree."""
    found = {reason["id"] for reason in answer["context"]["reasons"]}
    assert answer["decision"] is (not found), answer
    return found


def repacked(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change the files in a bundle and put it back in one step, its signature as it was."""
    with path.open("rb") as stream:
        files = archive.read(stream, where=str(path))
    change(files)
    out = io.BytesIO()
    archive.write(out, files.items(), level=1)
    write_bytes(path, out.getvalue())


@dataclass
class Organisation:
    """The example organisation in a folder of its own, and how to speak to the OPA that decides for it."""

    project: Project
    signer: KeySigner
    url: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def publish(self, *names: str) -> None:
        """Build these bundles of what the documents say now, all if none is named; the server sees the new files."""
        build(self.project, names or ALL, self.signer, now=time.time_ns())

    def token(self, caller: str) -> str:
        """The bearer token of a caller."""
        return token_path(self.project, caller).read_text()

    def call(
        self, method: str, path: str, body: Any = None, *, caller: str | None = "db-proxy", **headers: str
    ) -> requests.Response:
        """Ask as a caller, or as nobody; no redirect is followed."""
        given = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        if caller is not None:
            given["Authorization"] = f"Bearer {self.token(caller)}"
        return self.session.request(
            method, self.url + path, data=body, headers=given, timeout=60, allow_redirects=False
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The decision for a request, asked by the enforcement point that it names."""
        done = self.call("POST", V1, json.dumps({"input": request}), caller=request["context"]["pep"])
        assert done.status_code == 200, done.text
        answer: dict[str, Any] = done.json()["result"]
        return answer

    def bundle_status(self, name: str) -> dict[str, Any]:
        """What OPA says of one bundle."""
        return dict(self.call("GET", "/v1/status", caller="operator").json()["result"]["bundles"][name])

    def ready(self) -> bool:
        """Whether OPA says that a load balancer may send it requests."""
        return self.call("GET", "/health/ready", caller=None).status_code == 200


@contextlib.contextmanager
def restarted(organisation: Organisation, engine: Engine) -> Iterator[OpaProcess]:
    """OPA on the configuration and the persisted bundles of a deployment before, at a free port."""
    run = organisation.project.state / "run"
    with OpaProcess(
        engine.path, Configured(config=run / "opa.json"), folder=run / "again", limits=Limits(stop=1.0)
    ) as again:
        organisation.url = again.url
        yield again


def _organisation(pytestconfig: pytest.Config, folder: Path) -> Organisation:
    project, signer, _ = prepare(Project.at(pytestconfig.rootpath), folder)
    return Organisation(project, signer)


@pytest.fixture
def organisation(pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[Organisation]:
    """An organisation of one test's own, synced, nothing running yet."""
    made = _organisation(pytestconfig, tmp_path / "organisation")
    with made.session:
        yield made


@pytest.fixture(scope="module")
def shared(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, opa_engine: Engine
) -> Iterator[Organisation]:
    """A running deployment that the tests of a module share: they may ask, not change."""
    made = _organisation(pytestconfig, tmp_path_factory.mktemp("organisation") / "project")
    made.publish()
    with made.session, Deployment(made.project, opa_engine, log_seconds=(1, 1)) as running:
        made.url = running.opa.url
        yield made
