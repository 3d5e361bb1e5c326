"""The example organisation as one that trusts real issuers, and how to change what it trusts and to ask it."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from livegate.pipeline import example
from livegate.pipeline.build import ALL, build
from livegate.pipeline.running import Deployment, token_path

if TYPE_CHECKING:
    from tests.integration.commands import Cli

    from livegate.bundle.signing import KeySigner
    from livegate.opa.engine import Engine
    from livegate.project import Project

PEP = "db-proxy"
PATH = "/v1/data/authz/evaluation"
MINUTE = 60_000_000_000
DEADLINE = 60.0


def issuer(audience: str, *, algs: tuple[str, ...], typs: tuple[str, ...] = ("jwt",), minutes: int = 15) -> Any:
    """What an issuer's tokens must be."""
    return {
        "algs": dict.fromkeys(algs, True),
        "typs": dict.fromkeys(typs, True),
        "audiences": {audience: True},
        "max_ttl": minutes * MINUTE,
        "leeway": 0,
    }


@dataclass
class World:
    """The organisation, and how to change what it trusts and to ask it."""

    project: Project
    signer: KeySigner
    engine: Engine
    cli: Cli
    running: Deployment | None = None
    workloads: dict[str, dict[str, Any]] = field(default_factory=dict)

    def workload(self, subject: str, *names: str, kind: str = "service_account") -> None:
        """Whoever proves one of these names is ``subject``, who is carol's and may read orders."""
        entry = {"id": subject, "type": kind, "status": "active", "owners": ["carol"], "environment": "prod"}
        self.workloads[subject] = entry | {"names": list(names)}
        rows = "".join(json.dumps(row) + "\n" for row in self.workloads.values())
        grants = "".join(
            json.dumps({"id": f"w-{name}", "subject": name, "entitlement": "orders:reader", "scope": "*"}) + "\n"
            for name in self.workloads
        )
        now = time.time_ns() // 10**9 * 10**9
        for name, text in (("workloads", rows), ("rights", grants)):
            example.write(self.project.data / f"{name}.jsonl", text.encode(), system="workloads", exported_at=now)
        exports = {"identity": {"path": "workloads.jsonl"}, "grant": {"path": "rights.jsonl"}}
        self.source("workloads", "iga", "file", exports=exports)

    def source(self, name: str, domain: str, kind: str, **settings: Any) -> None:
        """Write the configuration of a source."""
        section = {"domain": domain, "kind": kind, "max_age": "1h", kind: settings}
        (self.project.sources / f"{name}.yaml").write_text(yaml.safe_dump({name: section}))

    def trust(self, **members: Any) -> None:
        """What is kept by hand of whom is trusted, beside the enforcement points."""
        (self.project.data / "trust" / "live.yaml").write_text(yaml.safe_dump(members))

    def sync(self, *names: str, code: int = 0) -> dict[str, Any]:
        """``livegate sync`` as a process; what it says in JSON."""
        said: dict[str, Any] = json.loads(self.cli("sync", *names, "--format", "json", code=code).stdout)
        return said

    def document(self) -> dict[str, Any]:
        """What a sync wrote of trust."""
        found: dict[str, Any] = json.loads((self.project.data / "trust" / "synced.json").read_text())
        return found

    def publish(self) -> None:
        """Build and sign every bundle; OPA has them when this returns."""
        built = {item.name: item.revision for item in build(self.project, ALL, self.signer, now=time.time_ns())}
        if self.running is None:
            self.running = Deployment(self.project, self.engine, log_seconds=(1, 1))
            self.running.__enter__()
        end = time.monotonic() + DEADLINE
        while self._active() != built:
            assert time.monotonic() < end, f"OPA did not take {built} within {DEADLINE} s"
            time.sleep(0.05)

    def _active(self) -> dict[str, str]:
        assert self.running is not None
        bundles = self.running.client("operator").status()["bundles"]
        return {name: item.get("active_revision", "") for name, item in bundles.items()}

    def ask(self, subject: str, credential: dict[str, Any], *, kind: str = "service_account") -> dict[str, Any]:
        """The decision for ``subject``, who shows this and wants to query orders."""
        assert self.running is not None
        return dict(self.running.client(PEP).decide(_request(subject, credential, kind)))

    def by_hand(self, subject: str, credential: dict[str, Any]) -> list[dict[str, Any]]:
        """The same, asked as people do: by ``livegate decide`` and by plain ``curl``."""
        assert self.running is not None
        url, token = self.running.opa.url, token_path(self.project, PEP)
        body, header = self.project.state / "request.json", self.project.state / "header"
        body.write_text(json.dumps({"input": _request(subject, credential, "service_account")}))
        header.write_text(f"Authorization: Bearer {token.read_text()}\nContent-Type: application/json\n")
        told = self.cli("decide", body, "--url", url, "--token", f"file:{token}", "--format", "json").stdout
        posted = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "-H", f"@{header}", "--data", f"@{body}", f"{url}{PATH}"],
            capture_output=True,
            check=True,
        ).stdout
        return [json.loads(told), json.loads(posted)["result"]]

    def close(self) -> None:
        """Stop OPA and the bundle server."""
        if self.running is not None:
            self.running.__exit__(None, None, None)


def _request(subject: str, credential: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "subject": {"type": kind, "id": subject},
        "action": {"name": "query"},
        "resource": {"type": "database", "id": "orders-prod"},
        "context": {"pep": PEP, "credential": credential},
    }


def reasons(answer: dict[str, Any]) -> set[str]:
    """The reason ids of a decision; the decision and its reasons must agree."""
    found = {reason["id"] for reason in answer["context"]["reasons"]}
    assert answer["decision"] is (not found), answer
    return found
