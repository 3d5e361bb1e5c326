"""Mandates in the ``pam`` document: keyed for the decision, and a chain that is whole or gives nothing."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.documents import pam, tree
from livegate.documents.directory import Directory
from livegate.documents.iga import Built, Input
from livegate.model.records import (
    Authority,
    Constraint,
    Delegation,
    Identity,
    IdentityType,
    Limit,
    Mandate,
    Parent,
    Status,
    TaskApproval,
)
from livegate.model.snapshot import Domain, Snapshot

T = 1_795_000_000_000_000_000
DIGEST = "sha-256:" + "A" * 43


def build(*groups: tuple[Mandate, ...]) -> Built:
    """The document of one PAM system a group, each of which knows user names."""
    directory = Directory()
    for name in ("alice", "bob", *(f"a{n}" for n in range(12))):
        directory.add(Identity(id=f"u-{name}", type=IdentityType.AGENT, status=Status.ACTIVE, user_name=name))
    inputs = []
    for number, records in enumerate(groups):
        head = Snapshot(
            id=f"p{number}-1", system=f"p{number}", domain=Domain.PAM, sequence=1, started_at=T, observed_at=T,
            completed_at=T, expires_at=T + 9, counts={}, quarantined=0, samples=(), sha256="0" * 64,
        )  # fmt: skip
        inputs.append(Input(head, records, "user_name"))
    built = pam.build(inputs, directory)
    stamp = {"revision": "r", "sequence": 1, "issued_at": T, "expires_at": T + 9}
    tree.checked({**built.document, "bundle": stamp}, "pam", where="pam")  # whatever is built is what its schema says
    return built


def mandate(name: str = "m-1", agent: str = "a0", parent: tuple[str, str] | None = None, **more: Any) -> Mandate:
    """A mandate for alice that may read."""
    values: dict[str, Any] = {
        "id": name,
        "agent": agent,
        "subject": "alice",
        "state": "active",
        "not_before": T,
        "expires_at": T + 5,
        "tasks": ("t",),
        "authorities": (Authority(actions=("read",), scope="*"),),
        "parent": Parent(agent=parent[0], id=parent[1]) if parent else None,
    }
    return Mandate(**(values | more))


def told(made: Built) -> dict[str, str]:
    """Mandate to why it is left out."""
    return {row.where: row.reason for row in made.quarantined}


def test_a_plain_mandate() -> None:
    assert build((mandate(),)).document["mandates"] == {
        "u-a0": {
            "m-1": {
                "system": "p0",
                "subject": "u-alice",
                "state": "active",
                "not_before": T,
                "expires_at": T + 5,
                "tasks": {"t": True},
                "authority": {"#read@*": {}},
            }
        }
    }


def test_a_mandate_in_full() -> None:
    first = Authority(
        actions=("create", "read"),
        scope="payment:1",
        tools=("x", "y"),
        constraints=(
            Constraint(name="amount", max=10, min=0.5, required=False),
            Constraint(name="kind", equals=False),
            Constraint(name="currency", one_of=("EUR", 1)),
        ),
        parameters=DIGEST,
    )
    approvals = (
        TaskApproval(
            task="t", id="ta", approvers=("bob", "zoe", "bob"), required=2, approved_until=T + 2, parameters=DIGEST,
            max_uses=1,
        ),
        TaskApproval(task="u", id="tb", approvers=()),
    )  # fmt: skip
    made = build(
        (
            mandate(
                authorities=(first, Authority(actions=("read",), scope="*", tools=())),
                limits=(Limit("calls", 5), Limit("amount", 1.5)),
                delegation=Delegation(max_depth=2, delegates=("a1", "zoe")),
                approvals=approvals,
                issuer="alice",
                goal="why",
            ),
        )
    )
    found = made.document["mandates"]["u-a0"]["m-1"]
    held = {
        "tools": {"x": True, "y": True},
        "constraints": {
            "amount": {"max": 10, "min": 0.5, "required": False},
            "kind": {"equals": False},
            "currency": {"one_of": ["EUR", 1]},
        },
        "parameters": DIGEST,
    }
    assert found["authority"] == {"#create@payment:1": held, "#read@payment:1": held, "#read@*": {"tools": {}}}
    assert found["limits"] == {"calls": 5, "amount": 1.5}
    assert found["delegation"] == {"max_depth": 2, "delegates": {"u-a1": True}}
    assert found["approvals"] == {
        "t": {
            "id": "ta",
            "approvers": ["u-bob"],
            "required": 2,
            "approved_until": T + 2,
            "parameters": DIGEST,
            "max_uses": 1,
        },
        "u": {"id": "tb", "approvers": [], "required": 1, "approved_until": T + 5},
    }
    assert (found["issuer"], found["goal"]) == ("alice", "why")


@pytest.mark.parametrize(
    ("more", "says"),
    [({"agent": "zoe"}, "its subject 'zoe' matches"), ({"subject": "zoe"}, "for 'zoe', who matches")],
)
def test_a_mandate_of_or_for_nobody_is_left_out(more: dict[str, Any], says: str) -> None:
    made = build((mandate(**more),))
    assert made.document["mandates"] == {}
    assert says in told(made)["p0: mandates m-1"]


def test_ancestors_are_flat_the_first_one_first() -> None:
    first, second, third = mandate("m-1"), mandate("m-2", "a1", ("a0", "m-1")), mandate("m-3", "a2", ("a1", "m-2"))
    mandates = build((third, first, second)).document["mandates"]
    assert mandates["u-a2"]["m-3"]["ancestors"] == [{"agent": "u-a0", "id": "m-1"}, {"agent": "u-a1", "id": "m-2"}]
    assert mandates["u-a1"]["m-2"]["ancestors"] == [{"agent": "u-a0", "id": "m-1"}]
    assert "ancestors" not in mandates["u-a0"]["m-1"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_mandate_of_another_system_is_no_parent(order: int) -> None:
    made = build(*((mandate("m-1"),), (mandate("m-2", "a1", ("a0", "m-1")),))[::order])
    assert list(made.document["mandates"]) == ["u-a0"]
    assert list(told(made).values()) == [
        f"p{(1, 0)[order < 0]} has no mandate 'm-1' of 'u-a0', which it derives from; it gives nothing"
    ]


def test_a_mandate_whose_parent_is_missing_gives_nothing_nor_do_those_below() -> None:
    made = build((mandate("m-2", "a1", ("a0", "m-1")), mandate("m-3", "a2", ("a1", "m-2")), mandate("m-4", "a1")))
    assert {agent: list(of) for agent, of in made.document["mandates"].items()} == {"u-a1": ["m-4"]}
    assert set(told(made)) == {"p0: mandates m-2", "p0: mandates m-3"}


def test_the_id_of_another_agents_mandate_is_no_parent() -> None:
    made = build((mandate("m-1"), mandate("m-2", "a1", ("a2", "m-1"))))
    assert list(made.document["mandates"]) == ["u-a0"]
    assert "p0 has no mandate 'm-1' of 'u-a2'" in told(made)["p0: mandates m-2"]


def test_a_parent_of_nobody_is_none() -> None:
    made = build((mandate("m-2", "a1", ("zoe", "m-1")), mandate("m-1")))
    assert list(made.document["mandates"]) == ["u-a0"]
    assert "'zoe', who matches no one identity" in told(made)["p0: mandates m-2"]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_gives_nothing_nor_does_what_hangs_on_it(length: int) -> None:
    ring = [mandate(f"m-{n}", f"a{n}", (f"a{(n + 1) % length}", f"m-{(n + 1) % length}")) for n in range(length)]
    made = build((*ring, mandate("m-9", "a9", ("a0", "m-0")), mandate("m-10", "a10")))
    assert list(made.document["mandates"]) == ["u-a10"]
    assert len(made.quarantined) == length + 1
    assert all("circle" in reason for reason in told(made).values())


def test_a_chain_has_eight_ancestors_at_most() -> None:
    chain = [mandate("m-0")] + [mandate(f"m-{n}", f"a{n}", (f"a{n - 1}", f"m-{n - 1}")) for n in range(1, 11)]
    made = build(tuple(chain))
    assert list(made.document["mandates"]) == [f"u-a{n}" for n in range(9)]
    assert len(made.document["mandates"]["u-a8"]["m-8"]["ancestors"]) == 8
    assert told(made) == {
        f"p0: mandates m-{n}": "it derives from more than 8 mandates; it gives nothing" for n in (9, 10)
    }


@pytest.mark.parametrize("order", [1, -1])
def test_one_id_of_two_systems_gives_nothing_nor_do_those_below(order: int) -> None:
    # were one of them kept, what the other system derived from its own, revoked one would hang on it
    theirs = (mandate(state="revoked"), mandate("m-2", "a1", ("a0", "m-1")), mandate("m-3"))
    made = build(*((mandate(),), theirs)[::order])
    assert {agent: list(held) for agent, held in made.document["mandates"].items()} == {"u-a0": ["m-3"]}
    one, other = ("p0", "p1")[::order]
    assert set(told(made)) == {f"{one}: mandates m-1", f"{other}: mandates m-1", f"{other}: mandates m-2"}
