"""The proof gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle import certificates, signature, tokens
from tests.oracle.binding import Binding, of_token
from tests.oracle.tokens import SECOND, Token
from tests.oracle.values import MISSING, at, number, text
from tests.oracle.verdict import FOREVER

if TYPE_CHECKING:
    from fractions import Fraction

    from tests.oracle.case import Case

KINDS = ("jwt-svid", "access-token", "kubernetes", "github", "txn-token", "wit")


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds. Instants in ns; ``thumbprints`` with the instant each was issued (None: unknown)."""

    kind: str
    until: int | Fraction
    issuer: str = ""
    name: str | None = None
    key_id: str | None = None
    token_id: str | None = None
    issued_at: int | Fraction | None = None
    thumbprints: tuple[tuple[str, int | Fraction | None], ...] = ()
    bound: bool = False
    principal: str | None = None


def gate(case: Case) -> Proof | None:
    """The proof, where the gate passes; None where it does not."""
    kind = "pep" if case.context("credential") is MISSING else text(case.context("credential", "kind"))
    accepted, narrower = at(case.tier, "proofs"), case.action.get("proofs", MISSING)
    if kind is None or at(accepted, kind) is not True or (narrower is not MISSING and at(narrower, kind) is not True):
        return None
    signed = signature.holds_until(case) if signature.present(case) else None
    if signed is None and (signature.present(case) or case.tier.get("signed") is not False):
        return None
    found = _of_kind(case, kind, signed)
    if found is None or (case.tier.get("bound") is not False and not found.bound):
        return None
    if kind != "pep" and (found.name is None or case.document("iga", "proofs", found.name) != case.subject):
        return None
    until = min(found.until, FOREVER if signed is None else signed)
    return None if until <= case.now else found


def until(case: Case, proof: Proof) -> int:
    """The end of a proof that passed, the PEP's signature included."""
    signed = signature.holds_until(case) if signature.present(case) else None
    return int(min(proof.until, FOREVER if signed is None else signed))


def _of_kind(case: Case, kind: str, signed: int | Fraction | None) -> Proof | None:
    if kind == "pep":
        return Proof("pep", FOREVER, bound=signed is not None) if case.asserts("subject") else None
    if kind == "x509-svid":
        return _certificate(case)
    if kind not in KINDS:
        return None
    shown = case.context("credential", "token")
    token = tokens.verify(case, kind, shown)
    binding = of_token(case, token, shown) if token is not None else None
    return None if token is None or binding is None else _named(case, token, binding)


def _named(case: Case, token: Token, binding: Binding) -> Proof | None:
    claims, principal = token.claims, None
    if token.kind == "access-token":
        if "act" in claims:
            principal = text(case.document("iga", "proofs", f"{token.issuer}#{claims['sub']}"))
            if principal is None:
                return None
        else:
            client = case.document("iga", "proofs", f"{token.issuer}#{claims['client_id']}")
            known = case.identity(client) if isinstance(client, str) else None
            if known is not None and known.type == "agent" and client != case.subject:
                return None
    if token.kind == "txn-token" and not tokens.matches_transaction(case, claims):
        return None
    issued = number(claims.get("iat"))
    return Proof(
        token.kind,
        min(token.until, binding.until),
        token.issuer,
        tokens.name(token),
        token.key_id,
        text(claims.get("txn" if token.kind == "txn-token" else "jti")),
        None if issued is None else issued * SECOND,
        tuple((one, None) for one in binding.thumbprints),
        binding.bound,
        principal,
    )


def _certificate(case: Case) -> Proof | None:
    pem = case.context("credential", "certificate")
    leaf = certificates.leaf(pem)
    if leaf is None or len(pem) > certificates.LARGEST or not case.asserts("connection"):
        return None
    name = certificates.one_uri(leaf)
    domain = tokens.spiffe_domain(name)
    if domain is None:
        return None
    longest = number(case.document("trust", "domains", domain, "max_ttl"))
    listed = tokens.keys_end(case, domain)
    start, end = certificates.start(leaf), certificates.end(leaf)
    if longest is None or listed is None or end - start > longest or not certificates.is_leaf(leaf):
        return None
    until = certificates.trusted_until(pem, case.document("trust", "roots", domain), case.now)
    if until is None:
        return None
    return Proof(
        "x509-svid",
        min(until, listed),
        domain,
        name,
        issued_at=start,
        thumbprints=((certificates.thumbprint(leaf), start),),
        bound=True,
    )
