"""A project of any size on disk, and a server of it: what every figure is measured on."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.load import population

from livegate.bundle import keys
from livegate.bundle.build import pack
from livegate.bundle.server import BundleServer
from livegate.bundle.server import Settings as ServerSettings
from livegate.bundle.signing import KeySigner
from livegate.documents import tree
from livegate.model.instants import SECOND
from livegate.opa import config as opa_config
from livegate.opa.memory import limits_for
from livegate.opa.process import Configured, Limits, OpaProcess
from livegate.pipeline import example
from livegate.pipeline.running import private_token
from livegate.regression.issuers import Issuers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livegate.opa.engine import Engine
    from livegate.project import Project

TRIVIAL = b'package trivial\n\nallow if input.subject.id == "alice"\n'
"""The least that a policy can be; everything is a ratio to it."""

PRIVILEGED = {
    "subject": {"type": "human", "id": "alice"},
    "action": {"name": "dump"},
    "resource": {"type": "database", "id": "orders-prod"},
    "context": {"pep": "db-proxy", "session": "s-1", "ticket": "CHG-4407"},
}
STANDARD = {**PRIVILEGED, "action": {"name": "query"}, "context": {"pep": "db-proxy"}}


@dataclass(frozen=True, slots=True)
class Unguarded:
    """OPA with the deployment's configuration but no authentication, so that both rules can be asked alike."""

    config: Path
    scheme: str = "http"

    def arguments(self) -> list[str]:
        """See :class:`livegate.opa.process.Configured`."""
        return [f"--config-file={self.config}"]


def make(checkout: Project, folder: Path, grants: int) -> tuple[Project, KeySigner, Issuers]:
    """The example organisation with an IGA of ``grants`` grants, its sources not read yet; and who may prove there."""
    now = time.time_ns() // SECOND * SECOND
    project = example.workspace(checkout, folder, now=now)
    (project.sources / "example-iga.yaml").unlink()
    (project.sources / "big-iga.yaml").write_text(population.CONFIG)
    population.export(project.data / "example", grants, now=now)
    private, _ = keys.new("bench", folder / "keys", project.keys)
    issuers = Issuers.of(tree.load(project.data, "trust"))
    issuers.enter(project.data, now=now)
    return project, KeySigner.load("bench", f"file:{private}"), issuers


def add_trivial(project: Project, signer: KeySigner) -> None:
    """A bundle of its own for the trivial rule, beside the five."""
    with (project.dist / "trivial.tar.gz").open("wb") as stream:
        pack(
            {"trivial/trivial.rego": TRIVIAL},
            {"revision": "1", "roots": ["trivial"], "rego_version": 1},
            signer,
            stream,
        )


@contextlib.contextmanager
def serving(
    project: Project,
    engine: Engine,
    *,
    logs: bool,
    guarded: bool = False,
    limits: Limits | None = None,
    tokens_cached: int = 10_000,
) -> Iterator[tuple[OpaProcess, BundleServer]]:
    """Bundle server and OPA over the project's bundles and the trivial one."""
    run = project.state / "run"
    shutil.rmtree(project.state / "opa", ignore_errors=True)
    token = private_token(run / "bundle-token")
    settings = ServerSettings(dist=project.dist, logs=project.logs, statuses=project.statuses, tokens=(token,))
    with BundleServer(settings) as server:
        document = opa_config.document(
            opa_config.Settings(
                service=server.url,
                token=run / "bundle-token",
                keys=keys.load_public(project.keys),
                version=engine.version,
                persistence=project.state / "opa",
                bundles=(*opa_config.BUNDLES, "trivial"),
                tokens_cached=tokens_cached,
            )
        )
        if not logs:
            del document["decision_logs"]
        (run / "opa.json").write_text(json.dumps(document))
        mode = Configured(config=run / "opa.json") if guarded else Unguarded(config=run / "opa.json")
        with OpaProcess(
            engine.path, mode, folder=run, limits=limits or limits_for(project.dist.glob("*.tar.gz"), start=180)
        ) as opa:
            yield opa, server
