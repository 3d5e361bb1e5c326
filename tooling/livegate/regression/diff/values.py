"""Values that meet what a catalogue or a mandate asks of them, at the edge of it, or just beyond. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Edge(StrEnum):
    """Where in what is permitted a value lies: at its least, at its most, or one above that."""

    LEAST = "least"
    MOST = "most"
    BEYOND = "beyond"


_STEP = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|\((?:\?:)?|\)|\||\{\d+(?:,\d*)?\}|.", re.DOTALL)
_CLASSES = {r"\d": "1", r"\w": "a", r"\s": " ", ".": "a"}


def properties(asked: Iterable[Mapping[str, Any]], counted: Iterable[str], edge: Edge) -> dict[str, Any]:
    """Parameters (or conditions) that meet all of the constraints, where that is possible.

    Args:
        asked: objects of name → constraint. counted: names that must be countable numbers. edge: which value is taken.
    """
    every: dict[str, list[Mapping[str, Any]]] = {}
    for constraints in asked:
        for name, constraint in constraints.items():
            if isinstance(constraint, dict):
                every.setdefault(name, []).append(constraint)
    made = {name: value(constraints, edge) for name, constraints in every.items()}
    for name in counted:
        if name != "calls":
            made.setdefault(name, 1)
    return dict(sorted(made.items()))


def value(constraints: Sequence[Mapping[str, Any]], edge: Edge) -> Any:
    """One value for several constraints."""
    choices = [item for one in constraints for item in _choices(one)]
    good = [item for item in choices if all(_met(one, item) for one in constraints)]
    if good:
        return good[0] if edge is Edge.LEAST else f"{good[-1]}-beyond" if edge is Edge.BEYOND else good[-1]
    if choices:
        return choices[0]
    least = max((one["min"] for one in constraints if "min" in one), default=None)
    most = min((one["max"] for one in constraints if "max" in one), default=None)
    if edge is Edge.LEAST:
        return least if least is not None else min(1, most if most is not None else 1)
    if edge is Edge.MOST:
        return most if most is not None else least if least is not None else 1
    return (most + 1) if most is not None else (least - 1) if least is not None else 1


def constrained(asked: Iterable[Mapping[str, Any]]) -> bool:
    """Whether anything is asked of values at all."""
    return any(asked)


def text(pattern: str) -> str | None:
    """A text that a simple regular expression matches whole; None where this cannot find one.

    Knows literals, classes, groups, alternatives (the first) and repetitions, which is what ticket numbers need.
    """
    try:
        whole = re.compile(pattern)
    except re.error:
        return None
    steps: list[str] = _STEP.findall(pattern.removeprefix("^").removesuffix("$"))
    made, _ = _branch(steps, 0)
    return made if whole.fullmatch(made) else None


def _branch(steps: Sequence[str], at: int) -> tuple[str, int]:
    """The first alternative from ``at`` on, and where the group ends."""
    made: list[str] = []
    closed = False
    while at < len(steps) and steps[at] != ")":
        step, at = steps[at], at + 1
        if step == "|":
            closed = True
        elif step in ("(", "(?:"):
            inner, at = _branch(steps, at)
            at += 1
            if not closed:
                made.append(inner)
        elif step in ("*", "?", "+"):
            if not closed and step == "*" and made:
                made.pop()
        elif step.startswith("{") and len(step) > 1:
            if not closed and made:
                made.append(made.pop() * int(re.split(r"[{,}]", step)[1]))
        elif not closed:
            made.append(_one(step))
    return "".join(made), at


def _one(step: str) -> str:
    if step in _CLASSES:
        return _CLASSES[step]
    if step.startswith("[") and len(step) > 2:
        inner = step[1:-1]
        for candidate in f"1aA-_{inner}":
            if re.fullmatch(step, candidate):
                return candidate
        return inner[:1]
    return step[1:] if step.startswith("\\") and len(step) == 2 else step


def _choices(constraint: Mapping[str, Any]) -> list[Any]:
    if "equals" in constraint:
        return [constraint["equals"]]
    return list(constraint.get("one_of", ()))


def _met(constraint: Mapping[str, Any], item: Any) -> bool:
    choices = _choices(constraint)
    if choices and not any(type(item) is type(one) and item == one for one in choices):
        return False
    if not {"min", "max"} & constraint.keys():
        return True
    if isinstance(item, bool) or not isinstance(item, int | float):
        return False
    above = "min" not in constraint or item >= constraint["min"]
    return bool(above and ("max" not in constraint or item <= constraint["max"]))
