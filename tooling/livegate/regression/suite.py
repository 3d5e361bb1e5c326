"""Suites: YAML files of hand-judged cases, read into values or refused with file, line, column and the near miss."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from livegate import schema, yamlfiles
from livegate.errors import ConfigError, SuiteError
from livegate.files import read_bytes
from livegate.model.instants import MOST
from livegate.model.records import Revocation, RevocationKind
from livegate.regression.credentials import credential, signed_by
from livegate.regression.places import Places, places
from livegate.regression.reading import instant_of, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_LIMIT = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a person judged right. What is None is not judged; ``reasons`` and ``obligations`` are complete.

    Attributes:
        allow: the decision. reasons: ids. obligations: types, sorted. valid_until: ns. evidence: a part of it, by gate.
    """

    allow: bool
    reasons: frozenset[str] = frozenset()
    obligations: tuple[str, ...] | None = None
    valid_until: int | None = None
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request at one instant (ns) and what is expected of it. ``request`` is any JSON value.

    Attributes:
        credential: what is minted and put into the request when it is asked; times in its claims are ns.
        signed: the enforcement point that signs the request, as ``pep``, and how.
    """

    name: str
    controls: tuple[str, ...]
    instant: int
    request: Any
    expect: Expectation
    line: int
    credential: Mapping[str, Any] | None = None
    signed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Which organisation, and what is taken from it: two suites with equal ones share one OPA.

    Attributes:
        outage: for how long (ns) its IGA and PAM systems could not be reached, when all else was issued again.
    """

    population: str
    revocations: tuple[Revocation, ...] = ()
    outage: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The cases of one file."""

    title: str
    file: str
    given: Given
    cases: tuple[Case, ...]


def load_all(paths: Iterable[Path]) -> tuple[Suite, ...]:
    """The suites of these files and folders (``*.yaml`` and ``*.yml`` below them), by name, each file once.

    Raises:
        SuiteError: a path is not there, a suite is malformed, or there is none: nothing tried is nothing proven.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise SuiteError("is not there", where=str(path), todo="name a suite, or a folder of suites")
        found = [path] if path.is_file() else [file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"}]
        if not found:
            raise SuiteError("holds no suite", where=str(path), todo="write a case; `tests/policy` has examples")
        files |= {file.resolve(): file for file in sorted(found)}
    return tuple(load(file) for file in files.values())


def load(path: Path) -> Suite:
    """The suite in ``path``.

    Raises:
        SuiteError: unreadable or malformed; names file, line and column.
    """
    try:
        return loads(read_bytes(path, limit=_LIMIT), file=str(path))
    except SuiteError:
        raise
    except ConfigError as error:
        raise SuiteError(error.what, where=error.where, todo=error.todo) from error


def loads(data: bytes, *, file: str) -> Suite:
    """The suite that ``data`` (UTF-8 YAML) is; ``file`` names it in errors. See :func:`load`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SuiteError(f"not UTF-8 (byte {error.start})", where=file, todo="save it as UTF-8") from error
    at = places(text, file=file)
    try:
        value = yamlfiles.loads(text, where=file)
    except ConfigError as error:
        raise SuiteError(error.what, where=error.where, todo=error.todo) from error
    except (ValueError, TypeError) as error:  # a scalar that its own tag refuses, or a key that is a list
        raise SuiteError(f"not a value that JSON knows: {error}", where=file) from error
    _check(value, at)
    start = instant_of(value["instant"], None, at, ("instant",))
    return Suite(
        title=value["suite"],
        file=file,
        given=Given(
            population=value["population"],
            revocations=_revocations(value, start, at),
            outage=instant_of(value["given"]["outage"], 0, at, ("given", "outage"), least=0)
            if "outage" in value.get("given", {})
            else 0,
        ),
        cases=_cases(value["cases"], value.get("credentials", {}), start, at),
    )


def chosen(suites: Iterable[Suite], text: str) -> tuple[Suite, ...]:
    """The cases whose ``file: suite: name`` holds ``text``, in any case of letters.

    Raises:
        SuiteError: there is none.
    """
    wanted = text.casefold()
    kept = []
    for suite in suites:
        cases = tuple(case for case in suite.cases if wanted in f"{suite.file}: {suite.title}: {case.name}".casefold())
        if cases:
            kept.append(replace(suite, cases=cases))
    if not kept:
        raise SuiteError(f"no case has {text!r} in its file, suite or name", where="--filter", todo="try less of it")
    return tuple(kept)


def _check(value: Any, at: Places) -> None:
    errors = list(schema.validator("livegate.regression", "suite").iter_errors(value))
    if not errors:
        return
    # a key that is misspelt is also a key that is missing: what is there tells more than what is not
    problem = min(errors, key=lambda error: (error.validator != "additionalProperties", at.mark(error.absolute_path)))
    path = tuple(problem.absolute_path)
    name = schema.key_path(path)
    known = sorted(problem.schema.get("properties", {})) if isinstance(problem.schema, dict) else []
    if problem.validator == "additionalProperties":
        extra = min(set(map(str, problem.instance)) - set(known))
        raise SuiteError(f"{name}: unknown key {extra!r}", where=at.of_key((*path, extra)), todo=near(extra, known))
    if problem.validator == "enum":
        words = [str(word) for word in problem.validator_value]
        raise SuiteError(
            f"{name}: {str(problem.instance)[:60]!r} is not known",
            where=at.of(path),
            todo=near(problem.instance, words),
        )
    text = "is not of the form that is asked for" if problem.validator == "pattern" else problem.message[:160]
    hint = problem.schema.get("description") if isinstance(problem.schema, dict) else None
    raise SuiteError(f"{name}: {text}", where=at.of(path), todo=hint)


def _revocations(value: dict[str, Any], start: int, at: Places) -> tuple[Revocation, ...]:
    listed = value.get("given", {}).get("revocations", [])
    return tuple(
        Revocation(
            id=f"given-{number}",
            kind=RevocationKind(entry["kind"]),
            target=entry["target"],
            effective_at=instant_of(entry["from"], start, at, ("given", "revocations", number, "from")),
            issued_until=instant_of(entry["issued_until"], start, at, ("given", "revocations", number, "issued_until"))
            if "issued_until" in entry
            else MOST,
            reason="given by a suite",
        )
        for number, entry in enumerate(listed)
    )


def _cases(listed: list[dict[str, Any]], credentials: dict[str, Any], start: int, at: Places) -> tuple[Case, ...]:
    seen: dict[str, int] = {}
    cases = []
    for number, entry in enumerate(listed):
        path = ("cases", number)
        line = at.mark(path)[0]
        name = entry["name"]
        if name in seen:
            raise SuiteError(
                f"{schema.key_path(path)}: the name {name!r} is taken by line {seen[name]}",
                where=at.of((*path, "name")),
                todo="a name says what is judged, and each case judges something of its own",
            )
        seen[name] = line
        _as_json(entry, at, path)
        instant = instant_of(entry["instant"], start, at, (*path, "instant")) if "instant" in entry else start
        shown = credential(entry.get("credential"), credentials, instant, at, (*path, "credential"))
        cases.append(
            Case(
                name=name,
                controls=tuple(entry["controls"]),
                instant=instant,
                request=entry["request"],
                expect=_expectation(entry["expect"], start, at, (*path, "expect")),
                line=line,
                credential=shown,
                signed=signed_by(entry.get("signed"), instant, at, (*path, "signed")),
            )
        )
    return tuple(cases)


def _as_json(entry: dict[str, Any], at: Places, path: tuple[str | int, ...]) -> None:
    # YAML knows more than JSON: bytes, sets, numbers that are none
    try:
        json.dumps(entry, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SuiteError(f"{schema.key_path(path)}: cannot be written as JSON ({error})", where=at.of(path)) from error


def _expectation(entry: dict[str, Any], start: int, at: Places, path: tuple[str | int, ...]) -> Expectation:
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
    )
