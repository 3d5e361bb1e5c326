"""One key at a time: what is taken, under which algorithm, and what is refused without showing its value."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from livegate.errors import DocumentError
from livegate.sources import keys
from livegate.sources.edwards import is_weak

if TYPE_CHECKING:
    from collections.abc import Callable

P = 2**255 - 19


def text(octets: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value: int) -> str:
    """A number as RFC 7518 writes it."""
    return text(value.to_bytes((value.bit_length() + 7) // 8))


CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
PRIVATE: dict[str, Any] = {name: ec.generate_private_key(curve) for name, curve in CURVES.items()}
PRIVATE["RSA"] = rsa.generate_private_key(65537, 2048)
PRIVATE["Ed25519"] = ed25519.Ed25519PrivateKey.generate()


def jwk(name: str, *, private: bool = False, **more: Any) -> dict[str, Any]:
    """A JWK as PyJWT writes it; a member given as None is left out."""
    key = PRIVATE[name] if private else PRIVATE[name].public_key()
    writer: Any = {"RSA": RSAAlgorithm, "Ed25519": OKPAlgorithm}.get(name, ECAlgorithm)
    made: dict[str, Any] = writer.to_jwk(key, as_dict=True)
    made.pop("key_ops", None)
    return {key: value for key, value in (made | more).items() if value is not None}


@pytest.mark.parametrize(
    ("name", "alg"),
    [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("Ed25519", "EdDSA"), ("RSA", "RS256")],
)
@pytest.mark.parametrize("stated", [True, False])
def test_the_algorithm_of_a_key(name: str, alg: str, *, stated: bool) -> None:
    found = keys.checked(jwk(name, alg=alg if stated else None, kid="k", use="sig", x5u="https://evil.example"))
    assert found.alg == alg
    public = {key: value for key, value in jwk(name).items() if key in {"kty", "crv", "x", "y", "n", "e"}}
    assert json.loads(found.jwk("k-1")) == public | {"alg": alg, "kid": "k-1"}
    assert found.key == PRIVATE[name].public_key()


@pytest.mark.parametrize("alg", keys.RSA_ALGORITHMS)
def test_an_rsa_key_is_for_what_it_says_or_the_configuration(alg: str) -> None:
    assert keys.checked(jwk("RSA", alg=alg), rsa_alg="RS256").alg == alg
    assert keys.checked(jwk("RSA"), rsa_alg=alg).alg == alg


def test_a_leading_zero_in_a_number_is_no_other_key() -> None:
    plain = jwk("RSA")
    padded = plain | {"n": text(b"\0" + base64.urlsafe_b64decode(plain["n"] + "=="))}
    assert keys.checked(padded).members == keys.checked(plain).members


@pytest.mark.parametrize("name", ["P-256", "RSA", "Ed25519"])
def test_a_private_key_is_refused_and_not_shown(name: str) -> None:
    entry = jwk(name, private=True)
    with pytest.raises(ValueError, match="must withdraw it") as caught:
        keys.checked(entry)
    assert not any(value in str(caught.value) for member, value in entry.items() if member not in {"kty", "crv"})


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_any_private_member_is_enough(member: str) -> None:
    assert keys.is_private(jwk("RSA") | {member: "AQAB"})
    with pytest.raises(ValueError, match="private or symmetric"):
        keys.checked(jwk("P-256") | {member: ""})


HALF = rsa.generate_private_key(65537, 1024)  # noqa: S505  # weak on purpose: it is to be refused


def _small() -> dict[str, Any]:
    made: dict[str, Any] = RSAAlgorithm.to_jwk(HALF.public_key(), as_dict=True)
    return {name: made[name] for name in ("kty", "n", "e")}


BAD: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "symmetric": (lambda: {"kty": "oct", "k": "c2VjcmV0"}, "symmetric"),
    "no-kty": (lambda: jwk("P-256", kty=None), "kty is none of"),
    "other-kty": (lambda: jwk("P-256", kty="FOO"), "kty is none of"),
    "kty-no-text": (lambda: jwk("P-256", kty=["EC"]), "kty is none of"),
    "other-curve": (lambda: jwk("P-256", crv="secp256k1"), "crv is none of"),
    "curve-no-text": (lambda: jwk("P-256", crv={}), "crv is none of"),
    "curve-of-another": (lambda: jwk("P-256", crv="P-384"), "length of a coordinate"),
    "not-on-the-curve": (lambda: jwk("P-256", y=jwk("P-256")["x"]), "no point"),
    "zero-point": (lambda: jwk("P-256", x=text(bytes(32)), y=text(bytes(32))), "no point"),
    "short-coordinate": (lambda: jwk("P-256", x=text(bytes(31))), "length of a coordinate"),
    "no-y": (lambda: jwk("P-256", y=None), "y is no base64url"),
    "padded": (lambda: jwk("P-256", x=jwk("P-256")["x"] + "="), "x is no base64url"),
    "standard-base64": (lambda: jwk("P-256", x="+" + jwk("P-256")["x"][1:]), "x is no base64url"),
    "number-member": (lambda: jwk("P-256", x=1), "x is no base64url"),
    "ec-alg": (lambda: jwk("P-256", alg="ES384"), "alg does not go with"),
    "ec-as-rsa": (lambda: jwk("P-256", alg="RS256"), "alg does not go with"),
    "rsa-as-ec": (lambda: jwk("RSA", alg="ES256"), "alg does not go with"),
    "rsa-hmac": (lambda: jwk("RSA", alg="HS256"), "alg does not go with"),
    "rsa-none": (lambda: jwk("RSA", alg="none"), "alg does not go with"),
    "rsa-encryption": (lambda: jwk("RSA", alg="RSA-OAEP"), "alg does not go with"),
    "alg-no-text": (lambda: jwk("RSA", alg=256), "alg is no text"),
    "alg-null": (lambda: jwk("P-256") | {"alg": ""}, "alg does not go with"),
    "rsa-1024": (_small, "1024 bits"),
    "rsa-huge": (lambda: jwk("RSA", n=number((1 << 8192) + 1)), "8193 bits"),
    "rsa-e-1": (lambda: jwk("RSA", e=number(1)), "no RSA key"),
    "rsa-e-even": (lambda: jwk("RSA", e=number(65536)), "no RSA key"),
    "rsa-e-huge": (lambda: jwk("RSA", e=number((1 << 32) + 1)), "no RSA key"),
    "rsa-n-even": (lambda: jwk("RSA", n=number(1 << 2047)), "no RSA key"),
    "okp-x25519": (
        lambda: {
            "kty": "OKP",
            "crv": "X25519",
            "x": text(x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()),
        },
        "crv is not Ed25519",
    ),
    "okp-ed448": (
        lambda: {
            "kty": "OKP",
            "crv": "Ed448",
            "x": text(ed448.Ed448PrivateKey.generate().public_key().public_bytes_raw()),
        },
        "crv is not Ed25519",
    ),
    "okp-short": (lambda: jwk("Ed25519", x=text(bytes(31))), "no point of the curve"),
    "okp-neutral": (lambda: jwk("Ed25519", x=text((1).to_bytes(32, "little"))), "anybody can sign"),
    "okp-alg": (lambda: jwk("Ed25519", alg="ES256"), "alg does not go with"),
    "key-ops": (lambda: jwk("P-256", key_ops=["encrypt"]), "key_ops has no verify"),
    "key-ops-no-list": (lambda: jwk("P-256", key_ops="verify"), "key_ops has no verify"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name: str) -> None:
    make, says = BAD[name]
    with pytest.raises(ValueError, match=says):
        keys.checked(make())


def test_a_key_for_verifying_among_others() -> None:
    assert keys.checked(jwk("P-256", key_ops=["verify"])).alg == "ES256"


@pytest.mark.parametrize("kid", [None, "", 7, ["k"], "k" * 513, "a\nb", "a\u202eb", "a\ud800"])
def test_what_is_no_kid(kid: Any) -> None:
    with pytest.raises(ValueError, match="kid"):
        keys.key_id({"kid": kid})
    with pytest.raises(ValueError, match="kid"):
        keys.key_id({})


@pytest.mark.parametrize("kid", ["k", "k" * 512, "../../etc/passwd", "a#b|c", "ключ"])  # a key in a map, never a path
def test_what_is_a_kid(kid: str) -> None:
    assert keys.key_id({"kid": kid}) == kid


def test_only_strong_keys_are_strong() -> None:
    assert all(keys.strong(key.public_key()) for key in PRIVATE.values())
    assert not keys.strong(HALF.public_key())
    assert not keys.strong(ec.generate_private_key(ec.SECP256K1()).public_key())
    assert not keys.strong(ed448.Ed448PrivateKey.generate().public_key())


# y of the points of order 8, from the list of small points in "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko)
ORDER_8 = [
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
SMALL = [
    (1).to_bytes(32, "little"),
    (P - 1).to_bytes(32, "little"),
    bytes(32),
    (1 << 255).to_bytes(32, "little"),
    *map(bytes.fromhex, ORDER_8),
]


@pytest.mark.parametrize("octets", SMALL)
def test_small_points_are_weak(octets: bytes) -> None:
    assert is_weak(octets)


@pytest.mark.parametrize("y", [P, P + 1, 2**255 - 1, 2])
def test_what_is_no_point_is_weak(y: int) -> None:
    assert is_weak(y.to_bytes(32, "little"))  # beyond the field, or (2) not on the curve


def test_real_keys_are_not_weak() -> None:
    # RFC 8032, 7.1, tests 1 and 2
    assert not is_weak(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
    assert not is_weak(bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
    assert not any(is_weak(ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()) for _ in range(50))


def kept(*entries: dict[str, Any]) -> str:
    """A JWK Set as text."""
    return json.dumps({"keys": list(entries)})


def test_a_kept_key_is_one_public_key_for_its_algorithm() -> None:
    keys.check_kept(kept(jwk("P-256")), "ES256", where="x")
    keys.check_kept(kept(jwk("RSA")), "PS256", where="x")


@pytest.mark.parametrize(
    ("text_", "alg", "says"),
    [
        ("{", "ES256", "no JWK Set"),
        ("[]", "ES256", "no JWK Set"),
        ('{"keys": [[]]}', "ES256", "no JWK Set"),
        (kept(), "ES256", "0 keys"),
        (kept(jwk("P-256"), jwk("P-256")), "ES256", "2 keys"),
        (kept(jwk("P-256", private=True)), "ES256", "private"),
        (kept(jwk("P-256")), "ES384", "for ES256"),
        (kept(jwk("RSA", alg="RS256")), "PS256", "for RS256"),
    ],
)
def test_what_must_not_be_kept(text_: str, alg: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says) as caught:
        keys.check_kept(text_, alg, where="trust: peps.api.keys.k1")
    assert "peps.api.keys.k1" in str(caught.value)
    assert jwk("P-256", private=True)["d"] not in str(caught.value)
