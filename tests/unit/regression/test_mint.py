"""What is minted verifies with PyJWT and cryptography, and hides what it must."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from livegate import schema
from livegate.errors import ConfigError
from livegate.regression import mint
from livegate.regression.authority import Authority, trust_domain, x5t
from livegate.regression.mint import Alg, Key

NOW = 1_800_000_000
NS = 1_000_000_000


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = token.split(".")
    parts = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, body)]
    return parts[0], parts[1]


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"])
def test_token_verifies_with_its_public_key_alone(alg: Alg) -> None:
    key, other = Key.new(alg, "k-1"), Key.new(alg, "k-1")
    made = mint.token(key, {"typ": "at+jwt"}, {"sub": "a", "n": 1})

    assert jwt.get_unverified_header(made) == {"alg": alg, "kid": "k-1", "typ": "at+jwt"}
    assert jwt.decode(made, jwt.PyJWK(key.public_jwk()), algorithms=[alg]) == {"sub": "a", "n": 1}
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(made, jwt.PyJWK(other.public_jwk()), algorithms=[alg])


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_key_shows_nothing_private(alg: Alg) -> None:
    key = Key.new(alg, "k-1")

    assert repr(key) == f"Key(alg='{alg}', kid='k-1')"
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.public_jwk().keys()
    assert json.loads(key.trusted()["jwks"]) == {"keys": [key.public_jwk()]}


def test_authority_shows_nothing_private() -> None:
    assert repr(Authority.new("prod.example")) == "Authority(trust_domain='prod.example')"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (NOW, NOW),
        (NOW * NS, NOW),
        (NOW * NS + 999_999_999, NOW),
        (datetime.fromtimestamp(NOW, UTC), NOW),
        (NOW + 0.5, NOW + 0.5),
        ("1800000000", "1800000000"),
        (True, True),
        (10**30, 10**30),
    ],
)
def test_instants_become_seconds_and_nothing_else_changes(given: object, written: object) -> None:
    _, claims = _read(
        mint.token(Key.new("ES256", "k"), {}, {"exp": given, "other": given if type(given) is int else 0})
    )

    assert claims["exp"] == written
    assert type(claims["exp"]) is type(written)
    assert claims["other"] == (given if type(given) is int else 0)


def test_none_leaves_a_member_out() -> None:
    header, claims = _read(mint.token(Key.new("ES256", "k"), {"kid": None}, {"sub": None, "aud": "a"}))

    assert header == {"alg": "ES256"}
    assert claims == {"aud": "a"}


def test_thumbprint_is_that_of_the_standard() -> None:
    # RFC 7638, section 3.1.
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgd"
        "AZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCu"
        "r-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}

    assert mint.thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_dpop_binds_method_url_and_token() -> None:
    key = Key.new("ES256", "k")
    proof = mint.dpop(key, method="POST", url="https://a.example/x", token="t", iat=NOW, jti="j")
    header, claims = _read(proof)
    ath = base64.urlsafe_b64encode(hashlib.sha256(b"t").digest()).rstrip(b"=").decode()

    assert header.keys() == {"alg", "typ", "jwk"}
    assert header["jwk"].keys() == {"kty", "crv", "x", "y"}
    assert claims == {"htm": "POST", "htu": "https://a.example/x", "ath": ath, "iat": NOW, "jti": "j"}
    jwt.decode(proof, jwt.PyJWK(header["jwk"], "ES256"), algorithms=["ES256"], options={"verify_iat": False})


def test_wpt_names_the_wit() -> None:
    header, claims = _read(mint.wpt(Key.new("ES256", "k"), url="https://a.example", token="w", exp=NOW, jti="j"))

    assert header == {"alg": "ES256", "typ": "wpt+jwt"}
    assert claims == {"aud": "https://a.example", "exp": NOW, "jti": "j", "wth": mint.digest("w")}


def test_request_is_signed_as_it_is() -> None:
    key = Key.new("ES256", "pep-1")
    request: dict[str, dict[str, Any]] = {"subject": {"id": "a"}, "context": {"exp": NOW * NS}}
    signed = mint.signed_request(key, "proxy", request, NOW * NS)
    header, claims = _read(signed["context"]["signature"])

    assert header == {"alg": "ES256", "kid": "pep-1", "typ": "pep+jwt"}
    assert claims == {"iss": "proxy", "iat": NOW, "exp": NOW + 60, "request": request}
    assert "signature" not in request["context"]
    assert signed["subject"] == request["subject"]


def test_leaf_is_an_svid_of_its_authority() -> None:
    authority = Authority.new("prod.example")
    key, chain = authority.leaf("spiffe://prod.example/bot", NOW * NS, (NOW + 60) * NS)
    leaf, intermediate = x509.load_pem_x509_certificates(chain.encode())
    (root,) = x509.load_pem_x509_certificates(authority.roots().encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://prod.example/bot"]
    assert leaf.not_valid_before_utc == datetime.fromtimestamp(NOW, UTC)
    assert leaf.not_valid_after_utc == datetime.fromtimestamp(NOW + 60, UTC)
    assert isinstance(key.private, ec.EllipticCurvePrivateKey)
    assert leaf.public_key() == key.private.public_key()
    assert x5t(chain) == mint.b64url(leaf.fingerprint(leaf.signature_hash_algorithm or pytest.fail("no hash")))


def test_leaf_that_cannot_be_made_says_so() -> None:
    with pytest.raises(ConfigError, match="no certificate can be made"):
        Authority.new("prod.example").leaf("spiffe://prod.example/é", NOW * NS, (NOW + 60) * NS)


def test_trust_members_are_what_the_schema_asks_for() -> None:
    key, authority = Key.new("ES256", "k-1"), Authority.new("prod.example")
    issuer = mint.trust_issuer(key, audiences=("a",), typs=("jwt",))
    document = {
        "peps": {"proxy": {"resource_types": {}, "asserts": {}, "keys": mint.trust_keys(key)}},
        "callers": {},
        "issuers": {"jwt-svid": {"prod.example": issuer}},
        "domains": {"prod.example": trust_domain()},
        "keys": {"prod.example": {"jwt-svid": mint.trust_keys(key)}},
        "roots": {"prod.example": authority.roots()},
    }

    assert list(schema.validator("livegate.documents", "trust").iter_errors(document)) == []
