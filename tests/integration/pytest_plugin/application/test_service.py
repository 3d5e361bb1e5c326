"""The application's own tests: what it does when it may, when it may not, and when nobody can say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Client  # type: ignore[import-not-found]  # found once it runs on its own

    from livegate.pytest import Livegate


def test_allowed_it_records_first_and_then_does_it(client: Client, livegate: Livegate) -> None:
    status, body = client.post("orders-prod", "administer", user="alice")
    assert (status, client.database.recorded) == (200, ["s-1"])
    assert client.database.done == [("alice", "administer", "orders-prod")]
    assert body == {"until": "2026-11-23T12:15:00Z"}
    (asked,) = livegate.asked
    assert asked.decision.obligations.keys() == {"record_session"}
    assert asked.request["context"] == {"pep": "db-proxy", "session": "s-1"}


def test_denied_it_does_nothing(client: Client) -> None:
    assert client.post("orders-prod", "administer", user="erin") == (
        403,
        {"reasons": ["elevation.missing", "entitlement.missing"]},
    )
    assert client.database == type(client.database)()


def test_a_revocation_bites_at_once(client: Client, livegate: Livegate) -> None:
    assert client.post("orders-prod", "administer", user="alice")[0] == 200
    livegate.revoke("subject", "alice")
    assert client.post("orders-prod", "administer", user="alice") == (403, {"reasons": ["revocation.subject"]})
    assert len(client.database.done) == 1


def test_it_ends_with_the_elevation(client: Client, livegate: Livegate) -> None:
    livegate.freeze("2026-11-23T13:30:00Z")
    livegate.sync()
    assert client.post("orders-prod", "administer", user="alice") == (403, {"reasons": ["elevation.missing"]})
    livegate.freeze("2026-11-23T13:29:59.999999999Z")
    assert client.post("orders-prod", "administer", user="alice")[0] == 200


def test_old_data_lets_nobody_do_anything(client: Client, livegate: Livegate) -> None:
    livegate.freeze("+2d")
    status, body = client.post("orders-prod", "query", user="erin")
    assert status == 403
    assert {reason.partition(".")[0] for reason in body["reasons"]} == {"freshness"}


@pytest.mark.parametrize("fault", ["away", "error", "undefined", "garbage"])
def test_without_a_decision_it_does_nothing(client: Client, livegate: Livegate, fault: str) -> None:
    with livegate.broken(fault):  # type: ignore[arg-type]  # each of them, as text
        assert client.post("orders-prod", "administer", user="alice")[0] == 503
    assert client.database == type(client.database)()
    assert client.post("orders-prod", "administer", user="alice")[0] == 200


def test_an_obligation_that_it_cannot_carry_out_is_a_refusal(client: Client) -> None:
    status, body = client.post("orders-prod", "administer", user="heidi")  # by break-glass
    assert (status, client.database.done) == (503, [])
    assert "cannot" in body["error"]


def test_a_grant_and_an_elevation_open_and_their_going_closes(client: Client, livegate: Livegate) -> None:
    grant = livegate.grant("erin", "orders:dba", "account:prod")
    assert client.post("orders-prod", "administer", user="erin") == (403, {"reasons": ["elevation.missing"]})
    livegate.elevate("erin", entitlement="orders:dba", scope="database:orders-prod", approvers=["alice"], ends="+10m")
    assert client.post("orders-prod", "administer", user="erin") == (200, {"until": "2026-11-23T12:10:00Z"})
    livegate.take("grants", grant)
    assert client.post("orders-prod", "administer", user="erin") == (403, {"reasons": ["entitlement.missing"]})


def test_a_joiner_with_an_access_token(client: Client, livegate: Livegate) -> None:
    livegate.identity("nina", names=["https://login.example#00u0099"], user_name="nina@example.com")
    livegate.grant("nina", "orders:reader", "account:prod")
    shown = livegate.credential("access-token", "https://login.example", sub="00u0099", aud="https://db.example")
    assert client.post("orders-prod", "query", user="nina", authorization=f"Bearer {shown['token']}")[0] == 200
    status, body = client.post("orders-prod", "query", user="erin", authorization=f"Bearer {shown['token']}")
    assert (status, body) == (403, {"reasons": ["proof.subject_mismatch"]})


def test_a_change_freeze_of_the_configuration(client: Client, livegate: Livegate) -> None:
    livegate.change("config", {"floors": {"policy": 9_000_000_000_000_000}})
    assert client.post("orders-prod", "query", user="erin") == (403, {"reasons": ["freshness.rolled_back"]})
