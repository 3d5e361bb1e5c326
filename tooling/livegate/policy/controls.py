"""``data/controls``: the requirements of the frameworks, our own controls, and which reason answers which.

Read as OPA's loader reads the tree, so that what is checked here is what ``opa eval -d data`` would hold. Whether ids
exist and agree is :mod:`livegate.policy.check`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import jsonschema

from livegate import schema
from livegate.documents import tree
from livegate.errors import ConfigError, DocumentError
from livegate.files import read_bytes
from livegate.regression.places import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_ROOT = "controls"
_LIMIT = 1 << 20


class Relation(StrEnum):
    """What a rule is to a requirement: it is what is asked, it helps it, or it leaves a trace for it."""

    IMPLEMENTS = "implements"
    SUPPORTS = "supports"
    EVIDENCE_FOR = "evidence-for"


class Answerable(StrEnum):
    """Whether a policy at run time can answer a requirement at all; it says nothing of whether ours does."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_APPLICABLE = "not-applicable"


OUT_OF_REACH = frozenset({Answerable.NO, Answerable.NOT_APPLICABLE})
"""What no rule can claim to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One requirement of a framework.

    Attributes:
        answerable: None where nobody has said. by: by what, or why not; empty with None.
        elsewhere: what speaks to it that is no rule; may be empty. where: file and line.
    """

    id: str
    title: str
    answerable: Answerable | None
    by: str
    elsewhere: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One edition of one standard, with those of its requirements that are spoken of here."""

    key: str
    title: str
    version: str
    source: str
    controls: tuple[Control, ...]

    def find(self, id_: str) -> Control | None:
        """The requirement with this id, if the list has it."""
        return next((control for control in self.controls if control.id == id_), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A claim that something serves a requirement. ``version`` and ``title`` only where they are said again."""

    framework: str
    id: str
    relation: Relation
    confidence: str
    version: str | None
    title: str | None
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnControl:
    """A control of the project, and the requirements that it stands for."""

    id: str
    title: str
    meaning: str
    maps: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """All of ``data/controls``. ``placed``: file and line of each reason of the table."""

    frameworks: Mapping[str, Framework]
    own: Mapping[str, OwnControl]
    reasons: Mapping[str, tuple[Link, ...]]
    placed: Mapping[str, str]


class _Where:
    """Finds file and line of a place in the merged document. ``base`` is left out of file names."""

    def __init__(self, data: Path) -> None:
        self._lines: dict[tuple[str | int, ...], str] = {(): _named(data / _ROOT, data)}
        for path, _ in tree.parts(data, _ROOT):
            prefix = path.parent.relative_to(data / _ROOT).parts
            name = _named(path, data)
            text = read_bytes(path, limit=_LIMIT).decode("utf-8", errors="replace")
            if not text.strip():
                continue
            found = places(text, file=name)
            for inner, (line, _column) in {**found.values, **found.keys}.items():  # a member is where its key is
                if inner:
                    self._lines[prefix + inner] = f"{name}:{line}"

    def __call__(self, *path: str | int) -> str:
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


def load(data: Path) -> Controls:
    """The controls of the document tree ``data``.

    Raises:
        ConfigError: unreadable, malformed, or said twice; names file, line and key.
    """
    try:
        document = tree.load(data, _ROOT)
        where = _Where(data)
    except DocumentError as error:
        raise ConfigError(error.what, where=error.where, todo=error.todo) from error
    rules = schema.validator("livegate.policy", "controls")
    problem = jsonschema.exceptions.best_match(rules.iter_errors(document))
    if problem is not None:
        schema.check(document, rules, where=where(*problem.absolute_path))
    return Controls(
        frameworks={key: _framework(key, value, where) for key, value in sorted(document["frameworks"].items())},
        own={
            key: OwnControl(
                id=key,
                title=value["title"],
                meaning=value["meaning"].strip(),
                maps=_links(value["maps"], where, ("own", key, "maps")),
            )
            for key, value in document["own"].items()
        },
        reasons={key: _links(value, where, ("reasons", key)) for key, value in document["reasons"].items()},
        placed={key: where("reasons", key) for key in document["reasons"]},
    )


def _framework(key: str, value: dict[str, Any], where: _Where) -> Framework:
    return Framework(
        key=key,
        title=value["title"],
        version=value["version"],
        source=value["source"],
        controls=tuple(
            Control(
                id=item["id"],
                title=item["title"],
                answerable=Answerable(item["answerable"]) if "answerable" in item else None,
                by=item.get("by", ""),
                elsewhere=item.get("elsewhere", ""),
                where=where("frameworks", key, "controls", number),
            )
            for number, item in enumerate(value["controls"])
        ),
    )


def _links(listed: Iterable[dict[str, str]], where: _Where, path: tuple[str, ...]) -> tuple[Link, ...]:
    return tuple(
        Link(
            framework=item["framework"],
            id=item["id"],
            relation=Relation(item["relation"]),
            confidence=item["confidence"],
            version=item.get("version"),
            title=item.get("title"),
            where=where(*path, number),
        )
        for number, item in enumerate(listed)
    )


def _named(path: Path, data: Path) -> str:
    return path.relative_to(data.parent).as_posix()
