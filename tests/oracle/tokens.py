"""Tokens of every kind: issuer, key, times, audience, and the name that each gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.oracle import jose
from tests.oracle.values import MISSING, at, equal, items, number, text
from tests.oracle.verdict import FOREVER

if TYPE_CHECKING:
    from fractions import Fraction

    from tests.oracle.case import Case

SECOND = 1_000_000_000
_USES = {"jwt-svid": "jwt-svid", "wit": "wit-svid"}
_SPIFFE = re.compile(r"\Aspiffe://[a-z0-9._-]+(/[A-Za-z0-9._-]+)+\Z")


@dataclass(frozen=True, slots=True)
class Token:
    """A token that verified, was in time and for us. ``until``: ns."""

    kind: str
    issuer: str
    key_id: str
    claims: dict[str, Any]
    until: int | Fraction


def spiffe_domain(name: Any) -> str | None:
    """The trust domain of a SPIFFE ID, or None where it is none."""
    if not isinstance(name, str) or len(name) > 2048 or not _SPIFFE.match(name):
        return None
    domain, *segments = name.removeprefix("spiffe://").split("/")
    return None if {".", ".."}.intersection(segments) else domain


def keys_end(case: Case, issuer: str) -> int | Fraction | None:
    """Until when the keys of an issuer may be relied on; None where not now."""
    system = case.document("trust", "sources", issuer)
    if system is MISSING:
        return FOREVER
    snapshot = case.document("trust", "snapshots", system if isinstance(system, str) else "")
    observed, expires = number(at(snapshot, "observed_at")), number(at(snapshot, "expires_at"))
    if observed is None or expires is None or observed > case.now + case.leeway or expires <= case.now:
        return None
    return expires


def verify(case: Case, kind: str, token: Any) -> Token | None:
    """The token of the credential, or None where anything about it does not hold."""
    found = jose.of(token)
    if found is None:
        return None
    issuer = _issuer(kind, found.claims)
    rules = case.document("trust", "issuers", kind, issuer) if issuer is not None else MISSING
    kid, alg = found.header.get("kid"), found.header["alg"]
    if issuer is None or not isinstance(rules, dict) or not isinstance(kid, str):
        return None
    key = case.document("trust", "keys", issuer, _USES.get(kind, "sig"), kid)
    jwk = jose.only_key(at(key, "jwks"))
    if not _typed(found.header, rules) or at(rules, "algs", alg) is not True or at(key, "alg") != alg:
        return None
    if jwk is None or not jose.verified(token, alg, jwk):
        return None
    own, listed = _in_time(case, found.claims, rules), keys_end(case, issuer)
    if (
        own is None
        or listed is None
        or not (_for_us(case, kind, found.claims, rules) and _complete(kind, found.claims))
    ):
        return None
    return Token(kind, issuer, kid, found.claims, min(own, listed))


def name(token: Token) -> str | None:
    """The name that a token gives; None where it gives none."""
    claims, issuer = token.claims, token.issuer
    if token.kind in {"jwt-svid", "wit"}:
        return str(claims["sub"])
    if token.kind == "access-token":
        return _access(claims, issuer)
    if token.kind == "kubernetes":
        return _kubernetes(claims, issuer)
    if token.kind == "github":
        return _github(claims, issuer)
    return f"{issuer}#{claims['sub']}"


def _access(claims: dict[str, Any], issuer: str) -> str | None:
    if "act" not in claims:
        return f"{issuer}#{claims['sub']}"
    actor = text(at(claims, "act", "sub"))
    if actor is None or claims["act"].get("iss", issuer) != issuer:
        return None
    return f"{issuer}#{actor}"


def matches_transaction(case: Case, claims: dict[str, Any]) -> bool:
    """Whether a transaction token's ``tctx``, where there is one, says what is asked."""
    if "tctx" not in claims:
        return True
    said = claims["tctx"]
    if not isinstance(said, dict):
        return False
    rest = {key: value for key, value in said.items() if key not in {"action", "resource"}}
    if said.get("action", case.action_name) != case.action_name or said.get("resource", case.resource) != case.resource:
        return False
    return equal(rest, case.parameters)


def _issuer(kind: str, claims: dict[str, Any]) -> str | None:
    if kind in {"jwt-svid", "wit"}:
        return spiffe_domain(claims.get("sub"))
    return text(claims.get("aud" if kind == "txn-token" else "iss"))


def _typed(header: dict[str, Any], rules: dict[str, Any]) -> bool:
    typ = header.get("typ", "jwt")
    return isinstance(typ, str) and at(rules, "typs", typ.lower().removeprefix("application/")) is True


def _in_time(case: Case, claims: dict[str, Any], rules: dict[str, Any]) -> int | Fraction | None:
    leeway, longest = number(rules.get("leeway")), number(rules.get("max_ttl"))
    exp, now = number(claims.get("exp")), case.now
    if leeway is None or longest is None or exp is None or now >= exp * SECOND + leeway:
        return None
    for claim in ("nbf", "iat"):
        if claim in claims and ((said := number(claims[claim])) is None or said * SECOND > now + leeway):
            return None
    if "iat" in claims:
        iat = number(claims["iat"])
        assert iat is not None
        if exp <= iat or (exp - iat) * SECOND > longest:
            return None
    elif exp * SECOND - now > longest + leeway:
        return None
    return exp * SECOND + leeway


def _for_us(case: Case, kind: str, claims: dict[str, Any], rules: dict[str, Any]) -> bool:
    if kind == "wit":
        return "aud" not in claims
    said = claims.get("aud")
    audiences = said if isinstance(said, list) else [said]
    if kind == "jwt-svid" and len(audiences) != 1:
        return False
    mine = case.document("trust", "peps", case.pep, "audiences")
    named = [one for one in audiences if isinstance(one, str)]
    return any(at(rules, "audiences", one) is True and (mine is MISSING or at(mine, one) is True) for one in named)


def _complete(kind: str, claims: dict[str, Any]) -> bool:
    needed = {"access-token": ("sub", "client_id", "jti"), "txn-token": ("txn", "sub", "req_wl")}.get(kind, ())
    return all(text(claims.get(claim)) for claim in needed) and (not needed or "iat" in claims)


def _kubernetes(claims: dict[str, Any], issuer: str) -> str | None:
    said = claims.get("kubernetes.io", MISSING)
    namespace, account = text(at(said, "namespace")), text(at(said, "serviceaccount", "name"))
    uid = text(at(said, "serviceaccount", "uid"))
    if namespace is None or account is None or uid is None:
        return None
    return f"{issuer}#{uid}" if claims.get("sub") == f"system:serviceaccount:{namespace}:{account}" else None


def _github(claims: dict[str, Any], issuer: str) -> str | None:
    owner, repository = text(claims.get("repository_owner_id")), text(claims.get("repository_id"))
    workflow, environment = text(claims.get("job_workflow_ref")), items(claims).get("environment", "")
    if owner is None or repository is None or workflow is None or not isinstance(environment, str):
        return None
    return None if ":" in environment else f"{issuer}#{owner}:{repository}:{environment}:{workflow}"
