"""The freshness gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle import elevation, entitlement, identity
from tests.oracle.values import at, items, number, texts
from tests.oracle.verdict import FAIL, Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from tests.oracle.case import Case

_ROOTS = {"policy": "catalog", "iga": "iga", "trust": "trust", "revocations": "revocations"}


def gate(case: Case) -> Gate:
    """Every document that is relied on is inside its age, and no older than its floor."""
    urgent = elevation.emergency(case)
    ends = list(_ends(case, urgent))
    if any(end is None or end <= case.now for end in ends) or not _above_floors(case):
        return FAIL
    return Gate(True, int(min(end for end in ends if end is not None)))


def _ends(case: Case, emergency: bool) -> Iterator[int | Fraction | None]:
    yield number(case.document("catalog", "bundle", "expires_at"))
    yield number(case.document("trust", "bundle", "expires_at"))
    yield number(case.document("revocations", "bundle", "expires_at"))
    yield _revocations_end(case)
    yield _iga_end(case, emergency)
    known = case.identity(case.subject)
    if known is None:
        yield _oldest(case, "iga", emergency)
    else:
        yield case.system_end("iga", known.system, emergency=emergency)
    owner = identity.responsible(case, emergency=emergency) if known is not None and not known.human else None
    person = case.identity(owner[0]) if owner is not None else None
    if person is not None:
        yield case.system_end("iga", person.system, emergency=emergency)
    guards = case.document("iga", "guards")
    if texts(guards) is None:
        yield None
    for guard in texts(guards) or []:
        yield case.system_end("iga", guard, emergency=emergency)
    grant = entitlement.relied_on(case)
    if grant is not None:
        yield grant.listed_until
        if grant.eligible:
            yield grant.until
    if case.privileged:
        found = elevation.elevating(case)
        yield _oldest(case, "pam", emergency) if found is None else found[0]


def _oldest(case: Case, domain: str, emergency: bool) -> int | Fraction | None:
    """The end of the listing that ends first: each may have missed what none of them has. None without any."""
    systems = items(case.document(domain, "snapshots"))
    return min((case.system_end(domain, name, emergency=emergency) for name in systems), default=None)


def _revocations_end(case: Case) -> int | Fraction | None:
    issued, age = (
        number(case.document("revocations", "bundle", "issued_at")),
        number(at(case.tier, "ages", "revocations")),
    )
    if issued is None or age is None or issued > case.now + case.leeway:
        return None
    return issued + age


def _iga_end(case: Case, emergency: bool) -> int | Fraction | None:
    if not emergency:
        return number(case.document("iga", "bundle", "expires_at"))
    issued = number(case.document("iga", "bundle", "issued_at"))
    age = number(case.document("config", "break_glass", "ages", "iga"))
    if issued is None or age is None or issued > case.now + case.leeway:
        return None
    return issued + age


def _above_floors(case: Case) -> bool:
    floors = case.document("config", "floors")
    if not isinstance(floors, dict):
        return False
    roots = dict(_ROOTS)
    grant = entitlement.relied_on(case)
    if case.privileged or case.agent or (grant is not None and grant.eligible):
        roots["pam"] = "pam"
    return all(_above(case, root, floors[name]) for name, root in roots.items() if name in items(floors))


def _above(case: Case, root: str, floor: object) -> bool:
    sequence, least = number(case.document(root, "bundle", "sequence")), number(floor)
    return sequence is not None and least is not None and sequence >= least
