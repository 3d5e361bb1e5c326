"""The SCIM connector against a real scim2-server, by index and by cursor, with pages smaller than the data."""

from __future__ import annotations

import time
from typing import Any

import pytest

from livegate.errors import IncompleteError, SourceError
from livegate.model.records import Grant, Identity, IdentityType, Status
from livegate.model.snapshot import Domain, Quarantined
from livegate.sources.http import Http
from livegate.sources.scim import ScimSource

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def add_user(server: Any, name: str, **more: Any) -> str:
    given = {"schemas": [USER, ENTERPRISE], "userName": name, "active": True} | more
    made: str = server.call("POST", "/Users", **given)["id"]
    return made


def add_group(server: Any, name: str, *members: tuple[str, str]) -> str:
    given = [{"value": value, "type": kind} for value, kind in members]
    made: str = server.call("POST", "/Groups", schemas=[GROUP], displayName=name, members=given)["id"]
    return made


def source(server: Any, folder: Any, **settings: Any) -> ScimSource:
    given = {"url": server.url, "page_size": 2, "types": {"Service": "service_account"}} | settings
    return ScimSource(folder.config(Domain.IGA, "scim", server.token, **given), folder.effects)


def listed(
    server: Any, folder: Any, **settings: Any
) -> tuple[dict[str, Identity], set[tuple[str, str, str]], list[Any]]:
    """Identities by user name, grants as (user name, entitlement, via), the quarantined."""
    rows = list(source(server, folder, **settings).listing().rows)
    people = {row.id: row for row in rows if isinstance(row, Identity)}
    grants = {(people[row.subject].user_name, row.entitlement, row.via) for row in rows if isinstance(row, Grant)}
    assert len({row.id for row in rows if isinstance(row, Grant)}) == len(grants)
    return {one.user_name: one for one in people.values()}, grants, [r for r in rows if isinstance(r, Quarantined)]


@pytest.mark.parametrize("paging", ["index", "cursor", "auto"])
def test_lists_all_and_sees_what_changes(paging: str, scim_server: Any, folder: Any) -> None:
    server = scim_server(maxPageSize=3)
    ids = {name: add_user(server, name, roles=[{"value": "reader"}]) for name in ("ada", "ben", "cai", "dee", "eve")}
    ids["svc"] = add_user(
        server,
        "svc",
        externalId="svc-payments",
        userType="Service",
        entitlements=[{"value": "payments:read"}, {"value": "weird@name"}],
        **{ENTERPRISE: {"manager": {"value": ids["ada"]}}},
    )
    add_user(server, "odd", userType="Robot")
    inner = add_group(server, "dba", (ids["ben"], "User"))
    add_group(server, "platform", (inner, "Group"), (ids["cai"], "User"))

    people, grants, left_out = listed(server, folder, paging=paging, entitlement_prefix="ledger:")

    assert set(people) == {"ada", "ben", "cai", "dee", "eve", "svc"}
    assert people["svc"] == Identity(
        id=ids["svc"],
        type=IdentityType.SERVICE_ACCOUNT,
        status=Status.ACTIVE,
        owners=(ids["ada"],),
        user_name="svc",
        external_id="svc-payments",
    )
    assert grants == {
        *((name, "ledger:reader", "role:reader") for name in ("ada", "ben", "cai", "dee", "eve")),
        ("svc", "ledger:payments:read", ""),
        ("ben", "ledger:dba", "group:dba"),
        ("ben", "ledger:platform", "group:dba/group:platform"),
        ("cai", "ledger:platform", "group:platform"),
    }
    assert {(row.reason.split()[0], row.critical) for row in left_out} == {("the", False), ("userType", False)}
    assert len(left_out) == 2

    server.call("DELETE", f"/Users/{ids['eve']}")
    server.call(
        "PATCH",
        f"/Users/{ids['dee']}",
        schemas=[PATCH],
        Operations=[{"op": "replace", "path": "active", "value": False}],
    )
    add_user(server, "fay")
    server.call(
        "PATCH",
        f"/Groups/{inner}",
        schemas=[PATCH],
        Operations=[{"op": "remove", "path": "members"}],
    )

    people, grants, _ = listed(server, folder, paging=paging, entitlement_prefix="ledger:")

    assert set(people) == {"ada", "ben", "cai", "dee", "fay", "svc"}
    assert people["dee"].status is Status.DISABLED
    assert ("dee", "ledger:reader", "role:reader") in grants, "listed still; the identity's status decides"
    assert not {grant for grant in grants if grant[0] in {"eve", "fay"} or "group:dba" in grant[2]}
    assert folder.waits == []


@pytest.mark.parametrize("paging", ["index", "cursor"])
def test_an_empty_provider_is_an_empty_listing(paging: str, scim_server: Any, folder: Any) -> None:
    assert listed(scim_server(), folder, paging=paging) == ({}, set(), [])


@pytest.mark.parametrize("paging", ["index", "cursor"])
def test_a_swap_between_two_pages_is_noticed(
    paging: str, scim_server: Any, folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # one user of the first page is deleted and another made further on, so that the total stays: by index,
    # the next page would begin one row too late and a user would be missing without anyone seeing it
    server = scim_server()
    for n in range(6):
        add_user(server, f"user{n}")
    order = [row["id"] for row in server.call("GET", "/Users")["Resources"]]
    names = {row["id"]: row["userName"] for row in server.call("GET", "/Users")["Resources"]}
    ask, asked = Http.ask, []

    def ask_and_change(http: Http, method: str, path: str, **more: Any) -> Any:
        answer = ask(http, method, path, **more)
        asked.append(path)
        if len(asked) == 1:
            server.call("DELETE", f"/Users/{order[0]}")
            for _ in range(200):  # the server lists by id, which it draws
                late = add_user(server, "late")
                if late > order[1]:
                    break
                server.call("DELETE", f"/Users/{late}")
        return answer

    monkeypatch.setattr(Http, "ask", ask_and_change)

    people, _, _ = listed(server, folder, paging=paging)

    assert {names[one] for one in order[1:]} <= set(people), "who was there all the time is listed"
    if paging == "index":
        assert set(people) == {names[one] for one in order[1:]} | {"late"}
        assert folder.waits == [1.0], "begun anew, once"


@pytest.mark.long
def test_a_cursor_that_always_expires_is_incomplete(
    scim_server: Any, folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scim_server(cursorTimeout=1)
    for n in range(3):
        add_user(server, f"user{n}")
    ask = Http.ask

    def ask_late(http: Http, method: str, path: str, **more: Any) -> Any:
        if more["params"]["cursor"]:
            time.sleep(1.1)  # older than the server lets a cursor become
        return ask(http, method, path, **more)

    monkeypatch.setattr(Http, "ask", ask_late)

    with pytest.raises(IncompleteError, match="expiredCursor"):
        source(server, folder, paging="cursor").listing()
    assert folder.waits == [1.0, 2.0, 3.0]


def test_a_cursor_where_there_is_none(scim_server: Any, folder: Any) -> None:
    server = scim_server(cursor=False)
    add_user(server, "ada")

    with pytest.raises(SourceError):
        source(server, folder, paging="cursor").listing()
    assert set(listed(server, folder, paging="auto")[0]) == {"ada"}


def test_a_wrong_token_is_named(scim_server: Any, folder: Any) -> None:
    server = scim_server()
    config = folder.config(Domain.IGA, "scim", "not-the-token", url=server.url)

    with pytest.raises(SourceError, match="does not accept the token") as caught:
        ScimSource(config, folder.effects).listing()
    assert "not-the-token" not in str(caught.value)
