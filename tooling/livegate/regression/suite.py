"""Suites: YAML files of hand-judged cases, read into values or refused with file, line, column and the near miss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.errors import SuiteError
from livegate.regression import choosing, elsewhere
from livegate.regression.cases import Case, Expectation, Given, Suite
from livegate.regression.checking import as_json, check
from livegate.regression.choosing import chosen, files
from livegate.regression.credentials import credential, signed_by
from livegate.regression.giving import added
from livegate.regression.populations import Populations
from livegate.regression.reading import contents, instant_of, read
from livegate.regression.scenes import steps
from livegate.regression.tables import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from livegate.regression.places import At
    from livegate.regression.places import Path as Where
    from livegate.regression.reading import Source

__all__ = ["Case", "Expectation", "Given", "Suite", "chosen", "files", "load", "load_all", "loads"]


def load_all(paths: Iterable[Path | str]) -> tuple[Suite, ...]:
    """The suites of these files and folders (``*.yaml`` and ``*.yml`` below them), by name, each file once.

    A path may end in ``:LINE``: then only the case that stands there, of a table the row, of a scene all steps.

    Raises:
        SuiteError: a path is not there, a suite is malformed, or there is none: nothing tried is nothing proven.
    """
    populations = Populations()
    return tuple(
        choosing.standing(load(path, populations=populations), lines) for path, lines in choosing.named(paths).items()
    )


def load(path: Path, *, populations: Populations | None = None) -> Suite:
    """The suite in ``path``; ``populations`` are those that other suites of the run have named, read once.

    Raises:
        SuiteError: unreadable or malformed; names file, line and column.
    """
    return loads(contents(path), file=str(path), populations=populations)


def loads(data: bytes, *, file: str, populations: Populations | None = None) -> Suite:
    """The suite that ``data`` (UTF-8 YAML) is; ``file`` names it in errors, and populations lie beside it.

    Raises:
        SuiteError: see :func:`load`.
    """
    source = read(data, file=file)
    value, at = source.value, source.at
    if isinstance(value, dict) and value.get("population") == "live":
        elsewhere.check(value, at)
    check(value, "suite", at)
    start = instant_of(value["instant"], None, at, ("instant",)) if "instant" in value else 0
    named = populations or Populations()
    given = named.given(value["population"], start, file=file, at=at)
    given = added(given, value.get("given"), start, at, ("given",))
    reader = _Reader(source, given, start)
    return Suite(
        title=value["suite"],
        file=file,
        given=given,
        cases=(*reader.cases(), *reader.scenes()),
        tags=tuple(value.get("tags", ())),
    )


class _Reader:
    """Makes the cases of one suite, whose shape is known to be right."""

    def __init__(self, source: Source, given: Given, start: int) -> None:
        self._source, self._at = source, source.at
        self._given, self._start = given, start
        self._tags = tuple(source.value.get("tags", ()))
        self._credentials = source.value.get("credentials", {})
        self._seen: dict[str, int] = {}

    def cases(self) -> Iterator[Case]:
        """Those under ``cases``, tables row by row."""
        for number, entry in enumerate(self._source.value.get("cases", ())):
            path = ("cases", number)
            line = self._source.line(entry, path)
            as_json(entry, self._at, path)
            if "table" not in entry:
                yield self._alone(entry, line, line, self._at, path)
                continue
            for row in rows(entry, self._at, path):
                here = (*path, "table", row.number)
                check(row.case, "suite", row.at, under=path, definition="case")
                yield self._alone(row.case, self._source.line(row.values, here), line, row.at, path)

    def scenes(self) -> Iterator[Case]:
        """The steps of those under ``scenes``."""
        for number, scene in enumerate(self._source.value.get("scenes", ())):
            path = ("scenes", number)
            entry = self._source.line(scene, path)
            as_json(scene, self._at, path)
            self._name(scene["name"], entry, self._at, path)
            for step in steps(scene, self._given, self._start, self._at, path):
                name = f"{scene['name']}: {step.entry['name']}"
                line = self._source.line(step.entry, step.path)
                self._name(name, line, self._at, step.path)
                yield self._case(
                    step.entry,
                    step.path,
                    self._at,
                    name=name,
                    controls=tuple(scene["controls"]),
                    tags=self._tagged(scene),
                    scene=scene["name"],
                    given=step.given,
                    instant=step.instant,
                    line=line,
                    entry=entry,
                )

    def _alone(self, entry: Mapping[str, Any], line: int, begins: int, at: At, path: Where) -> Case:
        self._name(entry["name"], line, at, path)
        given = added(self._given, entry.get("given"), self._start, at, (*path, "given"))
        instant = self._start
        if "instant" in entry:
            instant = instant_of(entry["instant"], self._start, at, (*path, "instant"))
        return self._case(
            entry,
            path,
            at,
            name=entry["name"],
            controls=tuple(entry["controls"]),
            tags=self._tagged(entry),
            given=given,
            instant=instant,
            line=line,
            entry=begins,
        )

    def _case(self, said: Mapping[str, Any], path: Where, at: At, *, instant: int, **rest: Any) -> Case:
        shown = credential(said.get("credential"), self._credentials, instant, at, (*path, "credential"))
        return Case(
            request=said["request"],
            expect=_expectation(said["expect"], self._start, at, (*path, "expect")),
            credential=shown,
            signed=signed_by(said.get("signed"), instant, at, (*path, "signed")),
            instant=instant,
            **rest,
        )

    def _tagged(self, entry: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._tags, *entry.get("tags", ())))) if "tags" in entry else self._tags

    def _name(self, name: str, line: int, at: At, path: Where) -> None:
        if name in self._seen:
            raise SuiteError(
                f"{schema.key_path(path)}: the name {name!r} is taken by line {self._seen[name]}",
                where=at.of((*path, "name")),
                todo="a name says what is judged, and each case judges something of its own; in that of a case with a "
                "table there is a parameter"
                if path[0] == "cases"
                else "a name says what is judged, and each case judges something of its own",
            )
        self._seen[name] = line


def _expectation(entry: Mapping[str, Any], start: int, at: At, path: Where) -> Expectation:
    allow = entry["decision"] == "allow"
    wrong = None
    if allow and entry.get("reasons"):
        wrong = "reasons", "an allow has no reasons"
    elif not allow and not entry.get("reasons"):
        wrong = "reasons", "a denial names all of its reasons"
    elif not allow and "valid_until" in entry:
        wrong = "valid_until", "a denial is not valid until anything"
    elif not allow and entry.get("obligations"):
        wrong = "obligations", "a denial obliges to nothing"
    if wrong:
        raise SuiteError(f"{schema.key_path((*path, wrong[0]))}: {wrong[1]}", where=at.of((*path, wrong[0])))
    return Expectation(
        allow=allow,
        reasons=frozenset(entry.get("reasons", ())),
        obligations=tuple(sorted(entry["obligations"])) if "obligations" in entry else None,
        valid_until=instant_of(entry["valid_until"], start, at, (*path, "valid_until"))
        if "valid_until" in entry
        else None,
        evidence=entry.get("evidence"),
        context=entry.get("context"),
    )
