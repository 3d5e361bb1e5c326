"""Which logged decisions are worth a case: one of each kind. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.logs.event import Event

_WORDS = {("subject", "type"), ("action", "name"), ("resource", "type"), ("context", "pep"), ("context", "environment")}


def kind(event: Event) -> str:
    """What makes two decisions alike: what was decided, why, under which obligations, of a request of the same shape.

    The shape is the members with their types, and the words that the catalogue knows; ids and values are not in it.
    """
    said = result(event.answer)
    return json.dumps([said, _shape(event.request, ())], sort_keys=True)


def result(answer: Mapping[str, Any]) -> list[Any]:
    """Of an answer, what a captured case must give again: decision, reason ids, obligations but for what they name."""
    context = answer["context"]
    return [
        answer["decision"],
        sorted({reason["id"] for reason in context["reasons"]}),
        sorted(obligation["type"] for obligation in context["obligations"]),
    ]


def _shape(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {name: _shape(inner, (*path, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(_shape(inner, path), sort_keys=True) for inner in value})
    if path in _WORDS and isinstance(value, str):
        return [value]
    return type(value).__name__
