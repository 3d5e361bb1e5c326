"""The synced part of the trust document: keys under issuer, use and name; who says so; and what is told."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.documents import tree, trust
from livegate.documents.trust import Listed
from livegate.errors import DocumentError
from livegate.model.instants import HOUR, parse
from livegate.model.records import Grant, Key, KeyUse
from livegate.model.snapshot import Domain, Snapshot
from livegate.schema import validator

NOW = parse("2026-11-23T18:00:00Z")
IDP = "https://idp.example"


def snapshot(system: str, *, ends: int = NOW + HOUR, count: int = 1) -> Snapshot:
    """The head of the third snapshot of a system."""
    return Snapshot(
        id=f"{system}-3",
        system=system,
        domain=Domain.TRUST,
        sequence=3,
        started_at=NOW,
        observed_at=NOW,
        completed_at=NOW,
        expires_at=ends,
        counts={"key": count},
        quarantined=0,
        samples=(),
        sha256="0" * 64,
    )


def key(kid: str, use: KeyUse = KeyUse.SIG, issuer: str = IDP) -> Key:
    """A key of this name; no matter which."""
    if use is KeyUse.X509_SVID:
        return Key(id=kid, issuer=issuer, use=use, certificate=f"-----{kid}-----\n")
    return Key(id=kid, issuer=issuer, use=use, alg="ES256", jwk=f'{{"kid":"{kid}"}}')


def test_keys_of_an_issuer() -> None:
    document = trust.build([Listed(snapshot("idp"), [key("k1"), key("k2")], IDP)])
    assert document == {
        "keys": {
            IDP: {
                "sig": {
                    "k1": {"alg": "ES256", "jwks": '{"keys":[{"kid":"k1"}]}'},
                    "k2": {"alg": "ES256", "jwks": '{"keys":[{"kid":"k2"}]}'},
                }
            }
        },
        "roots": {},
        "sources": {IDP: "idp"},
        "snapshots": {
            "idp": {
                "id": "idp-3",
                "sequence": 3,
                "observed_at": NOW,
                "expires_at": NOW + HOUR,
                "count": 1,
                "sha256": "0" * 64,
            }
        },
        "listed": {"idp": "idp-3"},
    }
    tree.checked({"peps": {}, "callers": {}, **document}, "trust", where="trust")


def test_keys_of_a_trust_domain() -> None:
    domain = "prod.example"
    uses = [
        key("b", KeyUse.X509_SVID, domain),
        key("j", KeyUse.JWT_SVID, domain),
        key("a", KeyUse.X509_SVID, domain),
        key("w", KeyUse.WIT_SVID, domain),
    ]
    document = trust.build([Listed(snapshot("prod"), uses, domain)])
    assert {use: list(found) for use, found in document["keys"][domain].items()} == {
        "jwt-svid": ["j"],
        "wit-svid": ["w"],
    }
    assert document["roots"] == {domain: "-----a-----\n-----b-----\n"}
    tree.checked({"peps": {}, "callers": {}, **document}, "trust", where="trust")


def test_an_empty_listing_is_there_and_has_no_keys() -> None:
    document = trust.build([Listed(snapshot("idp", count=0), [], IDP)])
    assert (document["keys"], document["sources"]) == ({}, {IDP: "idp"})


@pytest.mark.parametrize("order", [1, -1])
def test_two_systems_for_two_uses_are_as_fresh_as_the_staler(order: int) -> None:
    domain = "prod.example"
    inputs = [
        Listed(snapshot("spire", ends=NOW + 2 * HOUR), [key("j", KeyUse.JWT_SVID, domain)], domain),
        Listed(snapshot("txn", ends=NOW + HOUR), [key("t", KeyUse.SIG, domain)], domain),
    ]
    document = trust.build(inputs[::order])
    assert set(document["keys"][domain]) == {"jwt-svid", "sig"}
    assert document["sources"] == {domain: "txn"}
    assert set(document["snapshots"]) == set(document["listed"]) == {"spire", "txn"}


def test_two_systems_for_one_use_are_refused() -> None:
    inputs = [Listed(snapshot("one"), [key("k1")], IDP), Listed(snapshot("two"), [key("k2")], IDP)]
    with pytest.raises(DocumentError, match=r"one and two both list sig keys of https://idp\.example"):
        trust.build(inputs)


def test_keys_of_an_issuer_that_was_configured_before_are_left_out() -> None:
    grant = Grant(id="g", subject="a", entitlement="b")
    document = trust.build([Listed(snapshot("idp"), [key("k1", issuer="https://old.example"), grant], IDP)])
    assert (document["keys"], document["sources"]) == ({}, {IDP: "idp"})


ISSUER: dict[str, Any] = {"algs": {}, "typs": {}, "audiences": {}, "max_ttl": 1, "leeway": 0}


def test_what_is_told() -> None:
    document = {
        "issuers": {"access-token": {IDP: ISSUER, "https://b.example": ISSUER}, "jwt-svid": {"prod.example": ISSUER}},
        "domains": {"prod.example": {}, "dev.example": {}},
        "keys": {IDP: {"sig": {"k": {}}}, "prod.example": {"sig": {"k": {}}}},
        "roots": {"prod.example": "PEM"},
        "sources": {IDP: "idp", "prod.example": "spire", "https://c.example": "cc"},
    }
    assert trust.doubts(document) == [
        "issuers.access-token: https://b.example has no sig keys, so none of its tokens is accepted",
        "issuers.jwt-svid: prod.example has no jwt-svid keys, so none of its tokens is accepted",
        "domains: dev.example has no authorities, so none of its certificates is accepted",
        "cc lists keys of https://c.example, which neither issuers nor domains name",
    ]
    assert trust.doubts({"peps": {}, "callers": {}}) == []


def test_every_kind_of_proof_has_a_use() -> None:
    schema: Any = validator("livegate.documents", "trust").schema
    assert set(trust.USES) == set(schema["properties"]["issuers"]["properties"])
    assert set(trust.SYNCED) <= set(schema["properties"])
