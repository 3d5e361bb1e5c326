"""Which mutants are tried: all of the policy's, those of some files or lines, or a sample; always in the same order."""

from __future__ import annotations

import random
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from livegate.errors import ConfigError
from livegate.regression.mutation.mutants import mutant
from livegate.regression.mutation.operators import edits, names_of
from livegate.regression.reading import near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegate.regression.mutation.mutants import Mutant
    from livegate.regression.mutation.run import Change
    from livegate.regression.mutation.tree import Module

DECIDES = "rego/authz/"
"""What is tried where nothing is named: everything that a decision is made by."""

_PLACE = re.compile(r"(?P<path>.+?)(?::(?P<line>\d+))?")


def mutants(modules: Sequence[Module]) -> tuple[Mutant, ...]:
    """Every mutant of these modules, numbered, by file and place."""
    names = names_of(modules)
    listed = [(module, edit) for module in modules for edit in edits(module, names)]
    return tuple(mutant(number, module, edit) for number, (module, edit) in enumerate(listed))


def only(listed: Sequence[Mutant], places: Sequence[str]) -> tuple[Mutant, ...]:
    """Those at one of these places: ``rego/authz/gates``, a file, or ``FILE:LINE``.

    Raises:
        ConfigError: at one of them there is none.
    """
    kept: dict[int, Mutant] = {}
    for place in places:
        found = [one for one in listed if _at(one, place)]
        if not found:
            raise ConfigError(
                f"there is no mutant at {place!r}",
                where="--only",
                todo=near(place, sorted(_places(listed))),
            )
        kept |= {one.number: one for one in found}
    return tuple(kept[number] for number in sorted(kept))


def _places(listed: Sequence[Mutant]) -> set[str]:
    """Files that have mutants, and the folders that these are in."""
    files = {f"rego/{one.file}" for one in listed}
    return files | {str(folder) for file in files for folder in PurePosixPath(file).parents if str(folder) != "."}


def sample(listed: Sequence[Change], count: int | None, seed: int) -> tuple[Change, ...]:
    """``count`` of them as ``seed`` draws them, in their order; all of them for None."""
    if count is None or count >= len(listed):
        return tuple(listed)
    rng = random.Random(seed)  # noqa: S311  # nothing secret hangs on it
    drawn = rng.sample(range(len(listed)), count)
    return tuple(listed[index] for index in sorted(drawn))


def _at(one: Mutant, place: str) -> bool:
    match = _PLACE.fullmatch(place.removeprefix("./"))
    if match is None:
        return False
    path, line = match["path"].rstrip("/"), match["line"]
    file = f"rego/{one.file}"
    return (file == path or file.startswith(f"{path}/")) and (line is None or int(line) == one.line)
