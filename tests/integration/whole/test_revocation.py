"""Revocation on the wire: each kind bites within a bounded wait, on what it names alone, and nothing lifts it."""

from __future__ import annotations

import functools
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.commands import command_line

from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import revoke
from livegate.pipeline.running import Deployment

from .conftest import dump, reasons, restarted, until

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.engine import Engine

    from .conftest import Organisation


def deploy(**changes: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "workload", "id": "ci-deploy"},
        "action": {"name": "deploy"},
        "resource": {"type": "pipeline", "id": "shop-prod"},
        "context": {"pep": "ci-gateway", "ticket": "CHG-4411"},
        **changes,
    }


def release(session: str = "s-3") -> dict[str, Any]:
    return {
        "subject": {"type": "human", "id": "bob"},
        "action": {"name": "approve"},
        "resource": {"type": "payment", "id": "4711"},
        "context": {"pep": "ledger-api", "session": session},
    }


def read_by_agent() -> dict[str, Any]:
    return {
        "subject": {"type": "agent", "id": "agent-recon"},
        "action": {"name": "read"},
        "resource": {"type": "payment", "id": "4711"},
        "context": {
            "pep": "ledger-api",
            "task": "reconcile-2026-10",
            "mandate": "m-301",
            "counters": {"calls": 1},
            "chain": {"id": "c-1", "history": [{"action": "read", "type": "payment", "id": "4710"}]},
        },
    }


KINDS = {
    "subject": ("alice", dump(), "revocation.subject"),
    "session": ("s-3", release(), "revocation.session"),
    "elevation": ("e-102", deploy(), "elevation.revoked"),
    "mandate": ("m-301", read_by_agent(), "revocation.mandate"),
}


def _reasons(organisation: Organisation, request: dict[str, Any]) -> set[str]:
    return reasons(organisation.ask(request))


def test_each_kind_bites_and_nothing_lifts_it(organisation: Organisation, opa_engine: Engine, tmp_path: Path) -> None:
    livegate = command_line(organisation.project, tmp_path)
    key = f"file:{tmp_path}/organisation/keys/example.pem"
    organisation.publish()
    with Deployment(organisation.project, opa_engine) as running:
        organisation.url = running.opa.url
        for kind, (target, request, reason) in KINDS.items():
            assert reasons(organisation.ask(request)) == set(), kind
            livegate("revoke", kind, target, "--reason", "lost laptop", "--key", key)
            found = until(functools.partial(_reasons, organisation, request), f"{kind} is revoked")
            assert reason in found
            assert found <= {reason, "entitlement.not_activated", "elevation.missing"}
        assert reasons(organisation.ask(release("s-33"))) == set(), "his other session goes on"

        # what an operator does every day
        livegate("sync")
        livegate("bundle", "build", "--key", key)
        for kind, (target, _, _) in KINDS.items():
            assert "was revoked before" in livegate("revoke", kind, target, "--key", key).stderr
        newest = json.loads((organisation.project.data / "revocations" / "bundle.json").read_text())["bundle"]
        until(lambda: organisation.bundle_status("revocations")["active_revision"] == newest["revision"], "newest")
        for kind, (_, request, reason) in KINDS.items():
            assert reason in reasons(organisation.ask(request)), f"{kind} stays revoked"
    with restarted(organisation, opa_engine):
        for kind, (_, request, reason) in KINDS.items():
            assert reason in reasons(organisation.ask(request)), f"{kind} stays revoked over a restart"


@pytest.mark.parametrize("later", [False, True])
def test_a_later_entry_does_not_put_a_revocation_off(later: bool, organisation: Organisation) -> None:
    now = time.time_ns()

    def enter(at: int) -> bool:
        return revoke.add(
            organisation.project,
            Revocation(id=f"r-{uuid.uuid4()}", kind=RevocationKind.SUBJECT, target="alice", effective_at=at, reason=""),
        )

    instants = (now, now + 3600 * 10**9) if later else (now + 3600 * 10**9, now)
    assert enter(instants[0])
    assert enter(instants[1]) is not later
    document = json.loads((organisation.project.data / "revocations" / "revoked.json").read_text())
    assert document["subjects"]["alice"]["from"] == now
