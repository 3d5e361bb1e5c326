"""What an answer has that was not expected of it, and the other way round. Pure: no engine, no files, no clock."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.model.instants import parse, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.regression.suite import Expectation

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: ``what`` as a path into the answer, both sides as text for people."""

    what: str
    expected: str
    actual: str


def malformed(answer: Any) -> str | None:
    """Why ``answer`` is no decision at all, or None if it is one; whether it is right is another question.

    The shape is AuthZEN 1.0's ``{"decision": bool, "context": {…}}`` with ``reasons``, ``obligations``,
    ``evidence``, ``evaluated_at``, and for an allow ``valid_until``.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("decision"), bool):
        return "it has no decision"
    context = answer.get("context")
    if not isinstance(context, dict):
        return "it has no context"
    for name in ("reasons", "obligations"):
        items = context.get(name)
        key = "id" if name == "reasons" else "type"
        if not isinstance(items, list) or not all(
            isinstance(item, dict) and isinstance(item.get(key), str) for item in items
        ):
            return f"context.{name} is no list of objects with {key!r}"
    if not isinstance(context.get("evidence"), dict):
        return "context.evidence is no object"
    instants = ("evaluated_at", "valid_until") if answer["decision"] else ("evaluated_at",)
    return next((f"context.{name} is no time" for name in instants if instant(context.get(name)) is None), None)


def compare(expected: Expectation, answer: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The differences between what was expected and a well-formed answer (see :func:`malformed`); none if it is right.

    Decision and reason ids are compared whole: one reason more or less differs. Obligations (types, each as often as
    given), ``valid_until``, evidence and other parts of the context are compared where the case speaks of them.
    """
    return tuple(_differences(expected, answer))


def instant(value: Any) -> int | None:
    """Nanoseconds of RFC 3339 text, or None where it is something else."""
    try:
        return parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _differences(expected: Expectation, answer: Mapping[str, Any]) -> Iterator[Difference]:
    context = answer["context"]
    if answer["decision"] is not expected.allow:
        yield Difference("decision", _word(expected.allow), _word(answer["decision"]))
    reasons = frozenset(reason["id"] for reason in context["reasons"])
    if reasons != expected.reasons:
        yield Difference("reasons", _list(expected.reasons), _list(reasons))
    if expected.obligations is not None:
        types = tuple(sorted(item["type"] for item in context["obligations"]))
        if types != expected.obligations:
            yield Difference("obligations", _list(expected.obligations), _list(types))
    if expected.valid_until is not None:
        until = instant(context.get("valid_until"))
        if until != expected.valid_until:
            yield Difference("valid_until", show(expected.valid_until), "none" if until is None else show(until))
    if expected.evidence is not None:
        yield from _part("evidence", expected.evidence, context["evidence"])
    if expected.context is not None:
        yield from _part("context", expected.context, context)


def _part(path: str, expected: Any, actual: Any) -> Iterator[Difference]:
    """Differences between a part and the whole: objects may have more members, everything else is equal.

    As in a merge patch, None stands for a member that is not there; an answer has no nulls.
    """
    if expected is None:
        if actual is not None and actual is not _ABSENT:
            yield Difference(path, "absent", _json(actual))
    elif isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            yield from _part(f"{path}.{name}", value, actual.get(name, _ABSENT))
    elif actual is _ABSENT:
        yield Difference(path, _json(expected), "absent")
    elif _json(expected) != _json(actual):  # as JSON, where true is not 1
        yield Difference(path, _json(expected), _json(actual))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _list(words: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(words)) or "none"


def _word(allow: bool) -> str:
    return "allow" if allow else "deny"
