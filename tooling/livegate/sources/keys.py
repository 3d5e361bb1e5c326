"""One published key, checked alone and written anew: only its public members come out (RFC 7517, 7518, 8037).

What is listed beside it is somebody else's: a key that cannot be used is refused with a reason, and says nothing
of the next one. No reason holds a value of the key, for it may be a private one that was published by mistake.
Pure: values in, values out.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from livegate import canonical
from livegate.errors import DocumentError
from livegate.sources.edwards import is_weak

if TYPE_CHECKING:
    from collections.abc import Mapping

    PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
"""What an RSA key may be for (RFC 7518, 3.3 and 3.5)."""

RSA_LEAST, RSA_MOST = 2048, 8192
"""Bits of an RSA modulus: below is broken too soon (RFC 7518, 3.3), above Go's own limit each look costs too much."""

_CURVES: dict[str, tuple[type[ec.EllipticCurve], str, int]] = {
    "P-256": (ec.SECP256R1, "ES256", 32),
    "P-384": (ec.SECP384R1, "ES384", 48),
    "P-521": (ec.SECP521R1, "ES512", 66),
}
"""``crv`` → curve, its one algorithm, octets of a coordinate (RFC 7518, 3.4 and 6.2.1)."""

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,4096}")
_KID = 512


@dataclass(frozen=True, slots=True)
class Checked:
    """A key that may verify: its one algorithm, its public members, and the key itself."""

    alg: str
    members: dict[str, str]
    key: PublicKey

    def jwk(self, kid: str) -> str:
        """The JWK under this name, canonical JSON."""
        return canonical.dumps({**self.members, "alg": self.alg, "kid": kid}).decode()


def checked(entry: Mapping[str, Any], *, rsa_alg: str = "RS256") -> Checked:
    """The public key in a JWK.

    Args:
        entry: the JWK as it was published.
        rsa_alg: what an RSA key is for that does not say; the other types leave no choice.

    Raises:
        ValueError: private, symmetric, weak, of an unknown type, or its members do not go together.
    """
    if is_private(entry):
        raise ValueError("a private or symmetric key was published: its owner must withdraw it")
    operations = entry.get("key_ops")
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        raise ValueError("key_ops has no verify")
    stated = entry.get("alg")
    if stated is not None and not isinstance(stated, str):
        raise ValueError("alg is no text")
    try:
        match entry.get("kty"):
            case "EC":
                found = _ec(entry)
            case "OKP":
                found = _okp(entry)
            case "RSA":
                found = _rsa(entry, stated or rsa_alg)
            case _:
                raise ValueError("kty is none of EC, OKP, RSA")
    except UnsupportedAlgorithm as error:
        raise ValueError("a key of a kind that is not known here") from error
    if stated is not None and stated != found.alg:
        raise ValueError("alg does not go with kty and crv")
    return found


def is_private(entry: Mapping[str, Any]) -> bool:
    """Whether a JWK has what its owner alone may know, or is a key that both sides share."""
    return bool(_PRIVATE & entry.keys()) or entry.get("kty") == "oct"


def key_id(entry: Mapping[str, Any]) -> str:
    """The ``kid`` of a JWK.

    Raises:
        ValueError: absent, no text, empty, too long, or with a character that cannot be printed.
    """
    kid = entry.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError("no kid, so no token can name it")
    if len(kid) > _KID or not kid.isprintable():
        raise ValueError(f"kid is longer than {_KID} characters or has one that cannot be printed")
    return kid


def strong(key: object) -> bool:
    """Whether a public key is of a kind and size that may be relied upon."""
    if isinstance(key, rsa.RSAPublicKey):
        return RSA_LEAST <= key.key_size <= RSA_MOST
    if isinstance(key, ec.EllipticCurvePublicKey):
        return any(isinstance(key.curve, curve) for curve, _, _ in _CURVES.values())
    return isinstance(key, ed25519.Ed25519PublicKey)


def check_kept(jwks: str, alg: str, *, where: str) -> None:
    """See that a key kept by hand is one public key for its ``alg``: what is in a document goes to every OPA.

    Args:
        jwks: JWK Set of one key, as text.
        alg: what the document says that it is for.
        where: file and key, for the message.

    Raises:
        DocumentError: it is something else; its value is not shown.
    """
    try:
        entries = msgspec.json.decode(jwks, type=_Set).keys
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DocumentError("jwks is no JWK Set in JSON", where=where) from error
    if len(entries) != 1:
        raise DocumentError(f"jwks has {len(entries)} keys and not one", where=where)
    try:
        found = checked(entries[0], rsa_alg=alg)
    except ValueError as error:
        raise DocumentError(f"jwks: {error}", where=where, todo="publish the public key, and only that") from error
    if found.alg != alg:
        raise DocumentError(f"the key is for {found.alg}, and alg says {alg}", where=where)


class _Set(msgspec.Struct):
    keys: list[dict[str, Any]]


def _ec(entry: Mapping[str, Any]) -> Checked:
    name = entry.get("crv")
    if not isinstance(name, str) or name not in _CURVES:
        raise ValueError("crv is none of P-256, P-384, P-521")
    curve, alg, size = _CURVES[name]
    x, y = _octets(entry, "x"), _octets(entry, "y")
    if (len(x), len(y)) != (size, size):
        raise ValueError("x or y has not the length of a coordinate of its curve")
    try:
        key = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve()).public_key()
    except ValueError:
        raise ValueError("x and y are no point of the curve") from None  # the library's own words may hold them
    return Checked(alg, {"kty": "EC", "crv": name, "x": _text(x), "y": _text(y)}, key)


def _okp(entry: Mapping[str, Any]) -> Checked:
    if entry.get("crv") != "Ed25519":
        raise ValueError("crv is not Ed25519, the one of its type that OPA verifies")
    x = _octets(entry, "x")
    if len(x) != 32 or is_weak(x):
        raise ValueError("x is no point of the curve, or one that anybody can sign for")
    return Checked(
        "EdDSA", {"kty": "OKP", "crv": "Ed25519", "x": _text(x)}, ed25519.Ed25519PublicKey.from_public_bytes(x)
    )


def _rsa(entry: Mapping[str, Any], alg: str) -> Checked:
    if alg not in RSA_ALGORITHMS:
        raise ValueError("alg does not go with kty RSA")
    n, e = int.from_bytes(_octets(entry, "n")), int.from_bytes(_octets(entry, "e"))
    if not RSA_LEAST <= n.bit_length() <= RSA_MOST:
        raise ValueError(f"an RSA key of {n.bit_length()} bits; it must have {RSA_LEAST} to {RSA_MOST}")
    if not 3 <= e < 1 << 31 or not e % 2 or not n % 2:
        raise ValueError("n and e are no RSA key that Go reads")
    try:
        key = rsa.RSAPublicNumbers(e, n).public_key()
    except ValueError:
        raise ValueError("n and e are no RSA key") from None  # as above
    members = {"kty": "RSA", "n": _number(n), "e": _number(e)}
    return Checked(alg, members, key)


def _octets(entry: Mapping[str, Any], name: str) -> bytes:
    value = entry.get(name)
    if not isinstance(value, str) or not _BASE64URL.fullmatch(value) or len(value) % 4 == 1:
        raise ValueError(f"{name} is no base64url without padding")
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8))


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
