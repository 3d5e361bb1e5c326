"""The elevation gate, and what an elevation counts for; break-glass, and the emergency that it declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.values import MISSING, at, countable, items, number, text, texts
from tests.oracle.verdict import FAIL, PASS, Gate, quorum

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from tests.oracle.case import Case

    End = int | Fraction


def gate(case: Case) -> Gate:
    """Not privileged, or elevated, or under break-glass."""
    if not isinstance(case.action.get("privileged"), bool):
        return FAIL
    if not case.privileged:
        return PASS
    found = elevating(case)
    return FAIL if found is None else Gate(True, int(found[0]))


def emergency(case: Case) -> bool:
    """Whether break-glass is what is relied on."""
    return case.once("emergency", lambda _: case.privileged and not _fresh(case) and bool(_activations(case)))


def elevating(case: Case) -> tuple[End, str] | None:
    """What elevates a privileged action: until when it counts, and its PAM system."""
    return max(_fresh(case) or _activations(case) or _elevations(case), default=None)


def counts_until(
    case: Case,
    name: str,
    record: dict[str, Any],
    wanted: frozenset[str],
    approvals: int | Fraction,
    *,
    emergency: bool = False,
) -> End | None:
    """Until when an elevation is live for one of the ``wanted`` keys and counts; None where it does not."""
    keys, now = texts(record.get("keys")), case.now
    matching = wanted.intersection(keys or ())
    start, end = number(record.get("not_before")), number(record.get("expires_at"))
    required, approved_until = number(record.get("required")), number(record.get("approved_until"))
    listed = case.system_end("pam", record.get("system"), emergency=emergency)
    if not matching or start is None or end is None or required is None or approved_until is None:
        return None
    unrevoked = case.revoked_from("elevations", name)
    if not start <= now < end or now >= approved_until or unrevoked <= now:
        return None
    if not _for_this(case, record, matching) or not used_fewer(case, name, record):
        return None
    approved = _approved_until(case, record, max(required, approvals))
    if approved is None:
        return None
    return min(end, approved_until, unrevoked, approved, listed)


def used_fewer(case: Case, name: str, record: dict[str, Any]) -> bool:
    """Whether ``max_uses``, where there is one, is not used up, by the asserted number of uses."""
    if "max_uses" not in record:
        return True
    most, used = number(record["max_uses"]), countable(at(case.asserted("uses", "uses"), name))
    return most is not None and used is not None and 0 <= used < most


def _fresh(case: Case) -> list[tuple[End, str]]:
    """The elevations that will do: those of a PAM system that is too old would only keep break-glass from helping."""
    return [found for found in _elevations(case) if found[0] > case.now]


def _elevations(case: Case) -> list[tuple[End, str]]:
    return case.once("elevations", _sound)


def _sound(case: Case) -> list[tuple[End, str]]:
    wants = items(case.action.get("elevation"))
    approvals = number(wants.get("approvals"))
    if approvals is None:
        return []
    wanted = case.keys | {case.action_key}
    found = []
    for name, record in items(case.document("pam", "elevations", case.subject)).items():
        if not isinstance(record, dict) or not _as_asked(case, record, wants):
            continue
        until = counts_until(case, name, record, wanted, approvals)
        if until is not None:
            found.append((until, str(record.get("system"))))
    return found


def _as_asked(case: Case, record: dict[str, Any], wants: dict[str, Any]) -> bool:
    if wants.get("recording") is not False and record.get("recording") != "on":
        return False
    if wants.get("session", False) is not False and not (
        text(record.get("session")) and text(record.get("recording_ref"))
    ):
        return False
    ticket = text(case.context("ticket"))
    return wants.get("ticket", False) is False or (ticket is not None and record.get("ticket") == ticket)


def _for_this(case: Case, record: dict[str, Any], matching: frozenset[str]) -> bool:
    if "parameters" in record and record["parameters"] != case.digest:
        return False
    if "approved" not in record:
        return True
    approved = record["approved"]
    if not isinstance(approved, dict) or approved.get("subject", case.subject) != case.subject:
        return False
    keys = approved.get("keys", MISSING)
    if keys is not MISSING and not matching.intersection(texts(keys) or ()):
        return False
    return bool(approved.get("parameters", case.digest) == case.digest)


def _approved_until(case: Case, record: dict[str, Any], required: int | Fraction) -> End | None:
    requester, approvers = text(record.get("requester")), record.get("approvers")
    if requester is None or case.identity(requester) is None or not isinstance(approvers, list):
        return None
    behind = case.behind_subject | case.principals | case.persons(requester)
    excluded = behind | {case.subject, requester}
    ends = []
    for name in {name for name in approvers if isinstance(name, str)}:
        until = case.active_until(name)
        if until is not None and name not in excluded and not behind & case.superiors(name):
            ends.append(until)
    return quorum(ends, required)


def _can_be_told(record: dict[str, Any]) -> bool:
    """Whether the answer can say what its evidence and obligations have to say of an activation."""
    told = all(member in record for member in ("justification", "incident", "activated_by"))
    return told and number(record.get("review_due_at")) is not None


def _activations(case: Case) -> list[tuple[End, str]]:
    wants = items(case.action.get("elevation"))
    if wants.get("break_glass") is not True:
        return []
    found = []
    for name, record in items(case.document("pam", "break_glass", case.subject)).items():
        complete = isinstance(record, dict) and _can_be_told(record)
        until = _activation_until(case, name, record, wants) if complete else None
        if until is not None:
            found.append((min([until, *_beginnings(case)]), str(record.get("system"))))
    return found


def _beginnings(case: Case) -> Iterator[End]:
    """When elevations for this begin to count that do not yet: their start, and that of a listing not yet made."""
    wanted = case.keys | {case.action_key}
    for record in items(case.document("pam", "elevations", case.subject)).values():
        if not wanted.intersection(texts(at(record, "keys")) or ()):
            continue
        observed = number(case.document("pam", "snapshots", str(record.get("system")), "observed_at"))
        listed = None if observed is None else observed - case.leeway
        yield from (start for start in (number(record.get("not_before")), listed) if start and start > case.now)


def _activation_until(case: Case, name: str, record: dict[str, Any], wants: dict[str, Any]) -> End | None:
    start, end = number(record.get("not_before")), number(record.get("expires_at"))
    unrevoked = case.revoked_from("elevations", name)
    if start is None or end is None or not start <= case.now < end or unrevoked <= case.now:
        return None
    if case.action_key not in (texts(record.get("keys")) or ()):
        return None
    if wants.get("incident", False) is not False and text(record.get("incident")) is None:
        return None
    ends = [end, unrevoked, case.system_end("pam", record.get("system"), emergency=True)]
    if wants.get("dual_control", False) is not False:
        second = record.get("activated_by")
        until = case.active_until(second)
        if until is None or second in case.behind_subject or second == case.subject:
            return None
        if case.principals & ({second} | case.superiors(str(second))):
            return None
        ends.append(until)
    return min(ends)
