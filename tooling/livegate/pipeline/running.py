"""Everything that a deployment runs, in one process tree on loopback: the bundle server and OPA."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from typing import TYPE_CHECKING, Self

from livegate import canonical
from livegate.bundle import keys
from livegate.bundle.server import BundleServer
from livegate.bundle.server import Settings as ServerSettings
from livegate.files import write_bytes
from livegate.opa import config as opa_config
from livegate.opa.memory import limits_for
from livegate.opa.process import Configured, Limits, OpaProcess
from livegate.secrets import Secret, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from livegate.opa.client import OpaClient
    from livegate.opa.engine import Engine
    from livegate.project import Project


class Deployment:
    """Bundle server and OPA of one project; a context manager. Entered, OPA has every bundle active.

    Args:
        project: its ``dist`` must hold the five bundles.
        engine: OPA.
        port: of OPA's API; 0 takes a free one. bundle_port: of the bundle server.
        log_seconds: least and most delay between uploads of the decision log.
        limits: what OPA may take; by default what its bundles need (:mod:`livegate.opa.memory`).
        sleep: seconds, between looks at whether OPA is up; what it raises ends the start, and nothing stays behind.
    """

    def __init__(
        self,
        project: Project,
        engine: Engine,
        *,
        port: int = 0,
        bundle_port: int = 0,
        log_seconds: tuple[int, int] = (1, 5),
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._project, self._engine, self._port, self._bundle_port = project, engine, port, bundle_port
        self._log_seconds, self._limits, self._sleep = log_seconds, limits, sleep
        self._stack = contextlib.ExitStack()
        self.server: BundleServer
        self.opa: OpaProcess

    def __enter__(self) -> Self:
        run = self._project.private_state() / "run"
        run.mkdir(parents=True, exist_ok=True, mode=0o700)
        token = private_token(run / "bundle-token")
        with contextlib.ExitStack() as stack:
            self.server = stack.enter_context(
                BundleServer(
                    ServerSettings(
                        dist=self._project.dist,
                        logs=self._project.logs,
                        statuses=self._project.statuses,
                        tokens=(token,),
                        port=self._bundle_port,
                    )
                )
            )
            settings = opa_config.Settings(
                service=self.server.url,
                token=run / "bundle-token",
                keys=keys.load_public(self._project.keys),
                version=self._engine.version,
                persistence=self._project.state / "opa",
                log_seconds=self._log_seconds,
            )
            write_bytes(run / "opa.json", opa_config.text(settings).encode(), mode=0o600)
            self.opa = stack.enter_context(
                OpaProcess(
                    self._engine.path,
                    Configured(config=run / "opa.json"),
                    folder=run,
                    port=self._port,
                    limits=self._limits or limits_for(self._project.dist.glob("*.tar.gz")),
                    secrets=(token,),
                    sleep=self._sleep,
                )
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def client(self, caller: str) -> OpaClient:
        """A client that shows the token of ``caller``, see :func:`admit`."""
        path = token_path(self._project, caller)
        return self.opa.client(token=resolve(f"file:{path}", where=caller))


def admit(project: Project, callers: Iterable[str]) -> None:
    """Make a bearer token for each caller and enter its hash in ``data/trust``: a PEP by its name, or ``operator``.

    The tokens lie owner-only under the project's state; the document holds hashes alone.
    """
    project.private_state()
    entries = {}
    for name in callers:
        token = private_token(token_path(project, name)).reveal()
        who = {"operator": True} if name == "operator" else {"pep": name}
        entries[hashlib.sha256(token.encode()).hexdigest()] = who
    write_bytes(project.data / "trust" / "callers.json", canonical.dumps({"callers": entries}) + b"\n")


def token_path(project: Project, caller: str) -> Path:
    """Where the bearer token of ``caller`` lies."""
    return project.state / "tokens" / caller


def private_token(path: Path) -> Secret:
    """The token in ``path``; made, owner-only, when there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(path, secrets.token_urlsafe(32).encode(), mode=0o600)
    return resolve(f"file:{path}", where=str(path))
