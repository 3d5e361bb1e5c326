"""The ``iga`` document: records of several snapshots joined, what matches nobody left out and named."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.documents import iga
from livegate.documents.iga import Built, Input, Rules
from livegate.errors import DocumentError
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
        "guards": ["hr"],
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


def source(system: str, *records: AnyRecord, correlate: str = "id", **rules: bool) -> Input:
    """One snapshot under rules of its own."""
    return Input(head(system), records, correlate, Rules(**rules))


def reasons(made: Built) -> list[tuple[str, str]]:
    """What is shown as left out or joined."""
    return [(row.where, row.reason) for row in made.quarantined]


def deny(name: str, subject: str, **more: Any) -> Grant:
    """A deny of ``e``."""
    return grant(name, subject, effect=Effect.DENY, **more)


def test_a_deny_of_a_name_that_two_share_denies_both() -> None:
    people = (person("u-1", user_name="a"), person("u-2", user_name="a"), person("u-3", user_name="b"))
    made = built(*people, deny("d", "a"), deny("d2", "b", scope="t:i"), correlate="user_name")
    leaf = "hr|d|9223372036|||"
    assert made.document["denies"] == {
        "u-1": {"e@*": leaf},
        "u-2": {"e@*": leaf},
        "u-3": {"e@t:i": "hr|d2|9223372036|||"},
    }
    assert reasons(made) == [
        ("hr: subject a", "2 identities have this user_name; 1 denies hold for each of them"),
    ]


def test_what_one_of_several_is_denied_besides_is_not_denied_to_the_others() -> None:
    names = source("hr", person("u-1", user_name="a"), person("u-2", user_name="a"))
    shared = source("app", deny("d", "a"), correlate="user_name")
    own = source("ids", deny("d2", "u-1", scope="t:i"))
    assert iga.build([names, shared, own]).document["denies"]["u-2"] == {"e@*": "app|d|9223372036|||"}


def test_a_deny_of_nobody_refuses_the_document() -> None:
    with pytest.raises(DocumentError) as caught:
        built(person("alice"), deny("d", "Alice"))
    assert caught.value.exit_code == 1
    for part in ("hr: 'Alice'", "correlate", "unmatched_denies: ignore"):
        assert part in str(caught.value)


def test_a_refusal_names_a_few_and_counts_the_rest() -> None:
    with pytest.raises(DocumentError, match=r"'n4'; and 2 more\)"):
        built(*(deny(f"d{number}", f"n{number}") for number in range(7)))


def test_a_deny_of_nobody_is_left_out_where_the_source_says_so() -> None:
    made = iga.build([source("hr", person("alice"), deny("d", "Alice"), ignore_unmatched_denies=True)])
    assert made.document["denies"] == {}
    assert reasons(made) == [("hr: subject Alice", "no identity has this id; 1 denies deny nobody")]


def test_one_source_that_ignores_does_not_ignore_for_another() -> None:
    with pytest.raises(DocumentError, match="ad: 'zoe'"):
        iga.build([source("ad", deny("d", "zoe")), source("hr", ignore_unmatched_denies=True)])


def test_guards_are_those_that_list_an_identity_or_a_deny_or_say_so() -> None:
    made = iga.build(
        [
            source("says", guards=True),
            source("rights", grant("g", "alice")),
            source("people", person("alice")),
            source("denies", deny("d", "alice")),
            source("statuses", person("alice"), secondary=True),
        ]
    )
    assert made.document["guards"] == ["denies", "people", "says", "statuses"]


@pytest.mark.parametrize(
    ("one", "other", "status"),
    [
        (Status.ACTIVE, Status.ACTIVE, "active"),
        (Status.ACTIVE, Status.DISABLED, "disabled"),
        (Status.SUSPENDED, Status.ACTIVE, "suspended"),
        (Status.SUSPENDED, Status.DISABLED, "disabled"),
        (Status.DELETED, Status.DISABLED, "deleted"),
    ],
)
@pytest.mark.parametrize("secondary", [False, True])
def test_an_identity_of_two_systems_is_as_active_as_the_strictest_says(
    one: Status, other: Status, status: str, secondary: bool
) -> None:
    for first, second in ((one, other), (other, one)):
        made = iga.build(
            [
                source("hr", person("alice", status=first)),
                source("ad", person("alice", status=second), secondary=secondary),
            ]
        )
        assert made.document["identities"] == {"alice": f"{status}|human||hr|"}
        assert made.quarantined == []


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ({"type": IdentityType.WORKLOAD}, {}, "type"),
        ({"environment": "prod"}, {"environment": "staging"}, "environment"),
        ({"owners": ("bob",)}, {"owners": ("carol",)}, "owners"),
        ({"owners": ("bob",)}, {"environment": "prod"}, "environment, owners"),
    ],
)
def test_two_primaries_that_differ_make_a_suspended_identity(
    one: dict[str, Any], other: dict[str, Any], differ: str
) -> None:
    for first, second in ((one, other), (other, one)):
        made = iga.build([source("ad", person("x", **first)), source("hr", person("x", **second))])
        assert made.document["identities"]["x"].startswith("suspended|")
        reason = f"they differ in {differ}; nobody can tell which is right: it is suspended"
        assert reasons(made) == [("ad and hr: identity x", reason)]


def test_two_primaries_that_differ_do_not_lift_what_one_of_them_disables() -> None:
    disabled = person("x", status=Status.DISABLED, environment="prod")
    made = iga.build([source("ad", person("x")), source("hr", disabled), source("xx", person("x"))])
    assert made.document["identities"]["x"].startswith("disabled|")


def test_owners_in_another_order_are_the_same_owners() -> None:
    made = iga.build([source("ad", person("x", owners=("a", "b"))), source("hr", person("x", owners=("b", "a")))])
    assert made.document["identities"]["x"] == "active|human||ad|a,b"
    assert made.quarantined == []


def test_a_secondary_enters_nobody_and_says_nothing_but_a_status() -> None:
    other = person("alice", type=IdentityType.AGENT, environment="prod", owners=("mallory",), user_name="root")
    for order in (1, -1):
        inputs = [
            source("ad", other, person("mallory", user_name="m"), secondary=True),
            source("hr", person("alice"), grant("g", "root"), grant("g2", "mallory"), correlate="user_name"),
        ]
        made = iga.build(inputs[::order])
        assert made.document["identities"] == {"alice": "active|human||hr|"}
        assert made.document["grants"] == {}
        assert ("ad: identities", "no primary source lists 1 of them") in reasons(made)


def test_a_secondarys_deny_holds_for_whomever_it_may_mean() -> None:
    ours = source("hr", person("u-1", user_name="a"))
    theirs = source("ad", person("u-2", user_name="a"), deny("d", "a"), correlate="user_name", secondary=True)
    assert sorted(iga.build([ours, theirs]).document["denies"]) == ["u-1", "u-2"]


def test_an_owner_whose_id_holds_a_separator_is_left_out_and_named() -> None:
    made = built(person("svc", type=IdentityType.SERVICE_ACCOUNT, owners=("bob", "a,b")), person("a,b"), person("bob"))
    assert made.document["identities"]["svc"] == "active|service_account||hr|bob"
    assert [row.where for row in made.quarantined] == ["hr: identity svc"]
    assert "'a,b'" in made.quarantined[0].reason
