"""Laws as they are written: YAML files, read into values or refused with file, line, column and the near miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.errors import SuiteError
from livegate.regression.checking import check
from livegate.regression.reading import contents, read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from livegate.regression.places import At

OUTCOMES = ("opens", "closes", "changes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of a Rego rule, and the line of its file on which it begins."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is changed: a verb (``remove``, ``add``, …) and its object."""

    verb: str
    what: str

    def __str__(self) -> str:
        return f"{self.verb} {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One law. Either ``condition`` is there, or ``change``.

    Attributes:
        when: of which decisions it speaks; of all without it. line: of the law, from 1.
        condition: must hold of each of them, or with ``forbidden`` of none.
        change, never: what is changed, and which of :data:`OUTCOMES` that never has.
        except_: of which decisions it may. because: why. may_be_vacuous: why it may go untried.
    """

    name: str
    file: str
    line: int
    controls: tuple[str, ...]
    when: Body | None = None
    condition: Body | None = None
    forbidden: bool = False
    change: Change | None = None
    never: tuple[str, ...] = ()
    except_: Body | None = None
    because: str | None = None
    may_be_vacuous: str | None = None

    @property
    def bodies(self) -> tuple[Body, ...]:
        """All Rego in it."""
        return tuple(body for body in (self.when, self.condition, self.except_) if body is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Laws, and the Rego modules that they may use: path → text."""

    laws: tuple[Law, ...]
    modules: tuple[tuple[str, str], ...] = ()


def load_all(paths: Iterable[Path]) -> Book:
    """The laws of these files and folders, by name, with the ``.rego`` files that stand beside them.

    Raises:
        SuiteError: a path is not there, a file is malformed, two laws have one name, or there is none.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise SuiteError("is not there", where=str(path), todo="name a file of laws, or a folder of such")
        found = [path] if path.is_file() else [file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"}]
        if not found:
            raise SuiteError("holds no laws", where=str(path), todo="write one; `tests/policy/laws` has examples")
        files |= {file.resolve(): file for file in sorted(found)}
    laws = [law for file in files.values() for law in load(file)]
    seen: dict[str, Law] = {}
    for law in laws:
        other = seen.setdefault(law.name, law)
        if other is not law:
            raise SuiteError(
                f"the law {law.name!r} is already at {other.file}:{other.line}",
                where=f"{law.file}:{law.line}",
                todo="a name says what holds, and each law says something of its own",
            )
    beside = {module.resolve(): module for file in files.values() for module in sorted(file.parent.glob("*.rego"))}
    return Book(laws=tuple(laws), modules=tuple((str(module), _module(module)) for module in beside.values()))


def load(path: Path) -> tuple[Law, ...]:
    """The laws in ``path``.

    Raises:
        SuiteError: unreadable or malformed; names file, line and column.
    """
    return loads(contents(path), file=str(path))


def loads(data: bytes, *, file: str) -> tuple[Law, ...]:
    """The laws that ``data`` (UTF-8 YAML) is; ``file`` names it in errors. See :func:`load`."""
    source = read(data, file=file)
    value, at = source.value, source.at
    check(_listed(value), "laws", at)
    lines = data.decode("utf-8-sig").splitlines()
    return tuple(
        _law(_listed_law(entry), ("laws", number), at, lines, file) for number, entry in enumerate(value["laws"])
    )


def _listed(value: Any) -> Any:
    # one word after `never` is a list of one; done before the schema looks, so that a near miss is named
    if not isinstance(value, dict) or not isinstance(value.get("laws"), list):
        return value
    return {**value, "laws": [_listed_law(entry) for entry in value["laws"]]}


def _listed_law(entry: Any) -> Any:
    if isinstance(entry, dict) and "change" in entry and isinstance(entry.get("never"), str):
        return {**entry, "never": [entry["never"]]}
    return entry


def _law(entry: dict[str, Any], path: tuple[str | int, ...], at: At, lines: list[str], file: str) -> Law:
    if problem := _wrong(entry):
        key, what, todo = problem
        raise SuiteError(f"{schema.key_path(path)}: {what}", where=at.of_key((*path, key)), todo=todo)
    conditional = "change" not in entry
    condition = "always" if "always" in entry else "never"
    (verb, what), *_ = entry.get("change", {"": ""}).items()
    exception = entry.get("except", {})
    return Law(
        name=entry["law"],
        file=file,
        line=at.mark(path)[0],
        controls=tuple(entry["controls"]),
        when=_body(entry.get("when"), (*path, "when"), at, lines),
        condition=_body(entry[condition], (*path, condition), at, lines) if conditional else None,
        forbidden=conditional and condition == "never",
        change=None if conditional else Change(verb=verb, what=what),
        never=() if conditional else tuple(entry["never"]),
        except_=_body(exception.get("when"), (*path, "except", "when"), at, lines),
        because=exception.get("because"),
        may_be_vacuous=entry.get("may_be_vacuous"),
    )


def _wrong(entry: dict[str, Any]) -> tuple[str, str, str] | None:
    """What the schema cannot say: the key at which it stands, what it is, what to do."""
    words = f"one of {', '.join(OUTCOMES)}"
    checks: tuple[tuple[bool, str, str, str], ...]
    if "change" in entry:
        checks = (
            ("always" in entry, "always", "a change is never to do something", f"never: {words}"),
            ("never" not in entry, "change", "says not what the change never does", f"never: {words}"),
        )
    else:
        both = "always" in entry and "never" in entry
        neither = "always" not in entry and "never" not in entry
        checks = (
            (both, "never", "has both always and never", "make it two laws"),
            (neither, "law", "says nothing", "always, never, or change"),
            ("except" in entry, "except", "is for laws about a change", "say it in `when`"),
            (not isinstance(entry.get("never", ""), str), "never", "is no Rego", "or say what is changed"),
            ("when" not in entry, "law", "says not of which decisions it speaks", "when: input.answer.decision"),
        )
    return next(((key, what, todo) for wrong, key, what, todo in checks if wrong), None)


def _body(text: str | None, path: tuple[str | int, ...], at: At, lines: list[str]) -> Body | None:
    if text is None:
        return None
    line, column = at.mark(path)
    block = lines[line - 1][column - 1 : column] in {"|", ">"}
    return Body(text=text, line=line + 1 if block else line)


def _module(path: Path) -> str:
    try:
        return contents(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SuiteError(f"not UTF-8 (byte {error.start})", where=str(path), todo="save it as UTF-8") from error
