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
        "listed": {"hr": "hr-3"},
        "guards": ["hr"],
        "identities": {"alice": "active|human||hr|"},
        "proofs": {},
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


def source(system: str, *records: AnyRecord, correlate: str = "id", **rules: Any) -> Input:
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


BOT = {"type": IdentityType.WORKLOAD}


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ({"type": IdentityType.WORKLOAD}, {}, "type"),
        ({"environment": "prod"}, {"environment": "staging"}, "environment"),
        (BOT | {"owners": ("bob",)}, BOT | {"owners": ("carol",)}, "owners"),
        (BOT | {"owners": ("bob",)}, BOT | {"environment": "prod"}, "environment, owners"),
        (BOT | {"sponsor": "bob"}, BOT | {"sponsor": "carol"}, "owners"),
        ({"manager": "bob"}, {"manager": "carol"}, "manager"),
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
    one, other = person("x", owners=("a", "b"), **BOT), person("x", owners=("b", "a"), **BOT)
    made = iga.build([source("ad", one), source("hr", other)])
    assert made.document["identities"]["x"] == "active|workload||ad|a,b"
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


def status(made: Built) -> dict[str, str]:
    """Identity to its status."""
    return {name: leaf.split("|")[0] for name, leaf in made.document["identities"].items()}


def test_an_owner_who_cannot_be_named_suspends_what_he_owns_and_himself() -> None:
    # he may approve what was asked for by what he owns, were he not suspended: nobody knows that it is his
    made = built(person("svc", type=IdentityType.SERVICE_ACCOUNT, owners=("bob", "a,b")), person("a,b"), person("bob"))
    assert made.document["identities"]["svc"] == "suspended|service_account||hr|bob"
    assert status(made) == {"svc": "suspended", "a,b": "suspended", "bob": "active"}
    [theirs, his] = made.quarantined
    assert theirs.where == "hr: identity svc"
    assert "'a,b'" in theirs.reason
    assert "it is suspended" in theirs.reason
    assert his.where == "iga: identity a,b"


@pytest.mark.parametrize("order", [1, -1])
def test_whoever_is_below_a_manager_who_cannot_be_named_is_suspended(order: int) -> None:
    chain = [person("sub", manager="mid"), person("mid", manager="cn=boss,ou=people"), person("cn=boss,ou=people")]
    others = [person("alice", manager="carol"), person("carol"), person("bot", owners=("sub",), **BOT)]
    people = [*chain, *others][::order]
    for made in (
        built(*people),
        iga.build([source(f"s{n}", record) for n, record in enumerate(people)]),
    ):
        assert status(made) == dict.fromkeys(("sub", "mid", "cn=boss,ou=people"), "suspended") | dict.fromkeys(
            ("alice", "carol", "bot"), "active"
        )
        [below] = [row.reason for row in made.quarantined if "manager above" in row.reason]
        assert below.startswith("1 people")


def test_a_circle_of_managers_below_one_who_cannot_be_named_ends() -> None:
    made = built(
        person("a", manager="b"), person("b", manager="a"), person("c", manager="d|d"), person("e", manager="c")
    )
    assert status(made) == {"a": "active", "b": "active", "c": "suspended", "e": "suspended"}


def test_a_person_with_owners_is_suspended_and_told() -> None:
    made = built(
        person("alice"), person("alice-adm", owners=("alice",), manager="boss"), person("low", manager="alice-adm")
    )
    assert made.document["identities"]["alice-adm"] == "suspended|service_account||hr|alice"
    assert status(made) == {"alice": "active", "alice-adm": "suspended", "low": "suspended"}  # low's superior is lost
    row = made.quarantined[0]
    assert row.where == "hr: identity alice-adm"
    assert "service_account" in row.reason
    without = built(person("alice"), person("alice-adm", sponsor="alice"), person("low", manager="alice-adm"))
    assert status(without) == {"alice": "active", "alice-adm": "suspended", "low": "active"}


def test_what_a_secondary_says_of_responsible_people_counts_for_nothing() -> None:
    theirs = source(
        "ad", person("x", manager="cn=boss,ou=p", owners=("o",)), person("y", owners=("a|b",), **BOT), secondary=True
    )
    made = iga.build([source("hr", person("x"), person("y", owners=("o",), **BOT)), theirs])
    assert status(made) == {"x": "active", "y": "active"}
    assert made.quarantined == []


def test_of_two_primaries_that_differ_none_of_the_people_is_lost() -> None:
    bot, other = person("x", owners=("bob",), **BOT), person("x", owners=("carol",), **BOT)
    human = person("x", manager="boss")
    low = person("low", manager="x")
    for first, second in (("hr", "ad"), ("ad", "hr")):
        made = iga.build([source(first, bot), source(second, other)])
        assert made.document["identities"]["x"] == f"suspended|workload||{first}|bob,carol"
        for one, two in ((bot, human), (human, bot), (person("x", manager="b2"), human)):
            made = iga.build([source(first, one, low), source(second, two)])
            assert status(made) == {"x": "suspended", "low": "suspended"}
            assert one.type is two.type or made.document["identities"]["x"].endswith("|bob")


def test_what_one_primary_cannot_name_no_other_makes_good() -> None:
    for order in (1, -1):
        inputs = [source("hr", person("x", manager="boss")), source("ad", person("x", manager="a|b"))]
        made = iga.build(inputs[::order])
        assert status(made) == {"x": "suspended"}


@pytest.mark.parametrize("order", [1, -1])
def test_a_manager_that_one_system_knows_is_the_persons(order: int) -> None:
    silent, knows = source("ad", person("x")), source("hr", person("x", manager="boss"))
    made = iga.build([silent, knows][::order])
    assert made.document["identities"]["x"].endswith("|boss")
    assert made.document["identities"]["x"].startswith("active|")
    assert made.quarantined == []


def test_who_is_responsible() -> None:
    made = built(
        person("bot", owners=("bob", "carol"), sponsor="bob", manager="nobody", **BOT),
        person("agent", type=IdentityType.AGENT, sponsor="carol"),
        person("bob", manager="alice"),
    )
    assert made.document["identities"] == {
        "bot": "active|workload||hr|bob,carol",
        "agent": "active|agent||hr|carol",
        "bob": "active|human||hr|alice",
    }
    assert made.quarantined == []


SPIFFE = "spiffe://prod.example/ci/deploy"


def test_proof_names() -> None:
    made = built(
        person("ci", names=(SPIFFE, "https://login.example#client:ci"), **BOT), person("alice", names=("https://i#1",))
    )
    assert made.document["proofs"] == {SPIFFE: "ci", "https://login.example#client:ci": "ci", "https://i#1": "alice"}
    assert made.quarantined == []


def test_a_name_that_is_none_gives_nothing_and_is_told() -> None:
    made = built(person("ci", names=("spiffe://Prod.example/x", SPIFFE)))
    assert made.document["proofs"] == {SPIFFE: "ci"}
    assert reasons(made) == [
        ("hr: identity ci", "the proof name 'spiffe://Prod.example/x' is neither a SPIFFE ID nor issuer#subject")
    ]
    assert "ci" in made.document["identities"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_that_two_identities_have_names_nobody(order: int) -> None:
    ours, theirs = person("ci", names=(SPIFFE, "https://i#1")), person("mallory", names=(SPIFFE,))
    for made in (
        built(*(ours, theirs)[::order]),
        iga.build([source("hr", ours), source("ad", theirs)][::order]),
    ):
        assert made.document["proofs"] == {"https://i#1": "ci"}
        told = [("iga: proofs", f"ci, mallory have the proof name {SPIFFE!r}; it names none of them")]
        assert reasons(made) == told


def test_one_name_of_one_identity_from_two_systems_is_its_name() -> None:
    both = person("ci", names=(SPIFFE, SPIFFE))
    made = iga.build([source("hr", both), source("ad", both)])
    assert made.document["proofs"] == {SPIFFE: "ci"}


def test_names_are_made_of_attributes_beside_those_that_the_rows_give() -> None:
    rules: dict[str, Any] = {"names": (("https://login.example", "external_id"), ("prod.example", "id"))}
    made = iga.build([source("hr", person("a", external_id="00u1", names=(SPIFFE,)), person("b"), **rules)])
    assert made.document["proofs"] == {
        "https://login.example#00u1": "a",
        "prod.example#a": "a",
        "prod.example#b": "b",
        SPIFFE: "a",
    }


def test_a_secondary_names_nobody() -> None:
    theirs = source("ad", person("alice", names=(SPIFFE,)), secondary=True)
    assert iga.build([source("hr", person("alice")), theirs]).document["proofs"] == {}
