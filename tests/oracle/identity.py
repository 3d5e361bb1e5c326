"""The identity gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.verdict import FAIL, FOREVER, Gate

if TYPE_CHECKING:
    from tests.oracle.case import Case


def gate(case: Case) -> Gate:
    """Listed, active, of the type that was said, owned by an active person, at home where the resource is."""
    known = case.identity(case.subject)
    if known is None or not known.active or known.type != case.subject_type:
        return FAIL
    if not (known.human and not known.environment) and (not known.environment or known.environment != case.environment):
        return FAIL
    if known.human:
        return Gate(True)
    owner = responsible(case)
    return FAIL if owner is None else Gate(True, int(owner[1]))


def responsible(case: Case, *, emergency: bool = False) -> tuple[str, int] | None:
    """Of the active responsible persons of the subject the one relied on, and until when it is one; None of none.

    Relied on is the one whose ends (its listing's, a revocation still to come) last longest.
    """
    known = case.identity(case.subject)
    found = []
    for name in known.responsible if known is not None else ():
        until, person = case.active_until(name), case.identity(name)
        if until is not None and person is not None:
            listing = case.system_end("iga", person.system, emergency=emergency)
            found.append((min(until, listing), min(until, FOREVER), name))
    if not found:
        return None
    _, until, name = max(found)
    return name, int(until)
