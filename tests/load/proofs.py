"""What each kind of proof costs: requests that differ in nothing but by what the caller shows who it is."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from tests.load import organisation
from tests.load.client import drive

from livegate.opa.client import OpaClient

if TYPE_CHECKING:
    import argparse

    from livegate.bundle.signing import KeySigner
    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.issuers import Issuers

DB = "https://db.example"
_TOKEN = {"kind": "access-token", "issuer": "https://login.example", "connection": {"method": "POST", "url": f"{DB}/"}}
_CLAIMS = {"sub": "alice", "aud": DB, "client_id": "console"}
_WORKLOAD = {"sub": "spiffe://prod.example/console"}

KINDS: dict[str, dict[str, Any]] = {
    "access token, ES256": {**_TOKEN, "claims": _CLAIMS},
    "access token and DPoP proof": {**_TOKEN, "claims": _CLAIMS, "bound": "dpop"},
    "access token and client certificate": {**_TOKEN, "claims": _CLAIMS, "bound": "mtls"},
    "JWT-SVID": {"kind": "jwt-svid", "issuer": "prod.example", "claims": {**_WORKLOAD, "aud": DB}},
    "X.509-SVID": {"kind": "x509-svid", "issuer": "prod.example", "claims": _WORKLOAD},
    "WIMSE WIT and WPT": {
        "kind": "wit",
        "issuer": "prod.example",
        "claims": _WORKLOAD,
        "connection": {"url": f"{DB}/"},
    },
}

AGENT = {
    "subject": {"type": "agent", "id": "agent-recon"},
    "action": {"name": "read"},
    "resource": {"type": "payment", "id": "4711"},
    "context": {
        "pep": "ledger-api",
        "task": "reconcile-2026-10",
        "mandate": "m-301",
        "counters": {"calls": 12},
        "chain": {"id": "c-1", "history": [{"action": "read", "type": "payment", "id": "4710"}]},
    },
}
"""An agent under a mandate; its action needs no elevation, and neither does that of :data:`PERSON`."""

PERSON = {
    "subject": {"type": "human", "id": "carol"},
    "action": {"name": "read"},
    "resource": {"type": "payment", "id": "4711"},
    "context": {"pep": "ledger-api"},
}


def measure(
    project: Project, engine: Engine, issuers: Issuers, signer: KeySigner, arguments: argparse.Namespace
) -> list[tuple[str, str, str]]:
    """Throughput of a privileged action by kind of proof, tokens remembered and not; and of an agent's action."""
    organisation.add_trivial(project, signer)
    rows: list[tuple[str, str, str]] = []
    for cached in (True, False):
        with organisation.serving(project, engine, logs=False, tokens_cached=10_000 if cached else 0) as (opa, _):
            assert opa.pid is not None
            rate = _Rates(opa.url, opa.pid, arguments)
            for name, asked in KINDS.items():
                ratio = rate.of(
                    lambda asked=asked: issuers.equip(organisation.PRIVILEGED, asked, None, now=time.time_ns())
                )
                verified = "remembered" if cached else "verified each time"
                goal = ("≥ 0.35" if cached else "≥ 0.25") if name == "access token, ES256" else ""
                rows.append((f"throughput, privileged, {name}, {verified} / trivial rule", f"{ratio:.2f}", goal))
            if cached:
                ratio = rate.of(lambda: AGENT) / rate.of(lambda: PERSON)
                rows.append(("throughput, an agent under a mandate / a person, same action", f"{ratio:.2f}", ""))
    return rows


class _Rates:
    """Ratios to the trivial rule on one server, each the median of some rounds."""

    def __init__(self, url: str, pid: int, arguments: argparse.Namespace) -> None:
        self.url, self.pid, self.arguments = url, pid, arguments
        self.client = OpaClient(url=url)

    def of(self, made: Any) -> float:
        """Of the request that ``made`` gives; a fresh one each round, because proofs of possession last a minute."""
        ratios = []
        for _ in range(self.arguments.rounds):
            request = made()
            answer = self.client.decide(request)
            if not answer["decision"]:
                raise SystemExit(f"the benchmark's request is denied: {answer['context']['reasons']}")
            load = drive(
                f"{self.url}/v1/data/authz/evaluation",
                {"input": request},
                pid=self.pid,
                seconds=self.arguments.seconds / 2,
            )
            trivial = drive(
                f"{self.url}/v1/data/trivial/allow",
                {"input": request},
                pid=self.pid,
                seconds=self.arguments.seconds / 2,
            )
            ratios.append(load.rate / trivial.rate)
        return statistics.median(ratios)
