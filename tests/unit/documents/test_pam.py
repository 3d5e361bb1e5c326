"""The ``pam`` document: people matched, windows kept, nobody elevated who cannot be named."""

from __future__ import annotations

from typing import Any

from livegate.documents import pam
from livegate.documents.directory import Directory
from livegate.documents.iga import Built, Input
from livegate.model.records import Approval, BreakGlass, Elevation, Identity, IdentityType, Mandate, Recording, Status
from livegate.model.snapshot import Domain, Snapshot

T = 1_795_000_000_000_000_000


def build(*records: Any) -> Built:
    """The document of one snapshot of a PAM system that knows user names."""
    directory = Directory()
    for name in ("alice", "bob", "agent"):
        directory.add(Identity(id=f"u-{name}", type=IdentityType.HUMAN, status=Status.ACTIVE, user_name=name))
    head = Snapshot(
        id="bao-1", system="bao", domain=Domain.PAM, sequence=1, started_at=T, observed_at=T, completed_at=T,
        expires_at=T + 9, counts={}, quarantined=0, samples=(), sha256="0" * 64,
    )  # fmt: skip
    return pam.build([Input(head, records, "user_name")], directory)


def elevation(**more: Any) -> Elevation:
    """alice, elevated to ``orders:dba`` everywhere, approved by bob."""
    values: dict[str, Any] = {
        "id": "e-1",
        "subject": "alice",
        "entitlement": "orders:dba",
        "not_before": T,
        "expires_at": T + 5,
        "approval": Approval(requester="alice", approvers=("bob",), ticket="CHG-1"),
        "recording": Recording.ON,
    } | more
    return Elevation(**values)


def test_an_elevation_in_full() -> None:
    made = build(elevation(session="s", justification="why"))
    assert made.document["elevations"] == {
        "u-alice": {
            "e-1": {
                "system": "bao",
                "keys": ["orders:dba@*"],
                "not_before": T,
                "expires_at": T + 5,
                "requester": "u-alice",
                "approvers": ["u-bob"],
                "required": 1,
                "approved_until": T + 5,
                "recording": "on",
                "session": "s",
                "ticket": "CHG-1",
                "justification": "why",
            }
        }
    }


def test_actions_on_a_resource_become_one_key_each() -> None:
    made = build(elevation(entitlement="", resource="pipeline:shop", actions=("deploy", "run")))
    assert made.document["elevations"]["u-alice"]["e-1"]["keys"] == ["#deploy@pipeline:shop", "#run@pipeline:shop"]


def test_a_subject_that_matches_nobody_is_not_elevated() -> None:
    made = build(elevation(subject="zoe"))
    assert made.document["elevations"] == {}
    assert [row.where for row in made.quarantined] == ["bao: elevations e-1"]


def test_an_approver_that_matches_nobody_does_not_count() -> None:
    made = build(elevation(approval=Approval(requester="alice", approvers=("bob", "ALICE"), required=2)))
    assert made.document["elevations"]["u-alice"]["e-1"]["approvers"] == ["u-bob"]


def test_break_glass_and_mandate() -> None:
    made = build(
        BreakGlass(
            id="b-1", subject="alice", resource="database:x", actions=("administer",), not_before=T, expires_at=T + 5,
            justification="replication stopped", review_due_at=T + 9, incident="INC-1", activated_by="bob",
        ),
        Mandate(id="m-1", agent="agent", subject="alice", state="active", expires_at=T + 5, entitlements=("e",)),
    )  # fmt: skip
    assert made.document["break_glass"]["u-alice"]["b-1"] == {
        "system": "bao",
        "keys": ["#administer@database:x"],
        "not_before": T,
        "expires_at": T + 5,
        "justification": "replication stopped",
        "incident": "INC-1",
        "activated_by": "u-bob",
        "review_due_at": T + 9,
    }
    assert made.document["mandates"]["u-agent"]["m-1"]["state"] == "active"


def test_one_id_twice_for_one_subject_keeps_the_first() -> None:
    made = build(elevation(), elevation(expires_at=T + 7))
    assert made.document["elevations"]["u-alice"]["e-1"]["expires_at"] == T + 5
    assert len(made.quarantined) == 1
