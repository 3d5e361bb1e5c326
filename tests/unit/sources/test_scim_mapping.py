"""SCIM users and groups to records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from livegate.model.records import Grant, Identity, IdentityType, Status
from livegate.model.snapshot import Quarantined
from livegate.sources import scim_groups
from livegate.sources.scim_mapping import Users, Values

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TYPES = {"Service": IdentityType.SERVICE_ACCOUNT, "Agent": IdentityType.AGENT, "Person": IdentityType.HUMAN}


def raw(*values: Any) -> list[msgspec.Raw]:
    return [msgspec.Raw(msgspec.json.encode(value)) for value in values]


def user(**values: Any) -> list[Any]:
    found = Users(TYPES, IdentityType.HUMAN, Values(values.pop("prefix", ""), values.pop("scoped", False)))
    return list(found.rows(raw({"id": "u1", "active": True} | values)))


def grouped(users: Iterable[str], *groups: dict[str, Any], **more: Any) -> list[Any]:
    return list(scim_groups.rows(raw(*groups), users=set(users), values=Values(more.pop("prefix", "")), **more))


def group(name: str, *members: str, **more: Any) -> dict[str, Any]:
    return {"id": f"id-{name}", "displayName": name, "members": [{"value": member} for member in members]} | more


def held(rows: list[Any]) -> set[tuple[str, str, str]]:
    return {(row.subject, row.entitlement, row.via) for row in rows if isinstance(row, Grant)}


def left_out(rows: list[Any]) -> list[Quarantined]:
    return [row for row in rows if isinstance(row, Quarantined)]


def test_a_whole_user() -> None:
    rows = user(
        userName="ada@example",
        externalId="e1",
        userType="Agent",
        active=False,
        entitlements=[{"value": "ledger:read", "display": "Read", "primary": True, "type": "app"}],
        roles=[{"value": " spaced role "}],
        owners=[{"value": "o1"}, {"value": "m1"}, {"display": "nobody"}],
        groups=[{"value": "read from /Groups, not here"}],
        somethingNew={"deep": [1]},
        **{ENTERPRISE: {"manager": {"value": "m1"}, "department": "x"}},
    )

    assert rows == [
        Identity(
            id="u1",
            type=IdentityType.AGENT,
            status=Status.DISABLED,
            owners=("o1", "m1"),
            user_name="ada@example",
            external_id="e1",
        ),
        Grant(id="u1/entitlement/ledger:read", subject="u1", entitlement="ledger:read"),
        Grant(id="u1/role/ spaced role ", subject="u1", entitlement=" spaced role ", via="role: spaced role "),
    ]


def test_the_manager_of_a_person_is_no_owner() -> None:
    (found,) = user(**{ENTERPRISE: {"manager": {"value": "m1"}}})
    assert (found.owners, found.manager) == ((), "m1")
    (found,) = user(owners=[{"value": "o1"}], **{ENTERPRISE: {"manager": {"value": "m1"}}})
    assert (found.owners, found.manager) == (("o1",), "m1")  # what that means is for the document to say
    (found,) = user(**{ENTERPRISE: {"manager": {"displayName": "nobody"}}})
    assert found.manager == ""


def test_nulls_are_absent() -> None:
    rows = user(userName=None, externalId=None, userType=None, entitlements=None, roles=None, **{ENTERPRISE: None})

    assert rows == [Identity(id="u1", type=IdentityType.HUMAN, status=Status.ACTIVE)]


def test_the_same_value_twice_is_one_grant() -> None:
    rows = user(roles=[{"value": "a", "type": "x"}, {"value": "a", "type": "y"}], entitlements=[{"value": "a"}])

    assert [row.id for row in rows[1:]] == ["u1/entitlement/a", "u1/role/a"]


@pytest.mark.parametrize(
    ("more", "critical"),
    [
        ({ENTERPRISE: {"manager": {"value": "m1"}}}, True),  # those below would lose the superiors above
        ({ENTERPRISE: {"manager": 7}}, True),
        ({ENTERPRISE: ["odd"]}, True),
        ({ENTERPRISE: {"department": "x"}}, False),
        ({ENTERPRISE: {"manager": None}}, False),
        ({}, False),
    ],
)
def test_a_user_who_has_a_manager_cannot_be_left_out(more: dict[str, Any], critical: bool) -> None:
    (row,) = user(userType="robot", **more)
    assert isinstance(row, Quarantined)
    assert row.critical is critical


@pytest.mark.parametrize(
    ("value", "scoped", "expected"),
    [
        pytest.param("admin@aws:1234", True, ("p:admin", "aws:1234"), id="scope"),
        pytest.param("admin", True, ("p:admin", "*"), id="no-scope"),
        pytest.param("admin@aws:1234", False, None, id="not-asked-for"),
        pytest.param("admin@*", True, None, id="star-is-not-written"),
        pytest.param("admin@corp.example", True, None, id="an-address"),
        pytest.param("admin@aws:", True, None, id="no-id"),
        pytest.param("@aws:1234", True, None, id="no-entitlement"),
        pytest.param("admin@aws:1@2", True, None, id="two-at"),
        pytest.param("admin@aws:1 2", True, None, id="space-in-scope"),
        pytest.param("", False, None, id="empty"),
    ],
)
def test_values(value: str, scoped: bool, expected: tuple[str, str] | None) -> None:
    _, row = user(entitlements=[{"value": value}], prefix="p:", scoped=scoped)

    if expected is None:
        assert isinstance(row, Quarantined)
        assert not row.critical
    else:
        assert (row.entitlement, row.scope) == expected


def test_a_value_may_be_missing() -> None:
    _, row = user(roles=[{"display": "x"}])

    assert isinstance(row, Quarantined)


def test_members_hold_the_groups_entitlement() -> None:
    rows = grouped(["a", "b"], group("dba", "a", "b", "a"), prefix="db:")

    assert held(rows) == {("a", "db:dba", "group:dba"), ("b", "db:dba", "group:dba")}
    assert [row.id for row in rows] == ["a/group/dba", "b/group/dba"]


def test_members_of_inner_groups_hold_it_by_the_shortest_path() -> None:
    rows = grouped(
        ["a", "b"],
        group("top", "id-mid", "id-low"),
        group("mid", "id-low", "b"),
        group("low", "a"),
    )

    assert held(rows) == {
        ("a", "low", "group:low"),
        ("a", "mid", "group:low/group:mid"),
        ("a", "top", "group:low/group:top"),
        ("b", "mid", "group:mid"),
        ("b", "top", "group:mid/group:top"),
    }
    assert len(rows) == 5


def test_circles_end() -> None:
    rows = grouped(["a", "b"], group("x", "id-y", "id-x", "a"), group("y", "id-x", "b"))

    assert held(rows) == {
        ("a", "x", "group:x"),
        ("b", "x", "group:y/group:x"),
        ("b", "y", "group:y"),
        ("a", "y", "group:x/group:y"),
    }
    assert left_out(rows) == []


def test_a_long_chain_is_cut_and_said() -> None:
    depth = scim_groups.DEEPEST + 5
    chain = [group(f"g{n}", f"id-g{n + 1}") for n in range(depth)] + [group(f"g{depth}", "a")]

    rows = grouped(["a"], *chain)

    assert ("a", f"g{depth}", f"group:g{depth}") in held(rows)
    assert "g0" not in {entitlement for _, entitlement, _ in held(rows)}
    assert any("deeper" in row.reason and row.where == "/Groups/id-g0" for row in left_out(rows))
    assert not any(row.critical for row in left_out(rows))


def test_a_name_that_two_groups_share_gives_nothing() -> None:
    same = (group("admin", "a"), group("admin", "b", id="other"))

    assert held(grouped(["a", "b"], *same)) == set()
    assert len(left_out(grouped(["a", "b"], *same))) == 2
    assert held(grouped(["a", "b"], *same, value_from="id")) == {
        ("a", "id-admin", "group:id-admin"),
        ("b", "other", "group:other"),
    }


def test_what_is_no_group_or_no_member_gives_nothing() -> None:
    rows = grouped(
        ["a"],
        group("x", "a", "stranger"),
        group("nameless", "a", displayName=None),
        group("other", "id-x"),
        {"displayName": "no id"},
        {"id": "", "displayName": "empty id"},
        group("bad", members="a"),
        group("none", members=None),
    )

    assert held(rows) == {("a", "x", "group:x"), ("a", "other", "group:x/group:other")}
    assert [row.where for row in left_out(rows)] == [
        "/Groups/row 4",
        "/Groups/row 5",
        "/Groups/id-bad",
        "/Groups/id-x member 'stranger'",
        "/Groups/id-nameless",
    ]
    assert not any(row.critical for row in left_out(rows))
