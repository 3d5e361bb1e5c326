"""Leaves: what the policy splits again must be what was put in, never wider."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livegate.documents import leaves
from livegate.model.instants import SECOND, parse
from livegate.model.records import Grant, Hold, Identity, IdentityType, Status

END = parse("2027-01-01T00:00:00Z")


def grant(**more: object) -> Grant:
    """A grant with an end, changed by ``more``."""
    return Grant(**({"id": "g-1", "subject": "alice", "entitlement": "orders:dba", "expires_at": END} | more))  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("made", "leaf"),
    [
        pytest.param(grant(), "hr|g-1|1798761600|||", id="end"),
        pytest.param(grant(expires_at=0), "hr|g-1|9223372036|||", id="no end"),
        pytest.param(grant(expires_at=END + SECOND - 1), "hr|g-1|1798761600|||", id="end rounded down"),
        pytest.param(grant(not_before=END - 10 * SECOND + 1), "hr|g-1|1798761600|1798761591||", id="start rounded up"),
        pytest.param(grant(hold=Hold.ELIGIBLE), "hr|g-1|1798761600||eligible|", id="eligible"),
        pytest.param(
            grant(id="a|b,c%d", via="role:x|y"), "hr|a%7Cb%2Cc%25d|1798761600|||role:x%7Cy", id="separators escaped"
        ),
    ],
)
def test_grant_leaf(made: Grant, leaf: str) -> None:
    assert leaves.grant_leaf(made, "hr") == leaf


def identity(**more: object) -> Identity:
    """An active service account, changed by ``more``."""
    return Identity(**({"id": "svc", "type": IdentityType.SERVICE_ACCOUNT, "status": Status.ACTIVE} | more))  # type: ignore[arg-type]  # a test's shorthand


def test_identity_leaf() -> None:
    made = identity(owners=("bob", "carol"), sponsor="carol", manager="nobody", environment="prod")
    assert leaves.identity_leaf(made, "hr") == "active|service_account|prod|hr|bob,carol"
    assert leaves.identity_leaf(identity(type=IdentityType.HUMAN, manager="boss"), "hr") == "active|human||hr|boss"


@pytest.mark.parametrize("person", ["a,b", "x|y", "50%"])
@pytest.mark.parametrize(
    ("more", "rest"),
    [
        ({"owners": ("bob", ...)}, "service_account||hr|bob"),
        ({"owners": ("bob",), "sponsor": ...}, "service_account||hr|bob"),
        ({"type": IdentityType.HUMAN, "manager": ...}, "human||hr|"),
    ],
)
def test_an_identity_whose_people_cannot_all_be_named_is_not_active(
    person: str, more: dict[str, object], rest: str
) -> None:
    def named(value: object) -> object:
        return tuple(map(named, value)) if isinstance(value, tuple) else person if value is ... else value

    made = {name: named(value) for name, value in more.items()}
    assert leaves.identity_leaf(identity(**made), "hr") == f"suspended|{rest}"
    assert leaves.identity_leaf(identity(status=Status.DISABLED, **made), "hr") == f"disabled|{rest}"


@pytest.mark.parametrize("more", [{"owners": ("alice",)}, {"sponsor": "alice"}, {"owners": ("alice",), "manager": "m"}])
def test_a_person_with_owners_counts_as_an_account_of_theirs_that_is_not_active(more: dict[str, object]) -> None:
    assert (
        leaves.identity_leaf(identity(type=IdentityType.HUMAN, **more), "hr") == "suspended|service_account||hr|alice"
    )


@given(st.text(min_size=1), st.text())
def test_a_leaf_always_has_six_fields(name: str, via: str) -> None:
    assert leaves.grant_leaf(grant(id=name, via=via), "hr").count("|") == 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(grant(), grant(hold=Hold.ELIGIBLE, expires_at=0), id="standing before eligible"),
        pytest.param(grant(expires_at=0), grant(), id="no end before an end"),
        pytest.param(grant(expires_at=END + SECOND), grant(), id="later end"),
        pytest.param(grant(), grant(not_before=END - SECOND), id="begun before not begun"),
    ],
)
def test_of_two_under_one_key_the_better_is_kept(one: Grant, other: Grant) -> None:
    better, worse = leaves.grant_leaf(one, "hr"), leaves.grant_leaf(other, "hr")
    assert leaves.preferred(better, worse) == better
    assert leaves.preferred(worse, better) == better
