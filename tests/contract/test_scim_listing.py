"""SCIM providers that change, repeat, lose their place or lie while they are read."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.errors import IncompleteError, SourceError
from livegate.model.records import Grant, Identity, Status
from livegate.model.snapshot import Quarantined
from livegate.sources import scim_paging

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
EMPTY = {"schemas": [LIST], "totalResults": 0}


def page(total: int | None, *ids: str, cursor: str = "", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"schemas": [LIST], "Resources": [{"id": name, "active": True} for name in ids]}
    if total is not None:
        found["totalResults"] = total
    return found | ({"nextCursor": cursor} if cursor else {}) | more


def users(*pages: Any) -> Any:
    """Answers /Users by these pages, the last of them for ever; a number is a status."""
    given = list(pages)

    def answer(exchange: Any) -> None:
        if exchange.route != "/Users":
            exchange.json(EMPTY)
            return
        now = given.pop(0) if len(given) > 1 else given[0]
        exchange.json(now, status=int(now["status"]) if "scimType" in now else 200)

    return answer


def lost(kind: str) -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "scimType": kind}


def ids(listing: Any) -> list[str]:
    return [row.id for row in listing.rows if isinstance(row, Identity)]


GOOD = [page(3, "a", "b"), page(3, "b", "c")]

DIRTY_BY_INDEX = {
    "total-changes": [page(3, "a", "b"), page(4, "b", "c")],
    "page-repeats": [page(4, "a", "b"), page(4, "a", "b")],
    "start-ignored": [page(4, "a", "b", startIndex=1), page(4, "a", "b", startIndex=1)],
    "duplicate-id-in-a-page": [page(3, "a", "a", "b")],
    "duplicate-id-later": [page(3, "a", "b"), page(3, "b", "a")],
    "order-moved": [page(4, "a", "b"), page(4, "c", "d")],
    "ends-early": [page(3, "a", "b"), page(3, "b")],
    "empty-page": [page(3, "a", "b"), page(3)],
    "more-than-total": [page(1, "a", "b")],
    "nothing-of-many": [page(10**12)],
}

DIRTY_BY_CURSOR = {
    "total-changes": [page(3, "a", "b", cursor="x"), page(2, "c")],
    "total-not-reached": [page(3, "a", "b", cursor="x"), page(3)],
    "total-exceeded": [page(1, "a", "b")],
    "cursor-repeats": [page(None, "a", cursor="x"), page(None, "b", cursor="x")],
    "page-repeats": [page(None, "a", cursor="x"), page(None, "a", cursor="y")],
    "expired": [page(3, "a", "b", cursor="x"), lost("expiredCursor")],
    "invalid": [page(3, "a", "b", cursor="x"), lost("invalidCursor")],
}

CASES = [
    *(pytest.param("index", pages, GOOD, id=f"index-{name}") for name, pages in DIRTY_BY_INDEX.items()),
    *(
        pytest.param("cursor", pages, [page(3, "a", "b", cursor="z"), page(None, "c")], id=f"cursor-{name}")
        for name, pages in DIRTY_BY_CURSOR.items()
    ),
]


@pytest.mark.parametrize(("paging", "dirty", "good"), CASES)
def test_begins_anew_and_hands_on_only_the_whole(
    *, paging: str, dirty: list[Any], good: list[Any], scim: Any, server: Any, world: Any
) -> None:
    server.respond = users(*dirty, *good)

    assert ids(scim.source(server, world, paging=paging).listing()) == ["a", "b", "c"]
    assert world.waits == [1.0]


@pytest.mark.parametrize(("paging", "dirty", "good"), CASES)
def test_gives_up_after_a_few_beginnings(
    *, paging: str, dirty: list[Any], good: list[Any], scim: Any, server: Any, world: Any
) -> None:
    server.respond = users(*dirty * 4)

    with pytest.raises(IncompleteError, match="begun 4 times"):
        scim.source(server, world, paging=paging).listing()
    assert world.waits == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("paging", ["index", "cursor"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param({}, "shape", id="empty-object"),
        pytest.param({"schemas": [], "totalResults": 0}, "no SCIM list", id="no-list"),
        pytest.param({"schemas": [LIST], "totalResults": -1}, "negative", id="negative-total"),
        pytest.param({"schemas": [LIST], "totalResults": "3"}, "shape", id="total-is-text"),
        pytest.param({"schemas": [LIST], "totalResults": 1, "Resources": {}}, "shape", id="resources-are-no-list"),
        pytest.param(lost("invalidCount"), "invalidCount", id="count-refused"),
    ],
)
def test_what_is_no_list_is_refused(
    *, paging: str, answer: Any, words: str, scim: Any, server: Any, world: Any
) -> None:
    server.respond = users(answer)

    with pytest.raises(SourceError, match=words):
        scim.source(server, world, paging=paging).listing()


def test_by_index_a_total_is_needed(scim: Any, server: Any, world: Any) -> None:
    server.respond = users(page(None, "a"))

    with pytest.raises(SourceError, match="totalResults"):
        scim.source(server, world, paging="index").listing()


def test_without_end_is_refused(scim: Any, server: Any, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scim_paging, "MOST_PAGES", 50)
    server.respond = lambda exchange: exchange.json(
        page(None, f"id{exchange.number}", cursor=f"cursor{exchange.number}")
    )

    with pytest.raises(SourceError, match="more than 50 pages"):
        scim.source(server, world, paging="cursor").listing()
    assert len(server.seen) == 51


@pytest.mark.parametrize(("announced", "expected"), [(True, "cursor"), (False, "startIndex")])
def test_pages_as_announced_and_no_larger_than_allowed(
    announced: bool, expected: str, scim: Any, server: Any, world: Any
) -> None:
    server.by_cursor = announced
    server.respond = scim.healthy

    assert len(ids(scim.source(server, world, page_size=500).listing())) == 5
    asked = [exchange.query for exchange in server.seen if exchange.route == "/Users"]
    assert asked
    assert all(expected in query and query["count"] == "100" for query in asked)


def test_pages_of_one_row_have_no_overlap(scim: Any, server: Any, world: Any) -> None:
    server.respond = scim.healthy

    assert len(ids(scim.source(server, world, page_size=1, paging="index").listing())) == 5


def test_one_bad_row_is_quarantined_and_the_others_stay(scim: Any, server: Any, world: Any) -> None:
    rows = [
        {"id": "ok", "active": True},
        {"id": "off", "active": False, "entitlements": [{"value": "ledger:read"}]},
        {"id": "no-active", "userName": "x"},
        {"id": "odd-type", "active": True, "userType": "Robot"},
        {"id": "odd-type-off", "active": False, "userType": "Robot"},
        {"id": "text-active", "active": "true"},
        {"id": "bad-roles-off", "active": False, "roles": "dba"},
        {"id": "", "active": True},
        {"id": 7, "active": True},
        {"active": True},
        "no object",
    ]
    server.respond = users({"schemas": [LIST], "totalResults": len(rows), "Resources": rows})

    found = list(scim.source(server, world, paging="index").listing().rows)

    assert [row.id for row in found if isinstance(row, Identity)] == ["ok", "off"]
    assert [row.status for row in found if isinstance(row, Identity)] == [Status.ACTIVE, Status.DISABLED]
    assert [row.id for row in found if isinstance(row, Grant)] == ["off/entitlement/ledger:read"]
    critical = {row.where: row.critical for row in found if isinstance(row, Quarantined)}
    assert critical == {
        "/Users/no-active": True,
        "/Users/odd-type": False,
        "/Users/odd-type-off": True,
        "/Users/text-active": True,
        "/Users/bad-roles-off": True,
        "/Users/row 8": False,
        "/Users/row 9": False,
        "/Users/row 10": False,
        "/Users/row 11": True,
    }
