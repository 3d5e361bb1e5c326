"""The signature of a PEP over its request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle import jose
from tests.oracle.tokens import SECOND
from tests.oracle.values import MISSING, at, equal, number

if TYPE_CHECKING:
    from fractions import Fraction

    from tests.oracle.case import Case


def present(case: Case) -> bool:
    """Whether the request has one, whatever it is."""
    return case.context("signature") is not MISSING


def holds_until(case: Case) -> int | Fraction | None:
    """Until when the signature holds, ns; None where it does not."""
    signature = case.context("signature")
    found = jose.of(signature)
    if found is None or found.header.get("typ") != "pep+jwt" or not isinstance(found.header.get("kid"), str):
        return None
    key = case.document("trust", "peps", case.pep, "keys", found.header["kid"])
    alg, jwk = found.header["alg"], jose.only_key(at(key, "jwks"))
    if at(key, "alg") != alg or jwk is None or not jose.verified(signature, alg, jwk):
        return None
    claims = found.claims
    iat, exp = number(claims.get("iat")), number(claims.get("exp"))
    if claims.get("iss") != case.pep or iat is None or exp is None:
        return None
    if iat * SECOND > case.now + case.leeway or case.now >= exp * SECOND or exp - iat > 60:
        return None
    context = {name: value for name, value in case.context().items() if name != "signature"}
    return exp * SECOND if equal(claims.get("request", MISSING), {**case.request, "context": context}) else None
