"""The chain of actions that a request belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.values import at, items, text

if TYPE_CHECKING:
    from tests.oracle.case import Case


def chained(chain: Any) -> bool:
    """Whether ``chain`` has an id, a text, and a history, a list of ``{action, type}`` texts."""
    history = at(chain, "history")
    if text(at(chain, "id")) is None or not isinstance(history, list):
        return False
    return all(text(at(entry, "action")) and text(at(entry, "type")) for entry in history)


def combined(case: Case, history: list[Any]) -> bool:
    """Whether a combination of the catalogue denies this action after that history."""
    mine = _labels(case.action)
    for combination in items(case.document("catalog", "combinations")).values():
        after, then = at(combination, "after"), at(combination, "then")
        if then in mine and any(_labelled(case, entry, after) for entry in history):
            return True
    return False


def _labelled(case: Case, entry: Any, label: Any) -> bool:
    known = case.document("catalog", "actions", at(entry, "type"), at(entry, "action"))
    return not isinstance(known, dict) or label in _labels(known)


def _labels(action: dict[str, Any]) -> set[str]:
    return {name for name, held in items(action.get("labels")).items() if held is True}
