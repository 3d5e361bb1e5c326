"""What is minted for a case is what the suite says, and the population's trust names its issuer."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography import x509
from jwt import PyJWK

from livegate.errors import ConfigError
from livegate.model.instants import DAY, SECOND
from livegate.regression import mint
from livegate.regression.authority import x5t
from livegate.regression.issuers import Issuers

NOW = 1_800_000_000 * SECOND
LOGIN = "https://login.example"
TERMS = {"algs": {"ES256": True}, "typs": {"at+jwt": True}, "audiences": {"https://ledger.example": True}}
TRUST: dict[str, Any] = {
    "peps": {"gate": {}},
    "issuers": {"access-token": {LOGIN: TERMS}, "wit": {"prod.example": {**TERMS, "typs": {"wit+jwt": True}}}},
    "domains": {"prod.example": {}},
}
REQUEST = {"subject": {"type": "human", "id": "alice"}, "context": {"pep": "gate"}}


@pytest.fixture(scope="module")
def issuers() -> Issuers:
    return Issuers.of(TRUST)


def verified(issuers: Issuers, token: str, issuer: str = LOGIN, use: str = "sig") -> dict[str, Any]:
    entry = issuers.document(NOW)["keys"][issuer][use][f"{use}@{issuer}"]
    key = PyJWK.from_json(entry["jwks"].removeprefix('{"keys":[').removesuffix("]}"))
    claims: dict[str, Any] = jwt.decode(
        token, key.key, [entry["alg"]], options={"verify_exp": False, "verify_iat": False, "verify_aud": False}
    )
    return claims


def test_claims_are_the_usual_ones_and_those_of_the_suite(issuers: Issuers) -> None:
    asked = {"kind": "access-token", "issuer": LOGIN, "claims": {"sub": "alice", "jti": None, "exp": NOW + SECOND}}
    made = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]
    assert verified(issuers, made["token"]) == {
        "iss": LOGIN,
        "aud": "https://ledger.example",
        "client_id": "client",
        "sub": "alice",
        "iat": 1_799_999_940,
        "exp": 1_800_000_001,
    }
    assert jwt.get_unverified_header(made["token"]) == {"typ": "at+jwt", "alg": "ES256", "kid": f"sig@{LOGIN}"}
    assert made["kind"] == "access-token"
    assert "credential" not in REQUEST["context"], "the suite's own request is not written to"


def test_a_forged_one_has_the_right_name_and_another_key(issuers: Issuers) -> None:
    made = issuers.equip(REQUEST, {"kind": "access-token", "issuer": LOGIN, "forged": True}, None, now=NOW)
    token = made["context"]["credential"]["token"]
    assert jwt.get_unverified_header(token)["kid"] == f"sig@{LOGIN}"
    with pytest.raises(jwt.InvalidSignatureError):
        verified(issuers, token)


@pytest.mark.parametrize(("bound", "member"), [("dpop", "dpop"), ("mtls", "certificate")])
def test_a_bound_token_comes_with_its_proof(issuers: Issuers, bound: str, member: str) -> None:
    asked = {"kind": "access-token", "issuer": LOGIN, "bound": bound}
    made = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]
    confirmation = verified(issuers, made["token"])["cnf"]
    assert member in made
    if bound == "mtls":
        assert confirmation == {"x5t#S256": x5t(made["certificate"])}
    else:
        assert list(confirmation) == ["jkt"]


def test_a_workload_token_comes_with_its_proof(issuers: Issuers) -> None:
    asked = {"kind": "wit", "issuer": "prod.example", "claims": {"sub": "spiffe://prod.example/a"}}
    made = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]
    claims = verified(issuers, made["token"], "prod.example", "wit-svid")
    proof = jwt.decode(
        made["wpt"],
        PyJWK(claims["cnf"]["jwk"]).key,
        ["ES256"],
        audience="https://ledger.example/",
        options={"verify_exp": False},
    )
    assert set(proof) == {"aud", "exp", "jti", "wth"}


def test_members_can_be_put_in_place_of_the_minted_ones(issuers: Issuers) -> None:
    asked = {"kind": "access-token", "issuer": LOGIN, "bound": "dpop", "replace": {"method": "GET", "dpop": None}}
    made = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]
    assert made["method"] == "GET"
    assert "dpop" not in made


def test_the_enforcement_point_signs_the_whole_request(issuers: Issuers) -> None:
    made = issuers.equip(REQUEST, {"kind": "access-token", "issuer": LOGIN}, {"pep": "gate"}, now=NOW)
    signature = made["context"].pop("signature")
    entry = issuers.document(NOW)["peps"]["gate"]["keys"]["pep@gate"]
    key = PyJWK.from_json(entry["jwks"].removeprefix('{"keys":[').removesuffix("]}"))
    claims = jwt.decode(signature, key.key, ["ES256"], options={"verify_exp": False, "verify_iat": False})
    assert claims["iss"] == "gate"
    assert claims["request"] == made


def test_a_signature_may_be_over_something_else(issuers: Issuers) -> None:
    asked = {"pep": "gate", "key_of": "gate", "claims": {"request": {"a": NOW}, "iat": NOW, "exp": NOW + SECOND}}
    made = issuers.equip(REQUEST, None, asked, now=NOW)
    claims = jwt.decode(made["context"]["signature"], options={"verify_signature": False})
    assert claims == {"iss": "gate", "iat": 1_800_000_000, "exp": 1_800_000_001, "request": {"a": NOW}}


def test_a_token_may_be_signed_with_another_issuers_key(issuers: Issuers) -> None:
    asked = {"kind": "access-token", "issuer": LOGIN, "key_of": {"kind": "wit", "issuer": "prod.example"}}
    token = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]["token"]
    assert jwt.get_unverified_header(token)["kid"] == "wit-svid@prod.example"
    entry = issuers.document(NOW)["keys"]["prod.example"]["wit-svid"]["wit-svid@prod.example"]
    key = PyJWK.from_json(entry["jwks"].removeprefix('{"keys":[').removesuffix("]}"))
    claims = jwt.decode(
        token, key.key, ["ES256"], options={"verify_exp": False, "verify_aud": False, "verify_iat": False}
    )
    assert claims["iss"] == LOGIN


def test_a_holder_with_a_name_has_one_key(issuers: Issuers) -> None:
    def thumbprint(**more: str) -> str:
        asked = {"kind": "access-token", "issuer": LOGIN, "bound": "dpop", **more}
        made = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]
        return str(verified(issuers, made["token"])["cnf"]["jkt"])

    assert thumbprint(holder="laptop") == thumbprint(holder="laptop")
    assert len({thumbprint(holder="laptop"), thumbprint(holder="phone"), thumbprint(), thumbprint()}) == 4


def test_a_proof_is_of_the_address_without_query_and_fragment(issuers: Issuers) -> None:
    asked = {
        "kind": "access-token",
        "issuer": LOGIN,
        "bound": "dpop",
        "connection": {"method": "GET", "url": "https://a.example/b?c=d#e"},
        "proof": {"claims": {"jti": None, "iat": NOW - SECOND}, "header": {"alg": "none"}},
    }
    made = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]
    assert made["url"] == "https://a.example/b?c=d#e"
    claims = jwt.decode(made["dpop"], options={"verify_signature": False})
    assert set(claims) == {"htm", "htu", "iat", "ath"}
    assert (claims["htm"], claims["htu"], claims["iat"]) == ("GET", "https://a.example/b", 1_799_999_999)
    assert jwt.get_unverified_header(made["dpop"])["alg"] == "none"


def test_a_thief_has_another_key(issuers: Issuers) -> None:
    asked = {"kind": "access-token", "issuer": LOGIN, "bound": "dpop", "proof": {"forged": True}}
    made = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]
    shown = jwt.get_unverified_header(made["dpop"])["jwk"]
    assert mint.thumbprint(shown) != verified(issuers, made["token"])["cnf"]["jkt"]


def test_a_certificate_may_have_flaws(issuers: Issuers) -> None:
    asked = {
        "kind": "x509-svid",
        "issuer": "prod.example",
        "claims": {"sub": "spiffe://prod.example/a"},
        "leaf": {"uris": ["spiffe://prod.example/b"], "ca": True, "usages": ["key_cert_sign"], "chain": False},
    }
    made = issuers.equip(REQUEST, asked, None, now=NOW)["context"]["credential"]["certificate"]
    (leaf,) = x509.load_pem_x509_certificates(made.encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        "spiffe://prod.example/a",
        "spiffe://prod.example/b",
    ]
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature


def test_the_keys_are_listed_as_a_sync_would_list_them(issuers: Issuers) -> None:
    document = issuers.document(NOW)
    assert document["sources"] == {LOGIN: "minted", "prod.example": "minted"}
    listing = document["snapshots"]["minted"]
    assert (listing["observed_at"], listing["expires_at"]) == (NOW, NOW + DAY)
    assert listing["count"] == 3
    assert document["listed"] == {"minted": listing["id"]}


def test_what_needs_nothing_stays_as_it_is(issuers: Issuers) -> None:
    assert issuers.equip(REQUEST, None, None, now=NOW) is REQUEST
    assert issuers.equip("no object", {"kind": "access-token"}, None, now=NOW) == "no object"


@pytest.mark.parametrize(
    ("asked", "signed", "what"),
    [
        ({"kind": "access-token", "issuer": "https://other.example"}, None, "issuer"),
        ({"kind": "x509-svid", "issuer": "other.example"}, None, "trust domain"),
        (None, {"pep": "other"}, "enforcement point"),
        (None, {"pep": "gate", "key_of": "other"}, "enforcement point"),
        ({"kind": "wit", "issuer": "prod.example", "key_of": {"kind": "wit", "issuer": "x"}}, None, "issuer"),
    ],
)
def test_an_issuer_that_the_trust_does_not_name_is_told(
    issuers: Issuers, asked: dict[str, Any] | None, signed: dict[str, Any] | None, what: str
) -> None:
    with pytest.raises(ConfigError, match=what):
        issuers.equip(REQUEST, asked, signed, now=NOW)


def test_keys_do_not_show_themselves(issuers: Issuers) -> None:
    assert "PRIVATE" not in repr(issuers)
    assert "Key(" not in repr(issuers)
