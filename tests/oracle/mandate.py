"""The mandate gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle import elevation, entitlement
from tests.oracle.chain import chained
from tests.oracle.constraint import all_met, within
from tests.oracle.values import MISSING, at, items, number, text
from tests.oracle.verdict import FAIL, PASS, Gate, quorum

if TYPE_CHECKING:
    from fractions import Fraction

    from tests.oracle.case import Case
    from tests.oracle.proof import Proof

    End = int | Fraction


def mandate(case: Case) -> Any:
    """The mandate that the request names, or MISSING."""
    return _mandate(case, case.subject, text(case.context("mandate")))


def gate(case: Case, proof: Proof | None) -> Gate:
    """No agent, or one that acts inside its mandate. ``proof``: the one that holds, None without."""
    if not case.agent:
        return PASS
    record = mandate(case)
    if not isinstance(record, dict):
        return FAIL
    ends = [
        _covers_until(case, record),
        _derived_until(case, record),
        _person_until(case, record, proof),
        _approved_until(case, record),
    ]
    if not _within_limits(case, record) or not _chained(case):
        return FAIL
    known = [end for end in ends if end is not None]
    if len(known) < len(ends) or min(known) <= case.now:
        return FAIL
    return Gate(True, int(min(known)))


def _mandate(case: Case, agent: str, name: str | None) -> Any:
    return MISSING if name is None else case.document("pam", "mandates", agent, name)


def _chained(case: Case) -> bool:
    return chained(case.asserted("chain", "history"))


def _covers_until(case: Case, record: Any) -> End | None:
    """1 to 3: until when a mandate is live and covers task, action, tool and parameters."""
    start, end = number(at(record, "not_before")), number(at(record, "expires_at"))
    if at(record, "state") != "active" or start is None or end is None or not start <= case.now < end:
        return None
    listed = case.system_end("pam", at(record, "system"), emergency=elevation.emergency(case))
    task = text(case.context("task"))
    if listed <= case.now or task is None or at(record, "tasks", task) is not True:
        return None
    entries = (at(record, "authority", f"#{case.action_name}@{scope}") for scope in case.scopes)
    return min(end, listed) if any(_met(case, entry) for entry in entries) else None


def _within_limits(case: Case, record: dict[str, Any]) -> bool:
    """4: whether no limit of the mandate is passed."""
    return within(record.get("limits", {}), case.asserted("counters", "counters"), case.parameters)


def _active_agent_until(case: Case, agent: str) -> End | None:
    """Until when the listing of ``agent`` as an active agent may be relied on."""
    known = case.identity(agent)
    if known is None or not known.active or known.type != "agent":
        return None
    return case.system_end("iga", known.system, emergency=elevation.emergency(case))


def _met(case: Case, entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    if "tools" in entry:
        tool = text(case.context("tool"))
        if tool is None or at(entry, "tools", tool) is not True:
            return False
    if "parameters" in entry and entry["parameters"] != case.digest:
        return False
    return all_met(entry.get("constraints", {}), case.parameters)


def _derived_until(case: Case, record: dict[str, Any]) -> End | None:
    """5: until when every ancestor covers this too, and delegated it this far."""
    ancestors = record.get("ancestors", [])
    if not isinstance(ancestors, list):
        return None
    agents = [at(ancestor, "agent") for ancestor in ancestors] + [case.subject]
    ends: list[End] = [case.now + (1 << 79)]
    for number_, ancestor in enumerate(ancestors):
        agent, name = text(at(ancestor, "agent")), text(at(ancestor, "id"))
        found = MISSING if agent is None else _mandate(case, agent, name)
        until = _covers_until(case, found)
        depth = number(at(found, "delegation", "max_depth"))
        delegate = agents[number_ + 1]
        if until is None or at(found, "subject") != record.get("subject") or depth is None:
            return None
        if depth < len(ancestors) - number_ or not isinstance(delegate, str):
            return None
        if at(found, "delegation", "delegates", delegate) is not True or not _within_limits(case, items(found)):
            return None
        listed = _active_agent_until(case, agent or "")
        if listed is None or listed <= case.now:
            return None
        ends += [until, listed]
    return min(ends)


def _person_until(case: Case, record: dict[str, Any], proof: Proof | None) -> End | None:
    """6: until when the person it is for is active, at home here and holds the right too."""
    person = text(record.get("subject"))
    active = case.active_until(person)
    known = case.identity(person) if person is not None else None
    if person is None or active is None or known is None or entitlement.denied(case, person):
        return None
    if known.environment not in {"", case.environment}:
        return None
    urgent = elevation.emergency(case)
    grant = entitlement.standing(case, person, emergency=urgent)
    if grant is None or (proof is not None and proof.principal not in {None, person}):
        return None
    return min(active, grant.until, case.system_end("iga", known.system, emergency=urgent))


def _approved_until(case: Case, record: dict[str, Any]) -> End | None:
    """7: until when the approval of the task counts; for ever where none is asked."""
    never = case.now + (1 << 79)
    asked = case.action.get("mandate", MISSING)
    if asked is MISSING or at(asked, "approval") is False:
        return never
    found = at(record, "approvals", text(case.context("task")) or "")
    name, required = text(at(found, "id")), number(at(found, "required"))
    until, approvers = number(at(found, "approved_until")), at(found, "approvers")
    if name is None or required is None or until is None or until <= case.now or not isinstance(approvers, list):
        return None
    if items(found).get("parameters", case.digest) != case.digest or not elevation.used_fewer(case, name, found):
        return None
    people = {one for one in approvers if isinstance(one, str) and one != case.subject}
    enough = quorum([end for one in people if (end := case.active_until(one)) is not None], required)
    return None if enough is None else min(until, enough)
