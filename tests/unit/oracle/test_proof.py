"""The proof gate of the oracle: real tokens and certificates, what is wrong with each, and whether it may pass."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from tests.fuzz.cast import DOMAIN, START
from tests.fuzz.flaws import FLAWS
from tests.fuzz.wallet import Shown, Wallet
from tests.oracle import jose, proof
from tests.oracle.case import Case

if TYPE_CHECKING:
    from collections.abc import Mapping

SECOND = 1_000_000_000
HARMLESS = {
    "jwk",
    "typ-upper",
    "expired-leeway",
    "nbf-inside",
    "longest",
    "exp-fraction",
    "iat-none",
    "iat-none-long",
    "typ-none",
}
"""What looks odd and is nothing: an embedded key is ignored, `typ` is compared in lower case, times are inside."""


@pytest.fixture(scope="module")
def wallet() -> Wallet:
    """Keys and credentials, made for this module."""
    return Wallet(Random(11))  # noqa: S311  # repeatable, not secret


def documents(wallet: Wallet, kind: str) -> dict[str, Any]:
    """Documents with which only the proof matters."""
    pep = {"asserts": {"connection": True, "subject": True}, "resource_types": {"payment": True}}
    return {
        "catalog": {"actions": {"payment": {"pay": {"tier": "low"}}}},
        "config": {"leeway": 0, "tiers": {"low": {"proofs": {kind: True}, "bound": False, "signed": False}}},
        "iga": {"proofs": wallet.proofs(), "identities": {"agent-a": "active|agent|prod|hr|bob"}},
        "trust": {"peps": {"gate": pep}, **wallet.trust(600 * SECOND)},
    }


def asked(shown: Shown, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A request with a credential."""
    return {
        "subject": {"type": "workload", "id": shown.subject},
        "action": {"name": "pay", "properties": parameters or {}},
        "resource": {"type": "payment", "id": "p1"},
        "context": {"pep": "gate", "credential": shown.credential},
    }


def passes(wallet: Wallet, shown: Shown, now: int = START) -> bool:
    """Whether the proof gate passes."""
    found = documents(wallet, shown.credential["kind"])
    return proof.gate(Case(asked(shown), found, now * SECOND)) is not None


@pytest.mark.parametrize("kind", ["jwt-svid", "x509-svid", "access-token", "kubernetes", "github", "wit"])
def test_good_credential_passes_and_only_in_its_time(wallet: Wallet, kind: str) -> None:
    found = [one for one in wallet.shown["wl-pay"] if one.credential["kind"] == kind and one.flaw == "none"]
    good = [one for one in found if passes(wallet, one)]
    assert good
    assert not any(passes(wallet, one, START + 4_000) for one in good)
    assert not any(passes(wallet, one, START - 700) for one in good)


def test_certificates_with_a_flaw_do_not_pass(wallet: Wallet) -> None:
    flawed = [
        one
        for held in wallet.shown.values()
        for one in held
        if one.credential["kind"] == "x509-svid" and one.flaw != "none"
    ]
    assert len(flawed) >= 6
    assert [one.flaw for one in flawed if passes(wallet, one)] == []


def test_bindings_with_a_flaw_do_not_pass(wallet: Wallet) -> None:
    flawed = [one for held in wallet.shown.values() for one in held if one.flaw.startswith(("bound:", "wpt:"))]
    assert {one.flaw for one in flawed} >= {"bound:ath", "bound:stolen", "bound:old"}
    # other-certificate is shown with a token that asks for DPoP alone; half a second is a number like another
    harmless = {"bound:other-certificate", "bound:fraction"}
    assert [one.flaw for one in flawed if one.flaw not in harmless and passes(wallet, one)] == []


@pytest.mark.parametrize("flaw", sorted(FLAWS.keys() - HARMLESS))
def test_flaw_of_a_token_matters_to_the_kind_it_is_of(wallet: Wallet, flaw: str) -> None:
    kinds = {
        "client-agent": ("access-token", "https://as.example"),
        "act-": ("access-token", "https://as.example"),
        "iss": ("access-token", "https://as.example"),
        "jti": ("access-token", "https://as.example"),
        "sub-none": ("access-token", "https://as.example"),
        "tctx": ("txn-token", DOMAIN),
        "workload": ("txn-token", DOMAIN),
        "environment": ("github", "https://actions.example"),
        "repository": ("github", "https://actions.example"),
        "kubernetes": ("kubernetes", "https://k8s.example"),
    }
    kind, issuer = next((where for prefix, where in kinds.items() if flaw.startswith(prefix)), ("jwt-svid", DOMAIN))
    shown = wallet.mint("wl-pay", kind, issuer, flaw)
    assert not passes(wallet, shown)


def test_delegated_token_names_the_actor_and_the_principal(wallet: Wallet) -> None:
    shown = next(one for one in wallet.shown["agent-a"] if one.principal == "bob")
    found = proof.gate(Case(asked(shown), documents(wallet, "access-token"), START * SECOND))
    assert found is not None
    assert (found.name, found.principal) == ("https://as.example#agent-a", "bob")


def test_request_signed_by_its_pep_is_bound_and_another_is_not(wallet: Wallet) -> None:
    found = documents(wallet, "pep")
    found["config"]["tiers"]["low"] |= {"bound": True, "signed": True}
    found["trust"]["peps"]["gate"]["keys"] = {"gate-1": wallet.pep["gate"].listed()}
    request = asked(Shown("wl-pay", {"kind": "pep"}, "none"))
    assert proof.gate(Case(request, found, START * SECOND)) is None
    request["context"]["signature"] = wallet.signature("gate", request, START)
    held = proof.gate(Case(request, found, START * SECOND))
    assert held is not None
    assert held.bound
    assert proof.gate(Case(request, found, (START + 60) * SECOND)) is None
    request["resource"]["id"] = "p2"
    assert proof.gate(Case(request, found, START * SECOND)) is None


def _by_certificate(wallet: Wallet) -> Shown:
    found = (one for one in wallet.shown["wl-pay"] if one.flaw == "none" and "certificate" in one.credential)
    shown = next(one for one in found if set(confirmation(one)) == {"x5t#S256"})
    return Shown(shown.subject, dict(shown.credential), shown.flaw)  # the wallet's own stays as it is


def confirmation(shown: Shown) -> dict[str, str]:
    """The ``cnf`` of a credential's token; empty without one."""
    read = jose.of(shown.credential.get("token"))
    return {} if read is None else read.claims.get("cnf", {})


@pytest.mark.parametrize(
    ("old", "new", "holds"),
    [
        ("MII", "MII", True),
        ("MII", "AAA", False),  # the first certificate, whose bytes are asked for
        ("-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA\n", False),
        ("-----BEGIN", "text\n-----BEGIN", False),
    ],
)
def test_token_is_bound_to_the_bytes_of_the_first_certificate(wallet: Wallet, old: str, new: str, holds: bool) -> None:
    shown = _by_certificate(wallet)
    shown.credential["certificate"] = str(shown.credential["certificate"]).replace(old, new, 1)
    assert passes(wallet, shown) is holds


def test_what_follows_the_certificate_of_a_connection_does_not_matter(wallet: Wallet) -> None:
    shown = _by_certificate(wallet)
    shown.credential["certificate"] += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert passes(wallet, shown)


@pytest.mark.parametrize(("member", "bound"), [("bound", False), ("bound", True), ("signed", False), ("signed", True)])
def test_tier_that_does_not_say_asks_for_it(wallet: Wallet, member: str, bound: bool) -> None:
    shown = _by_certificate(wallet) if bound else wallet.mint("wl-pay", "access-token", "https://as.example")
    found = documents(wallet, "access-token")
    del found["config"]["tiers"]["low"][member]
    held = proof.gate(Case(asked(shown), found, START * SECOND))
    assert (held is not None) is (bound and member == "bound")
