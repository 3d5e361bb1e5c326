"""Declared changes: a reviewed file that says which decisions a change is meant to change. Nothing else is covered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from livegate import schema, yamlfiles
from livegate.errors import ConfigError, SuiteError
from livegate.files import read_bytes
from livegate.model.instants import parse
from livegate.regression.diff.changes import What
from livegate.regression.places import places
from livegate.regression.reading import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from livegate.regression.diff.changes import Change
    from livegate.regression.places import Places

DIRECTIONS = {"gains": What.OPENED, "loses": What.CLOSED, "eases": What.EASED}
DEFAULT = ".github/decision-changes.yaml"
"""Where a project keeps them."""

_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One entry.

    Attributes:
        until: ns from which on it does not count; None for no end. where: ``file:line:column``.
        limits: whether it speaks of what a limit or a separation of duties was there to stop, too.
    """

    what: What
    subjects: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    reviewed_by: str
    until: int | None
    where: str
    limits: bool = False

    def covers(self, change: Change, *, now: int) -> bool:
        """Whether it says this very change, in this direction, and still counts."""
        return (
            change.what is self.what
            and (self.limits or not change.apart)
            and (self.until is None or now < self.until)
            and _any(self.subjects, change.subject)
            and _any(self.actions, "/".join(change.deed))
            and _any(self.resources, change.resource)
        )


def load(path: Path, *, file: str | None = None) -> tuple[Declaration, ...]:
    """The declarations in a file, which errors call ``file``.

    Raises:
        ConfigError: unreadable, or not of the schema; names file, line and column.
    """
    data = read_bytes(path, limit=_LIMIT)
    try:
        return loads(data.decode("utf-8-sig"), file=file or str(path))
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 (byte {error.start})", where=str(path), todo="save it as UTF-8") from error
    except SuiteError as error:
        raise ConfigError(error.what, where=error.where, todo=error.todo) from error


def loads(text: str, *, file: str) -> tuple[Declaration, ...]:
    """The declarations that ``text`` (YAML) is. Raises as :func:`load`."""
    at = places(text, file=file)
    value = yamlfiles.loads(text, where=file)
    _check(value, at)
    return tuple(_declaration(entry, at, number) for number, entry in enumerate(value["changes"]))


def declare(changes: Iterable[Change], declarations: Sequence[Declaration], *, now: int) -> list[Declaration]:
    """Mark every change that one covers, and give back those that cover none.

    Args:
        changes: openings and closings; ``declared`` is set. now: the real time, ns.
    """
    used = set()
    for change in changes:
        for number, declaration in enumerate(declarations):
            if declaration.covers(change, now=now):
                used.add(number)
                if change.declared is None:
                    change.declared = f"{declaration.reason} ({declaration.where}, {declaration.reviewed_by})"
    return [one for number, one in enumerate(declarations) if number not in used]


def _declaration(entry: dict[str, Any], at: Places, number: int) -> Declaration:
    direction = next(word for word in DIRECTIONS if word in entry)
    who = entry[direction]
    if all("*" in who[part] for part in ("subjects", "actions", "resources")):
        raise ConfigError(
            "declares everything, which nobody can have reviewed",
            where=at.of(("changes", number, direction)),
            todo="name the subjects, the actions or the resources",
        )
    until = None
    if "until" in entry:
        try:
            until = parse(entry["until"])
        except ValueError as error:
            raise ConfigError(f"until: {error}", where=at.of(("changes", number, "until"))) from error
    return Declaration(
        what=DIRECTIONS[direction],
        subjects=tuple(who["subjects"]),
        actions=tuple(who["actions"]),
        resources=tuple(who["resources"]),
        reason=entry["reason"],
        reviewed_by=entry["reviewed_by"],
        until=until,
        where=at.of(("changes", number)),
        limits=entry.get("limits", False),
    )


def _check(value: Any, at: Places) -> None:
    errors = list(schema.validator("livegate.regression", "declared").iter_errors(value))
    if not errors:
        return
    problem = min(errors, key=lambda error: (error.validator != "additionalProperties", at.mark(error.absolute_path)))
    path = tuple(problem.absolute_path)
    name = schema.key_path(path)
    known = sorted(problem.schema.get("properties", {})) if isinstance(problem.schema, dict) else []
    if problem.validator == "additionalProperties":
        extra = min(set(map(str, problem.instance)) - set(known))
        raise ConfigError(f"{name}: unknown key {extra!r}", where=at.of_key((*path, extra)), todo=near(extra, known))
    if problem.validator == "oneOf":
        raise ConfigError(
            f"{name}: says neither what is gained nor what is lost, or both",
            where=at.of(path),
            todo="an entry has either gains or loses; write two for both",
        )
    raise ConfigError(f"{name}: {problem.message[:160]}", where=at.of(path))


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(_pattern(pattern).fullmatch(text) for pattern in patterns)


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    # not fnmatch: a bracket in an id is a bracket
    made = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in glob)
    return re.compile(made, re.DOTALL)
