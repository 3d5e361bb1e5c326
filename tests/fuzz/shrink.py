"""Smaller requests and documents that show the same disagreement."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.fuzz.asking import Question
from tests.fuzz.compare import Difference, difference, judge
from tests.fuzz.world import valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fuzz.server import Server

    Holds = Callable[[Any], bool]


def shrink(
    server: Server, question: Question, documents: dict[str, Any], wanted: Difference, *, steps: int = 600
) -> tuple[Question, dict[str, Any], Difference]:
    """Remove members for as long as the same disagreement stays, at most ``steps`` questions to OPA."""
    left = [steps]
    keeps_schemas = valid(documents)

    def differs(request: Any, given: dict[str, Any]) -> Difference | None:
        if keeps_schemas and not valid(given):
            return None
        left[0] -= 1
        asked = Question(request, question.now)
        server.load(given)
        found = difference(asked, given, judge(asked, given), server.answers([asked])[0])
        return found if found is not None and found.same(wanted) else None

    documents = _smaller(deepcopy(documents), lambda given: differs(question.request, given) is not None, left)
    request = _smaller(deepcopy(question.request), lambda one: differs(one, documents) is not None, left)
    documents = _smaller(documents, lambda given: differs(request, given) is not None, left)
    asked = Question(request, question.now)
    server.load(documents)
    found = difference(asked, documents, judge(asked, documents), server.answers([asked])[0])
    return asked, documents, found or Difference(wanted.kind, "lost while shrinking", "lost while shrinking")


def printed(seed: str, question: Question, documents: dict[str, Any], found: Difference) -> str:
    """A disagreement as a person reads it: request, documents, both answers, seed."""
    shown = {"now": question.now, "request": question.request, "documents": documents}
    text = json.dumps(shown, indent=1, ensure_ascii=False, default=lambda number: getattr(number, "text", str(number)))
    return f"seed {seed}: {found.kind}\n  oracle: {found.oracle}\n  opa:    {found.opa}\n{text}"


def _smaller(value: Any, holds: Holds, left: list[int]) -> Any:
    again = True
    while again and left[0] > 0:
        again = False
        for where, name in list(_containers(value)):
            if left[0] <= 0:
                break
            if not _still(value, where, name):
                continue
            kept = where[name]
            del where[name]
            if holds(value):
                again = True
            elif isinstance(where, list):
                where.insert(name, kept)
            else:
                where[name] = kept
    return value


def _still(value: Any, where: Any, name: Any) -> bool:
    """Whether the place is still part of the value and not emptied meanwhile."""
    there = name in where if isinstance(where, dict) else name < len(where)
    return there and any(where is inner for inner in _inside(value))


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _inside(inner)


def _containers(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a JSON value, the outermost first, list items from the end."""
    level: list[Any] = [value]
    while level:
        deeper: list[Any] = []
        for where in level:
            names = list(where) if isinstance(where, dict) else list(range(len(where) - 1, -1, -1))
            for name in names:
                yield where, name
                if (isinstance(where, dict) and name in where) or (isinstance(where, list) and name < len(where)):
                    inner = where[name]
                    if isinstance(inner, dict | list):
                        deeper.append(inner)
        level = deeper
