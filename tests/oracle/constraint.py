"""Constraints on values, and counters with their limits."""

from __future__ import annotations

from typing import Any

from tests.oracle.values import MISSING, at, countable, equal, items, number

_OPERATORS = {"max", "min", "equals", "one_of", "required"}


def met(constraint: Any, value: Any) -> bool:
    """Whether ``value`` (MISSING where it is absent) is what ``constraint`` asks: every operator in it holds."""
    if not isinstance(constraint, dict) or not constraint or not constraint.keys() <= _OPERATORS:
        return False
    required = constraint.get("required", True)
    if not isinstance(required, bool):
        return False
    if value is MISSING:
        return not required
    return all(_holds(name, operand, value) for name, operand in constraint.items() if name != "required")


def all_met(constraints: Any, values: Any) -> bool:
    """Whether every one of ``constraints`` (name to constraint) is met by the member of ``values`` of that name."""
    if not isinstance(constraints, dict):
        return False
    return all(met(constraint, at(values, name)) for name, constraint in constraints.items())


def within(limits: Any, counters: Any, parameters: Any) -> bool:
    """Whether each counter, with this request's share (1 of `calls`, else the parameter), is not above its limit."""
    if not isinstance(limits, dict):
        return False
    return all(_below(name, limit, counters, parameters) for name, limit in limits.items())


def _below(name: str, limit: Any, counters: Any, parameters: Any) -> bool:
    most, used = countable(limit), countable(items(counters).get(name, MISSING))
    share = countable(1 if name == "calls" else items(parameters).get(name, MISSING))
    if most is None or used is None or share is None:
        return False
    return used >= 0 and share >= 0 and used + share <= most


def _holds(name: str, operand: Any, value: Any) -> bool:
    if name in {"max", "min"}:
        bound, found = number(operand), countable(value)
        if bound is None or found is None:
            return False
        return found <= bound if name == "max" else found >= bound
    if isinstance(value, list | dict) or (number(value) is not None and countable(value) is None):
        return False
    if name == "equals":
        return equal(operand, value)
    return isinstance(operand, list) and any(equal(item, value) for item in operand)
