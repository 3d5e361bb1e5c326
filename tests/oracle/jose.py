"""Compact JWS, read and verified with PyJWT's algorithms; JWK thumbprints."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from jwt.algorithms import get_default_algorithms
from tests.oracle.digest import encoded
from tests.oracle.values import dumps, items, loads

LARGEST = 16_384
_PART = re.compile(r"\A[A-Za-z0-9_-]+\Z")
_ALGORITHMS = get_default_algorithms()
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_NAMED = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


@dataclass(frozen=True, slots=True)
class Jws:
    """A token's parts: header and claims as JSON objects, what was signed, the signature."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


@lru_cache(maxsize=20_000)
def read(token: str) -> Jws | None:
    """A token of at most 16,384 characters and three base64url parts, header and claims JSON objects; else None."""
    parts = token.split(".")
    if len(token) > LARGEST or len(parts) != 3 or not all(_PART.match(part) for part in parts):
        return None
    try:
        header, claims, signature = (_decoded(part) for part in parts)
        head, said = loads(header), loads(claims)
    except ValueError:
        return None
    if not isinstance(head, dict) or not isinstance(said, dict) or "crit" in head:
        return None
    if not isinstance(head.get("alg"), str):
        return None
    return Jws(head, said, f"{parts[0]}.{parts[1]}".encode(), signature)


def of(token: Any) -> Jws | None:
    """:func:`read` of whatever was given."""
    return read(token) if isinstance(token, str) else None


@lru_cache(maxsize=20_000)
def _verified(token: str, alg: str, jwk: str) -> bool:
    found, algorithm = read(token), _ALGORITHMS.get(alg)
    if found is None or algorithm is None or alg.startswith("HS") or alg == "none":
        return False
    try:
        key = algorithm.from_jwk(jwk)
        return bool(algorithm.verify(found.signed, key, found.signature))
    except (jwt.InvalidTokenError, jwt.PyJWTError, ValueError, TypeError, KeyError):
        return False


def verified(token: str, alg: str, jwk: Any) -> bool:
    """Whether the signature of ``token`` holds by that algorithm under that public JWK."""
    if not isinstance(jwk, dict) or _CURVES.get(alg, jwk.get("crv")) != jwk.get("crv"):
        return False
    return _verified(token, alg, dumps(jwk))


def only_key(jwks: Any) -> dict[str, Any] | None:
    """The one key of a JWK Set written as text."""
    try:
        keys = items(json.loads(jwks)).get("keys") if isinstance(jwks, str) else None
    except ValueError:
        return None
    return keys[0] if isinstance(keys, list) and len(keys) == 1 and isinstance(keys[0], dict) else None


def public(jwk: Any) -> bool:
    """Whether ``jwk`` is an asymmetric key without anything private."""
    return isinstance(jwk, dict) and jwk.get("kty") in _NAMED and not _PRIVATE & jwk.keys()


def thumbprint(jwk: Any) -> str | None:
    """RFC 7638, SHA-256; None where a member is missing."""
    names = _NAMED.get(items(jwk).get("kty", ""), ())
    if not names or not all(isinstance(jwk.get(name), str) for name in names):
        return None
    return encoded(dumps({name: jwk[name] for name in names}).encode())


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
