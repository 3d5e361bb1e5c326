"""The smallest JSON value that still shows something: members and elements are taken away for as long as it does.

Many candidates are put to the question at once, since one query to OPA with a hundred costs little more than with one.
After A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), on trees from the top.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Path = tuple[str | int, ...]
"""Keys and positions from the top of a value."""


def minimise(
    value: Any,
    holds: Callable[[Sequence[Any]], Sequence[bool]],
    *,
    keep: Callable[[Path], bool] = lambda _: False,
    steps: int = 20_000,
    batch: int = 100,
) -> Any:
    """A smallest part of ``value`` for which ``holds`` is still true: without any one member or element it is not.

    Args:
        value: a JSON value of which it holds. It is not changed.
        holds: for several candidates at once, whether it holds of each. It must always say the same of the same.
            Candidates share what they have in common: it must not change them.
        keep: what must not be taken away, by its path from the top of what is left; what is in it may.
        steps: the most candidates that are put to the question; what is reached by then is given.
        batch: the most that are put at once.
    """
    asking = _Asking(holds, steps, batch)
    value = copy.deepcopy(value)
    again = True
    while again and asking.left > 0:
        again = False
        for path in list(_containers(value)):
            where = _at(value, path)
            if not isinstance(where, dict | list):
                continue  # it went with what was around it
            names = [name for name in _names(where) if not keep((*path, name))]
            if gone := _gone(value, path, names, asking):
                value, again = _without(value, path, gone), True
    return value


@dataclass(slots=True)
class _Asking:
    """Who says whether it holds, and how many candidates may still be put to it."""

    holds: Callable[[Sequence[Any]], Sequence[bool]]
    left: int
    batch: int

    def each(self, candidates: list[Any]) -> list[bool]:
        """Whether it holds of each; of those that there is no budget for, that it does not."""
        asked = candidates[: max(0, self.left)]
        self.left -= len(asked)
        held = list(self.holds(asked)) if asked else []
        return held + [False] * (len(candidates) - len(held))


def _gone(value: Any, path: Path, names: list[str | int], asking: _Asking) -> set[str | int]:
    """Which members at ``path``, of those called ``names``, can go together: large parts first, at last one by one."""
    gone: set[str | int] = set()
    size = len(names)
    while size >= 1 and asking.left > 0:
        before = len(gone)
        rest = [name for name in names if name not in gone]
        parts = [rest[start : start + size] for start in range(0, len(rest), size)]
        for start in range(0, len(parts), asking.batch):
            some = parts[start : start + asking.batch]
            held = asking.each([_without(value, path, gone.union(part)) for part in some])
            good = [part for part, yes in zip(some, held, strict=True) if yes]
            gone |= _together(value, path, gone, good, asking)
        if len(gone) == len(names):
            break
        if len(gone) == before:
            size //= 2
    return gone


def _together(
    value: Any, path: Path, gone: set[str | int], good: list[list[str | int]], asking: _Asking
) -> set[str | int]:
    """As many as can go together of parts each of which can go alone: all, or half of them, … or the first."""
    while len(good) > 1:
        all_of_them = {name for part in good for name in part}
        if asking.each([_without(value, path, gone | all_of_them)])[0]:
            return all_of_them
        good = good[: len(good) // 2]
    return set(good[0]) if good else set()


def _containers(value: Any) -> Iterator[Path]:
    """The path of every object and list, the outer ones first."""
    level: list[tuple[Path, Any]] = [((), value)]
    while level:
        deeper: list[tuple[Path, Any]] = []
        for path, where in level:
            if isinstance(where, dict | list):
                yield path
                deeper += [((*path, name), where[name]) for name in _names(where)]
        level = deeper


def _names(where: Any) -> list[Any]:
    return list(where) if isinstance(where, dict) else list(range(len(where)))


def _at(value: Any, path: Path) -> Any:
    """What is at ``path``; None where nothing is any more."""
    for name in path:
        # where something went from a list, another value may stand in its place
        if isinstance(value, dict):
            there = name in value
        else:
            there = isinstance(value, list) and isinstance(name, int) and name < len(value)
        if not there:
            return None
        value = value[name]
    return value


def _without(value: Any, path: Path, gone: set[str | int]) -> Any:
    """A copy in which these members of what is at ``path`` are gone; what did not change is shared."""
    if path:
        made = copy.copy(value)
        made[path[0]] = _without(value[path[0]], path[1:], gone)
        return made
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if name not in gone}
    return [inner for number, inner in enumerate(value) if number not in gone]
