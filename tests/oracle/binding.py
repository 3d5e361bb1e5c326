"""Binding of a proof to a key that its holder has: DPoP, mutual TLS, WPT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.oracle import certificates, jose
from tests.oracle.digest import encoded
from tests.oracle.tokens import SECOND
from tests.oracle.values import at, number, text
from tests.oracle.verdict import FOREVER

if TYPE_CHECKING:
    from fractions import Fraction

    from tests.oracle.case import Case
    from tests.oracle.tokens import Token

_DPOP = {"ES256", "ES384", "PS256", "RS256", "EdDSA"}
_MEMBERS = {"jkt", "x5t#S256", "jwk"}
_MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Binding:
    """How a proof is bound: whether at all, until when (ns), thumbprints of keys and certificates."""

    bound: bool
    until: int | Fraction
    thumbprints: tuple[str, ...]


def of_token(case: Case, token: Token, shown: str) -> Binding | None:
    """The binding that ``cnf`` of a token asks for; None where it does not hold. ``shown``: the token as it came."""
    if "cnf" not in token.claims:
        return None if token.kind == "wit" else Binding(False, FOREVER, ())
    confirmed = token.claims["cnf"]
    if not isinstance(confirmed, dict) or not confirmed or not confirmed.keys() <= _MEMBERS:
        return None
    if ("jwk" in confirmed) != (token.kind == "wit") or not case.asserts("connection"):
        return None
    ends: list[int | Fraction] = []
    prints: list[str] = []
    if "jkt" in confirmed:
        ends.append(_dpop(case, confirmed["jkt"], shown) or 0)
        prints.append(str(confirmed["jkt"]))
    if "x5t#S256" in confirmed:
        if certificates.shown(case.context("credential", "certificate")) != confirmed["x5t#S256"]:
            return None
        prints.append(confirmed["x5t#S256"])
    if "jwk" in confirmed:
        ends.append(_wpt(case, token, confirmed["jwk"], shown) or 0)
        prints.append(jose.thumbprint(confirmed["jwk"]) or "")
    until = min([FOREVER, *ends])
    return None if until <= case.now else Binding(True, until, tuple(prints))


def _dpop(case: Case, thumbprint: Any, shown: str) -> int | Fraction | None:
    proof = case.context("credential", "dpop")
    found = jose.of(proof)
    method, url = text(case.context("credential", "method")), text(case.context("credential", "url"))
    if found is None or method is None or url is None or found.header.get("typ") != "dpop+jwt":
        return None
    alg, jwk, claims = found.header["alg"], found.header.get("jwk"), found.claims
    if alg not in _DPOP or not jose.public(jwk) or jose.thumbprint(jwk) != thumbprint:
        return None
    if not jose.verified(proof, alg, jwk):
        return None
    iat = number(claims.get("iat"))
    if iat is None or not (iat * SECOND - _MINUTE <= case.now < iat * SECOND + _MINUTE):
        return None
    bare = url.split("#", 1)[0].split("?", 1)[0]
    if claims.get("htm") != method or claims.get("htu") != bare or not text(claims.get("jti")):
        return None
    return iat * SECOND + _MINUTE if claims.get("ath") == encoded(shown.encode()) else None


def _wpt(case: Case, token: Token, jwk: Any, shown: str) -> int | Fraction | None:
    proof, url = case.context("credential", "wpt"), text(case.context("credential", "url"))
    found = jose.of(proof)
    if found is None or url is None or found.header.get("typ") != "wpt+jwt" or not jose.public(jwk):
        return None
    alg, claims = found.header["alg"], found.claims
    if alg != at(jwk, "alg") or not jose.verified(proof, alg, jwk):
        return None
    audiences = case.document("trust", "issuers", "wit", token.issuer, "audiences")
    known = [name for name, held in audiences.items() if held is True] if isinstance(audiences, dict) else []
    if claims.get("aud") != url or not any(url == one or url.startswith(f"{one}/") for one in known):
        return None
    exp = number(claims.get("exp"))
    if exp is None or not case.now < exp * SECOND <= case.now + 5 * _MINUTE or not text(claims.get("jti")):
        return None
    return exp * SECOND if claims.get("wth") == encoded(shown.encode()) else None
