"""Scenes: stories of several steps, where what is given to one step is given to all after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.errors import SuiteError
from livegate.model.instants import show
from livegate.regression.giving import added
from livegate.regression.reading import instant_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.regression.cases import Given
    from livegate.regression.places import At
    from livegate.regression.places import Path as Where


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it says, where it stands, what it is asked of, and when (ns)."""

    entry: Mapping[str, Any]
    path: Where
    given: Given
    instant: int


def steps(scene: Mapping[str, Any], given: Given, start: int, at: At, path: Where) -> Iterator[Step]:
    """The steps of a scene.

    Args:
        scene: as the schema has it. given: of the suite. start: the suite's instant (ns), and that of the first step
            if it names none. at, path: where the scene stands.

    Raises:
        SuiteError: a name that is there twice, a step before the one before it, or as :func:`giving.added`.
    """
    given = added(given, scene.get("given"), start, at, (*path, "given"))
    now, names = start, set[str]()
    for number, entry in enumerate(scene["steps"]):
        here = (*path, "steps", number)
        if entry["name"] in names:
            raise SuiteError(
                f"{schema.key_path(here)}: the scene has a step {entry['name']!r} already",
                where=at.of((*here, "name")),
                todo="say what is judged now, after what has happened",
            )
        names.add(entry["name"])
        if "instant" in entry:
            instant = instant_of(entry["instant"], start, at, (*here, "instant"))
            if number and instant < now:
                raise SuiteError(
                    f"{schema.key_path(here)}: {show(instant)} is before the step before it ({show(now)})",
                    where=at.of((*here, "instant")),
                    todo="a scene goes forward; what came before belongs into an earlier step",
                )
            now = instant
        given = added(given, entry.get("given"), start, at, (*here, "given"))
        yield Step(entry, here, given, now)
