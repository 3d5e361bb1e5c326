"""The ``pam`` document: people matched, windows kept, nobody elevated who cannot be named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from livegate.documents import pam
from livegate.documents.directory import Directory
from livegate.documents.iga import Built, Input
from livegate.model.records import Approval, BreakGlass, Elevation, Identity, IdentityType, Recording, Status
from livegate.model.snapshot import Domain, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

T = 1_795_000_000_000_000_000


def build(*records: Any) -> Built:
    """The document of one snapshot of a PAM system that knows user names."""
    return build_all(records, systems=("bao",))


def build_all(*groups: tuple[Any, ...], systems: tuple[str, ...] = ("p0", "p1", "p2")) -> Built:
    """The document of one PAM system a group, each of which knows user names."""
    directory = Directory()
    for name in ("alice", "bob", "agent"):
        directory.add(Identity(id=f"u-{name}", type=IdentityType.HUMAN, status=Status.ACTIVE, user_name=name))
    inputs = []
    for system, records in zip(systems, groups, strict=False):
        head = Snapshot(
            id=f"{system}-1", system=system, domain=Domain.PAM, sequence=1, started_at=T, observed_at=T, completed_at=T,
            expires_at=T + 9, counts={}, quarantined=0, samples=(), sha256="0" * 64,
        )  # fmt: skip
        inputs.append(Input(head, records, "user_name"))
    return pam.build(inputs, directory)


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


def test_break_glass() -> None:
    made = build(
        BreakGlass(
            id="b-1", subject="alice", resource="database:x", actions=("administer",), not_before=T, expires_at=T + 5,
            justification="replication stopped", review_due_at=T + 9, incident="INC-1", activated_by="bob",
        ),
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


def break_glass(**more: Any) -> BreakGlass:
    """alice's emergency."""
    values: dict[str, Any] = {
        "id": "b-1",
        "subject": "alice",
        "resource": "database:x",
        "actions": ("administer",),
        "not_before": T,
        "expires_at": T + 5,
        "justification": "replication stopped",
        "review_due_at": T + 9,
    } | more
    return BreakGlass(**values)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("kind", "collection"), [(elevation, "elevations"), (break_glass, "break_glass")])
def test_one_id_twice_for_one_subject_gives_nothing(kind: Callable[..., Any], collection: str, order: int) -> None:
    groups = [(kind(), kind(id="other"), kind(subject="bob")), (kind(expires_at=T + 7),), (kind(),)]
    made = build_all(*groups[::order])
    assert {who: list(held) for who, held in made.document[collection].items()} == {
        "u-alice": ["other"],
        "u-bob": [kind().id],
    }
    assert sorted(row.where for row in made.quarantined) == [f"p{n}: {collection} {kind().id}" for n in range(3)]
    assert all("several" in row.reason for row in made.quarantined)
    assert build_all((kind(), kind(expires_at=T + 7))).document[collection] == {}


DIGEST = "sha-256:" + "A" * 43


def only(made: Built) -> dict[str, Any]:
    """alice's one elevation."""
    found: dict[str, Any] = made.document["elevations"]["u-alice"]["e-1"]
    return found


def test_what_else_a_pam_says_of_an_elevation() -> None:
    entry = only(build(elevation(recording_ref="rec://1", parameters=DIGEST, max_uses=3)))
    assert (entry["recording_ref"], entry["parameters"], entry["max_uses"]) == ("rec://1", DIGEST, 3)
    assert not {"recording_ref", "parameters", "max_uses", "approved"} & only(build(elevation())).keys()


def test_what_an_approval_was_given_for() -> None:
    def approved(**more: Any) -> Any:
        return only(build(elevation(approval=Approval(requester="alice", approvers=("bob",), **more)))).get("approved")

    assert approved() is None
    assert approved(subject="bob") == {"subject": "u-bob"}
    assert approved(entitlement="e", scope="t:i") == {"keys": ["e@t:i"]}
    assert approved(resource="t:i", actions=("x", "y")) == {"keys": ["#x@t:i", "#y@t:i"]}
    assert approved(parameters=DIGEST) == {"parameters": DIGEST}


def test_an_approval_for_somebody_unknown_is_of_no_use() -> None:
    made = build(elevation(approval=Approval(requester="alice", approvers=("bob",), subject="zoe")))
    assert made.document["elevations"] == {}
    [row] = made.quarantined
    assert row.where == "bao: elevations e-1"
    assert "'zoe'" in row.reason


def test_one_person_who_approves_twice_is_one_approver() -> None:
    made = build(elevation(approval=Approval(requester="alice", approvers=("bob", "bob"), required=2)))
    assert only(made)["approvers"] == ["u-bob"]


def test_the_snapshots_are_listed() -> None:
    assert build().document["listed"] == {"bao": "bao-1"}
