"""The ``iga`` document: records of several snapshots joined, what matches nobody left out and named."""

from __future__ import annotations

from typing import Any

from livegate.documents import iga
from livegate.documents.iga import Built, Input
from livegate.model.records import AnyRecord, Effect, Grant, Identity, IdentityType, Status
from livegate.model.snapshot import Domain, Snapshot

T = 1_795_000_000_000_000_000


def head(system: str = "hr") -> Snapshot:
    """A snapshot's head."""
    return Snapshot(
        id=f"{system}-3",
        system=system,
        domain=Domain.IGA,
        sequence=3,
        started_at=T,
        observed_at=T,
        completed_at=T,
        expires_at=T + 10,
        counts={"identity": 2, "grant": 5},
        quarantined=0,
        samples=(),
        sha256="0" * 64,
    )


def person(name: str, **more: Any) -> Identity:
    """An active person."""
    return Identity(id=name, **({"type": IdentityType.HUMAN, "status": Status.ACTIVE} | more))


def grant(name: str, subject: str, **more: Any) -> Grant:
    """A grant of ``e``."""
    return Grant(id=name, subject=subject, **({"entitlement": "e"} | more))


def built(*records: AnyRecord, correlate: str = "id", system: str = "hr") -> Built:
    """The document of one snapshot."""
    return iga.build([Input(head(system), records, correlate)])


def test_the_whole_document() -> None:
    made = built(person("alice"), grant("g1", "alice"), grant("g2", "alice", scope="account:prod", effect=Effect.DENY))
    assert made.document == {
        "snapshots": {
            "hr": {"id": "hr-3", "sequence": 3, "observed_at": T, "expires_at": T + 10, "count": 7, "sha256": "0" * 64}
        },
        "identities": {"alice": "active|human||hr|"},
        "grants": {"alice": {"e@*": "hr|g1|9223372036|||"}},
        "denies": {"alice": {"e@account:prod": "hr|g2|9223372036|||"}},
    }
    assert made.quarantined == []


def test_order_of_records_does_not_matter() -> None:
    records: list[AnyRecord] = [grant("g1", "alice"), person("bob"), person("alice"), grant("g2", "bob")]
    assert built(*records).document == built(*reversed(records)).document


def test_a_grant_of_nobody_gives_nothing_and_is_named() -> None:
    made = built(person("alice"), grant("g1", "zoe"))
    assert made.document["grants"] == {}
    assert [row.where for row in made.quarantined] == ["hr: subject zoe"]


def test_subjects_are_matched_by_the_sources_rule() -> None:
    made = built(person("u-1", user_name="alice@example.com"), grant("g1", "alice@example.com"), correlate="user_name")
    assert list(made.document["grants"]) == ["u-1"]


def test_a_name_that_two_share_is_nobodys() -> None:
    made = built(person("u-1", user_name="a"), person("u-2", user_name="a"), grant("g1", "a"), correlate="user_name")
    assert made.document["grants"] == {}
    assert len(made.quarantined) == 1


def test_two_names_of_one_identity_hold_together() -> None:
    other = Input(head("ad"), (grant("g9", "alice@example.com", entitlement="f"),), "user_name")
    first = Input(head("hr"), (person("alice", user_name="alice@example.com"), grant("g1", "alice")), "id")
    assert iga.build([first, other]).document["grants"] == {
        "alice": {"e@*": "hr|g1|9223372036|||", "f@*": "ad|g9|9223372036|||"}
    }


def test_an_identity_of_two_systems_is_as_active_as_the_least_says() -> None:
    for statuses in ((Status.ACTIVE, Status.DISABLED), (Status.DISABLED, Status.ACTIVE)):
        inputs = [
            Input(head(system), (person("alice", status=status),), "id")
            for system, status in zip(("ad", "hr"), statuses, strict=True)
        ]
        made = iga.build(inputs)
        assert made.document["identities"]["alice"].startswith("disabled|")
        assert [row.reason for row in made.quarantined] == ["another system lists this identity too"]
