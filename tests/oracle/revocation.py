"""The revocation gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.mandate import mandate
from tests.oracle.values import at, items, text
from tests.oracle.verdict import FAIL, Gate, least

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from tests.oracle.case import Case
    from tests.oracle.proof import Proof


def gate(case: Case, proof: Proof | None) -> Gate:
    """None is revoked of what the request relies on. ``proof``: the one that holds, None without."""
    if not isinstance(case.document("revocations"), dict):
        return FAIL
    until = int(least(_ends(case, proof)))
    return FAIL if until <= case.now else Gate(True, until)


def _ends(case: Case, proof: Proof | None) -> Iterator[int | Fraction]:
    issued = proof.issued_at if proof is not None else None
    yield case.revoked_from("subjects", case.subject, issued)
    session = text(case.context("session"))
    if session is not None:
        yield case.revoked_from("sessions", session, issued)
    if proof is not None:
        if proof.token_id is not None:
            yield case.revoked_from("tokens", proof.token_id, issued)
        if proof.key_id is not None:
            yield case.revoked_from("keys", f"{proof.issuer}#{proof.key_id}")
        for thumbprint, known in proof.thumbprints:
            yield case.revoked_from("credentials", thumbprint, known)
    if case.agent:
        yield from _of_agent(case)


def _of_agent(case: Case) -> Iterator[int | Fraction]:
    name = text(case.context("mandate"))
    if name is not None:
        yield case.revoked_from("mandates", name)
    record = mandate(case)
    ancestors = items(record).get("ancestors", [])
    for ancestor in ancestors if isinstance(ancestors, list) else []:
        yield case.revoked_from("mandates", text(at(ancestor, "id")) or "")
        yield case.revoked_from("subjects", text(at(ancestor, "agent")) or "")
    person = text(items(record).get("subject"))
    if person is not None:
        yield case.revoked_from("subjects", person)
