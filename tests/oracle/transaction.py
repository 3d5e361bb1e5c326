"""The transaction gate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.oracle import elevation
from tests.oracle.chain import chained, combined
from tests.oracle.constraint import all_met, within
from tests.oracle.values import MISSING, at, items, number, text, texts
from tests.oracle.verdict import FAIL, FOREVER, PASS, Gate, least, quorum
from tests.oracle.window import frozen_until, open_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from tests.oracle.case import Case


def gate(case: Case) -> Gate:
    """Environment of the PEP, the chain, and the action's limits."""
    stands = case.document("trust", "peps", case.pep, "environment")
    if stands is not MISSING and (text(stands) is None or stands != case.environment):
        return FAIL
    if case.context("chain") is not MISSING:
        chain = case.asserted("chain", "history")
        if not chained(chain) or combined(case, chain["history"]):
            return FAIL
    limits = case.action.get("limits", MISSING)
    if limits is MISSING:
        return PASS
    if not isinstance(limits, dict) or not _plain(case, limits):
        return FAIL
    ends = list(_ends(case, limits))
    return FAIL if any(end is None for end in ends) else Gate(True, int(least(end for end in ends if end is not None)))


def _plain(case: Case, limits: dict[str, Any]) -> bool:
    """Of the limits those that no instant changes."""
    if not all_met(limits.get("parameters", {}), case.parameters):
        return False
    if not all_met(limits.get("conditions", {}), case.asserted("conditions", "conditions")):
        return False
    if not within(limits.get("counters", {}), case.asserted("counters", "counters"), case.parameters):
        return False
    if "ticket" in limits:
        ticket, pattern = text(case.context("ticket")), limits["ticket"]
        if ticket is None or not isinstance(pattern, str) or not re.fullmatch(pattern, ticket):
            return False
    return "separation" not in limits or _separated(case, limits["separation"])


def _ends(case: Case, limits: dict[str, Any]) -> Iterator[int | Fraction | None]:
    known = case.identity(case.subject)
    person = known is not None and known.human
    if not (person and elevation.emergency(case)):
        if "windows" in limits:
            windows = limits["windows"] if isinstance(limits["windows"], list) else []
            yield max((end for one in windows if (end := open_until(one, case.now)) is not None), default=None)
        if limits.get("freezes", False) is not False:
            yield frozen_until(case.document("catalog", "freezes"), case.environment, case.now)
    if "persons" in limits:
        required, confirmed = number(limits["persons"]), case.asserted("confirmations", "confirmations")
        people = texts(confirmed)
        if required is None or people is None:
            yield None
        else:
            others = set(people) - case.behind_subject - {case.subject}
            ends = [until for one in others if (until := case.active_until(one)) is not None]
            yield quorum(ends, required - 1 if person else required)
    yield FOREVER


def _separated(case: Case, actions: Any) -> bool:
    history = case.asserted("history", "history")
    if texts(actions) is None or not isinstance(history, list):
        return False
    if not all(text(at(entry, "action")) and text(at(entry, "subject")) for entry in history):
        return False
    mine = case.behind_subject | case.principals | {case.subject}
    doers = {entry["subject"] for entry in history if entry["action"] in actions}
    return not any(case.identity(doer) is None or mine & _behind(case, doer) for doer in doers)


def _behind(case: Case, doer: str) -> set[Any]:
    """A doer, the persons behind him, and those whom his mandates are for."""
    mandates = items(case.document("pam", "mandates", doer)).values()
    commissioners = {text(at(one, "subject")) for one in mandates}
    return {doer} | case.persons(doer) | commissioners
