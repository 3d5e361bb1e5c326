"""The entitlement gate, and live grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle import elevation
from tests.oracle.values import items
from tests.oracle.verdict import FAIL, Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from tests.oracle.case import Case

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A live grant: until when it may be relied on, its system's end, its system, whether an elevation carries it."""

    until: int | Fraction
    listed_until: int | Fraction
    system: str
    eligible: bool


def gate(case: Case) -> Gate:
    """A live grant, and no deny."""
    relied = relied_on(case)
    if denied(case, case.subject) or relied is None:
        return FAIL
    return Gate(True, int(relied.until))


def denied(case: Case, subject: str) -> bool:
    """Whether a deny, live or not, covers the action for ``subject``."""
    return bool(case.keys & items(case.document("iga", "denies", subject)).keys())


def relied_on(case: Case) -> Grant | None:
    """The subject's live grant: a standing one before any other, then the longest; None without any."""

    def preferred(grant: Grant) -> tuple[bool, Grant]:
        return not grant.eligible and case.now < grant.until, grant

    return case.once("grant", lambda _: max(_live(case), default=None, key=preferred))


def standing(case: Case, subject: str, *, emergency: bool) -> Grant | None:
    """The live standing grant of ``subject`` that lasts longest."""
    return max((grant for _, _, grant in _found(case, subject, emergency, "")), default=None)


def _live(case: Case) -> Iterator[Grant]:
    urgent = elevation.emergency(case)
    for _, _, grant in _found(case, case.subject, urgent, ""):
        yield grant
    for key, _, grant in _found(case, case.subject, urgent, "eligible"):
        for name, record in items(case.document("pam", "elevations", case.subject)).items():
            if not isinstance(record, dict):
                continue
            until = elevation.counts_until(case, name, record, frozenset({key}), 0, emergency=urgent)
            if until is not None:
                yield Grant(min(grant.until, until), grant.listed_until, grant.system, True)


def _found(case: Case, subject: str, emergency: bool, hold: str) -> Iterator[tuple[str, str, Grant]]:
    held = items(case.document("iga", "grants", subject))
    for key in case.keys & held.keys():
        parts = held[key].split("|") if isinstance(held[key], str) else []
        if len(parts) != 6 or parts[4] != hold or not _digits(parts[2]) or not (not parts[3] or _digits(parts[3])):
            continue
        system, name, end, start, _, _ = parts
        if int(start or 0) * SECOND <= case.now < int(end) * SECOND:
            listed = case.system_end("iga", system, emergency=emergency)
            yield key, name, Grant(min(int(end) * SECOND, listed), listed, system, False)


def _digits(text: str) -> bool:
    return len(text) == 10 and text.isascii() and text.isdigit()
