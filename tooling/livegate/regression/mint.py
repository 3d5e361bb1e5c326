"""Ephemeral issuers: tokens, certificates and signatures that a decision is tried with.

Everything is made at run time and kept in memory alone: keys of a run verify nothing after it. What is
minted here is verified by OPA, so that the two are independent of each other. Claims are taken as they
are, wrong ones included, because a refusal has to be tried too; only instants are helped with: an aware
datetime, or nanoseconds since the epoch (:data:`livegate.model.instants.LEAST` and later), becomes the
seconds of a NumericDate (RFC 7519, section 2).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from livegate.model.instants import LEAST, MOST, SECOND, to_ns

Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
Alg = Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"]
Json = Mapping[str, Any]

_CURVES: dict[str, type[ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1]] = {
    "ES256": ec.SECP256R1,
    "ES384": ec.SECP384R1,
    "ES512": ec.SECP521R1,
}
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key that lives as long as this object; its private half never shows itself."""

    alg: Alg
    kid: str
    private: Private = field(repr=False, compare=False)

    @classmethod
    def new(cls, alg: Alg, kid: str) -> Self:
        """A fresh key for one algorithm; RSA keys have 2,048 bits."""
        if alg == "EdDSA":
            return cls(alg, kid, ed25519.Ed25519PrivateKey.generate())
        if alg in _CURVES:
            return cls(alg, kid, ec.generate_private_key(_CURVES[alg]()))
        return cls(alg, kid, rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def public_jwk(self) -> dict[str, str]:
        """The public half as a JWK (RFC 7517), with ``kid`` and ``alg``."""
        public = self.private.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            members = ECAlgorithm.to_jwk(public, as_dict=True)
        elif isinstance(public, rsa.RSAPublicKey):
            members = RSAAlgorithm.to_jwk(public, as_dict=True)
        else:
            members = OKPAlgorithm.to_jwk(public, as_dict=True)
        bare = {name: str(members[name]) for name in _MEMBERS[members["kty"]]}
        return {**bare, "kid": self.kid, "alg": self.alg}

    def trusted(self) -> dict[str, str]:
        """The key as the trust document keeps it (``definitions/key`` of its schema): ``{alg, jwks}``."""
        return {"alg": self.alg, "jwks": _compact({"keys": [self.public_jwk()]})}


def token(key: Key, header: Json, claims: Json) -> str:
    """A JWS over ``claims``, whatever they are.

    Args:
        key: signs; its ``kid`` and ``alg`` stand in the header.
        header: members besides, or instead; one that is None is left out. ``alg`` says what the token claims,
            not what it is signed with.
        claims: the payload; instants as datetimes or nanoseconds become seconds, a None is left out.
    """
    merged = {"alg": key.alg, "kid": key.kid, **header}
    shown = {name: value for name, value in merged.items() if value is not None}
    return sealed(key, shown, _compact(_dated(claims)).encode())


def sealed(key: Key, header: Json, payload: bytes) -> str:
    """A compact JWS (RFC 7515) of exactly this header and these bytes, signed with the key's own algorithm."""
    signed = f"{b64url(_compact(header).encode())}.{b64url(payload)}"
    algorithm = jwt.get_algorithm_by_name(key.alg)
    return f"{signed}.{b64url(algorithm.sign(signed.encode(), key.private))}"


def dpop(
    key: Key,
    *,
    method: str,
    url: str,
    token: str,
    iat: int | datetime,
    jti: str,
    header: Json | None = None,
    **claims: Any,
) -> str:
    """A DPoP proof (RFC 9449, section 4.2) for one request with one token; ``url`` without query and fragment.

    ``header`` and ``claims`` add to it or take its place, for proofs that are to be refused.
    """
    public = {name: value for name, value in key.public_jwk().items() if name not in {"kid", "alg"}}
    body = {"jti": jti, "htm": method, "htu": url, "iat": iat, "ath": digest(token), **claims}
    return _proof(key, {"typ": "dpop+jwt", "jwk": public, **(header or {})}, body)


def wpt(
    key: Key, *, url: str, token: str, exp: int | datetime, jti: str, header: Json | None = None, **claims: Any
) -> str:
    """A WIMSE workload proof token: whoever holds the WIT ``token`` asks for ``url`` before ``exp``."""
    body = {"aud": url, "exp": exp, "jti": jti, "wth": digest(token), **claims}
    return _proof(key, {"typ": "wpt+jwt", **(header or {})}, body)


def sign_request(
    key: Key,
    pep: str,
    request: Json,
    iat: int | datetime,
    *,
    lasts: int = 60,
    header: Json | None = None,
    **claims: Any,
) -> str:
    """The signature of an enforcement point over a request that has none yet, for ``context.signature``.

    Args:
        key: one of ``trust.peps[pep].keys``.
        pep: the enforcement point's name.
        request: the whole request, without ``context.signature``.
        iat: when it is signed; the signature ends ``lasts`` seconds later.
    """
    begun = _numeric(iat)
    body = {"iss": pep, "iat": begun, "exp": begun + lasts, "request": request, **claims}
    # Not through _dated: an instant in the request is the request's own, and must stay as it is.
    shown = {"alg": key.alg, "kid": key.kid, "typ": "pep+jwt", **(header or {})}
    return sealed(key, shown, _compact(body).encode())


def signed_request(key: Key, pep: str, request: Json, iat: int | datetime) -> dict[str, Any]:
    """The request with its signature in ``context.signature``."""
    context = {**request.get("context", {}), "signature": sign_request(key, pep, request, iat)}
    return {**request, "context": context}


def thumbprint(jwk: Json) -> str:
    """The SHA-256 thumbprint of a JWK (RFC 7638), as ``cnf.jkt`` holds it."""
    return digest(_compact({name: jwk[name] for name in _MEMBERS[jwk["kty"]]}))


def digest(text: str) -> str:
    """The SHA-256 of a text, base64url without padding, as ``ath`` and ``wth`` hold it."""
    return b64url(hashlib.sha256(text.encode()).digest())


def b64url(value: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def trust_issuer(
    *keys: Key, audiences: tuple[str, ...], typs: tuple[str, ...], max_ttl: int = 3600, leeway: int = 30
) -> dict[str, Any]:
    """An entry of ``trust.issuers[kind]`` for tokens of these keys' algorithms; both spans in seconds."""
    return {
        "algs": {key.alg: True for key in keys},
        "typs": dict.fromkeys(typs, True),
        "audiences": dict.fromkeys(audiences, True),
        "max_ttl": max_ttl * SECOND,
        "leeway": leeway * SECOND,
    }


def trust_keys(*keys: Key) -> dict[str, dict[str, str]]:
    """Keys as ``trust.keys[issuer][use]`` or ``trust.peps[pep].keys`` holds them, by key id."""
    return {key.kid: key.trusted() for key in keys}


def _proof(key: Key, header: Json, claims: Json) -> str:
    return token(key, {"kid": None, **header}, claims)


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _dated(claims: Json) -> dict[str, Any]:
    return {
        name: _numeric(value) if name in {"exp", "iat", "nbf"} and _is_instant(value) else value
        for name, value in claims.items()
        if value is not None
    }


def _is_instant(value: object) -> bool:
    return isinstance(value, datetime) or (type(value) is int and LEAST <= value <= MOST)


def _numeric(value: int | datetime) -> int:
    nanoseconds = to_ns(value) if isinstance(value, datetime) else value
    return nanoseconds // SECOND if nanoseconds >= LEAST else nanoseconds
