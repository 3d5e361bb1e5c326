"""The request gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.values import MISSING, at, number, text
from tests.oracle.verdict import FAIL, PASS, Gate

if TYPE_CHECKING:
    from typing import Any

    from tests.oracle.case import Case

ASSERTED = {
    "history": "history",
    "chain": "history",
    "counters": "counters",
    "uses": "uses",
    "confirmations": "confirmations",
    "conditions": "conditions",
}
"""Member of the context → what its PEP must be allowed to assert."""

LONGEST = 1024
"""Characters of a text that an answer may repeat."""


def gate(case: Case) -> Gate:
    """Shape, catalogue, PEP, assertions, needed context."""
    if not shaped(case.request) or not case.action:
        return FAIL
    if case.document("trust", "peps", case.pep, "resource_types", case.resource_type) is not True:
        return FAIL
    if not _may_assert(case):
        return FAIL
    if case.profile is not None:
        valid_for = number(case.profile.get("valid_for"))
        return FAIL if valid_for is None else Gate(True, int(case.now + valid_for))
    needed = case.action.get("context")
    if not isinstance(needed, list):
        return FAIL
    there = all(isinstance(name, str) and text(case.context(name)) for name in needed)
    return PASS if there else FAIL


def shaped(request: Any) -> bool:
    """Whether the members that a request must have are there, objects are objects, and no text is too long."""
    named = (("subject", "type"), ("subject", "id"), ("action", "name"), ("resource", "type"), ("resource", "id"))
    objects = (("action", "properties"), ("resource", "properties"), ("context",))
    if not all(text(at(request, *path)) for path in named):
        return False
    repeated = (*named, ("context", "ticket"), ("context", "chain", "id"))
    if any(isinstance(value := at(request, *path), str) and len(value) > LONGEST for path in repeated):
        return False
    return all(at(request, *path) is MISSING or isinstance(at(request, *path), dict) for path in objects)


def _may_assert(case: Case) -> bool:
    if any(case.context(name) is not MISSING and not case.asserts(what) for name, what in ASSERTED.items()):
        return False
    said = at(case.request, "resource", "properties", "parents")
    # an empty list says what is known anyway: none
    return case.listed is not MISSING or said is MISSING or said == [] or case.said_parents is not None
