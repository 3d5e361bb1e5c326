"""OpenBao servers that are not ready, or answer what they should not while they are read."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.errors import SourceError
from livegate.model.records import Elevation
from livegate.model.snapshot import Quarantined
from livegate.sources import openbao_api

LEASE = "abcdefghijklmnopqrstuvwx"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        pytest.param({"initialized": False, "sealed": True, "standby": True}, "not initialised", id="not-initialised"),
        pytest.param({"initialized": True, "sealed": True, "standby": True}, "sealed", id="sealed"),
        pytest.param({"initialized": True, "sealed": False, "standby": True}, "standby", id="standby"),
        pytest.param({"initialized": True}, "shape", id="says-nothing"),
    ],
)
def test_a_server_that_is_not_ready(state: Any, words: str, openbao: Any, server: Any, world: Any) -> None:
    server.respond = lambda exchange: exchange.json(state)

    with pytest.raises(SourceError, match=words):
        openbao.source(server, world).listing()
    assert len(server.seen) == 1


def listed(openbao: Any, *keys: str, status: int = 200, body: Any = None) -> Any:
    def answer(exchange: Any) -> None:
        if exchange.command == "LIST":
            exchange.json({"data": {"keys": list(keys)}} if body is None else body, status)
        else:
            openbao.healthy(exchange)

    return answer


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param(["../"], "no name", id="up"),
        pytest.param(["."], "no name", id="here"),
        pytest.param([""], "no name", id="nothing"),
        pytest.param(["/"], "no name", id="slash"),
        pytest.param(["a/b"], "no name", id="two-segments"),
        pytest.param(["a", "a"], "twice", id="twice"),
        pytest.param(["deeper/"], "deeper than", id="without-end"),
    ],
)
def test_keys_that_no_server_gives(keys: list[str], words: str, openbao: Any, server: Any, world: Any) -> None:
    server.respond = listed(openbao, *keys)

    with pytest.raises(SourceError, match=words):
        openbao.source(server, world).listing()


def test_a_tree_that_grows_is_bounded(openbao: Any, server: Any, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openbao_api, "MOST_LEASES", 50)
    server.respond = listed(openbao, *(f"{n}/" for n in range(10)))

    with pytest.raises(SourceError, match="more than 50"):
        openbao.source(server, world).listing()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        pytest.param(404, {"errors": ["namespace not found"]}, "namespace not found", id="no-such-namespace"),
        pytest.param(404, {"error": "no such page"}, "404", id="another-server"),
        pytest.param(403, {"errors": ["permission denied"]}, "forbids", id="not-allowed"),
        pytest.param(200, {"data": None}, "shape", id="no-data"),
        pytest.param(200, {"data": {"keys": None}}, "shape", id="no-keys"),
    ],
)
def test_no_leases_is_not_assumed(*, status: int, body: Any, words: str, openbao: Any, server: Any, world: Any) -> None:
    server.respond = listed(openbao, status=status, body=body)

    with pytest.raises(SourceError, match=words):
        openbao.source(server, world).listing()


def test_an_empty_prefix_is_no_leases(openbao: Any, server: Any, world: Any) -> None:
    server.respond = listed(openbao, status=404, body={"errors": []})

    assert list(openbao.source(server, world).listing().rows) == []


def looked_up(openbao: Any, status: int = 200, **data: Any) -> Any:
    def answer(exchange: Any) -> None:
        if exchange.route.endswith("/leases/lookup"):
            name = exchange.content["lease_id"]
            usual = {"id": name, "path": name.rpartition("/")[0], "issue_time": "2026-11-23T17:30:00Z"}
            body = {"errors": data["errors"]} if "errors" in data else {"data": usual | data}
            exchange.json(body, status)
        else:
            openbao.healthy(exchange)

    return answer


@pytest.mark.parametrize(
    ("status", "data", "rows"),
    [
        pytest.param(400, {"errors": ["invalid lease"]}, [], id="gone-meanwhile"),
        pytest.param(404, {"errors": []}, [], id="gone-meanwhile-404"),
        pytest.param(200, {"expire_time": "2026-11-23T18:00:00Z"}, [], id="ended-now"),
        pytest.param(200, {"expire_time": "2026-11-23T18:00:00.000000001Z"}, [Elevation] * 3, id="ends-in-1-ns"),
        pytest.param(200, {"expire_time": None}, [Quarantined] * 3, id="no-end"),
        pytest.param(200, {"expire_time": "soon"}, [Quarantined] * 3, id="end-is-no-time"),
        pytest.param(200, {"expire_time": "2026-11-23T17:00:00Z"}, [Quarantined] * 3, id="end-before-start"),
        pytest.param(200, {"expire_time": "9999-12-31T00:00:00Z"}, [Quarantined] * 3, id="end-beyond-the-clock"),
        pytest.param(200, {"expire_time": "2026-11-23T19:00:00Z", "path": "ssh/x"}, [Quarantined] * 3, id="no-holder"),
    ],
)
def test_a_lease_ends_or_gives_nothing(
    *, status: int, data: Any, rows: list[type], openbao: Any, server: Any, world: Any
) -> None:
    server.respond = looked_up(openbao, status, **data)

    found = list(openbao.source(server, world).listing().rows)

    assert [type(row) for row in found] == rows
    assert not any(row.critical for row in found if isinstance(row, Quarantined))


@pytest.mark.parametrize(
    ("status", "data"),
    [
        pytest.param(200, {"id": f"ssh/creds/root/{LEASE}"}, id="another-lease"),
        pytest.param(400, {"errors": ["something else"]}, id="another-complaint"),
        pytest.param(404, {"errors": ["unsupported path"]}, id="another-404"),
    ],
)
def test_a_lookup_that_cannot_be_understood(status: int, data: Any, openbao: Any, server: Any, world: Any) -> None:
    server.respond = looked_up(openbao, status, **data)

    with pytest.raises(SourceError):
        openbao.source(server, world).listing()


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        pytest.param(f"h{'0a' * 32}", [], id="token"),
        pytest.param("0a" * 20, [], id="root-token"),
        pytest.param(f"h{'0a' * 32}.xZbPI0", [], id="token-in-a-namespace"),
        pytest.param("of-another-form", [Quarantined], id="unknown-form"),
    ],
)
def test_the_lease_of_a_token_elevates_nobody(
    key: str, rows: list[type], openbao: Any, server: Any, world: Any
) -> None:
    server.respond = listed(openbao, key)

    assert [type(row) for row in openbao.source(server, world).listing().rows] == rows


def test_the_namespace_is_a_header_but_for_health(openbao: Any, server: Any, world: Any) -> None:
    server.respond = openbao.healthy

    list(openbao.source(server, world, namespace="team-a").listing().rows)

    assert [exchange.headers.get("X-Vault-Namespace") for exchange in server.seen[:2]] == [None, "team-a"]
