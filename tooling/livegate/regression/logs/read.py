"""Files of decision logs → their records, one by one, in memory that does not grow with the file.

Four forms are known by their content, whatever the file is called: what OPA uploads (a JSON array), what our server
stores (JSON lines), OPA's console log (JSON lines among others), each of them plain or gzip, in one member or several.
What is broken is told and does not hide the rest; what could fill the machine is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from livegate.errors import ConfigError, RefusedError
from livegate.files import open_regular
from livegate.regression.logs.exact import Exact, Utf8, skip
from livegate.regression.logs.unpack import LIMITS, SPACE, Limits, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SUFFIXES = (".gz", ".json", ".jsonl", ".ndjson", ".log")
"""What is looked for in a folder."""

_CONSOLE = "Decision Log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One event as it was logged.

    Attributes:
        where: ``file:number``, a line or, in an array, a position, from 1.
        text: as it is written, where a number in it is written in a way that ``value`` does not tell: 1e2, 1.50.
    """

    where: str
    value: dict[str, Any]
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """What could not be read, where, and whether the rest of its file is lost with it."""

    where: str
    what: str
    rest: bool = False


def files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """These files, and those in these folders that may be logs; by name, each once.

    Raises:
        ConfigError: a path is not there, or a folder has none.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise ConfigError("is not there", where=str(path), todo="name a decision log, or a folder of them")
        here = (
            [path]
            if not path.is_dir()
            else sorted(
                file
                for file in path.rglob("*")
                if file.suffix in SUFFIXES and file.is_file() and not file.name.startswith(".")
            )
        )
        if not here:
            raise ConfigError(
                "holds no decision log", where=str(path), todo=f"looked for {', '.join(SUFFIXES)} in it and below"
            )
        found |= {file.resolve(): file for file in here}
    return tuple(found.values())


def records(paths: Iterable[Path], *, limits: Limits = LIMITS) -> Iterator[Record | Broken]:
    """Every record of these files, in their order, and what could not be read where it stands.

    Raises:
        RefusedError: a record, a file or what a file unpacks to is beyond a limit.
    """
    for path in paths:
        try:
            with open_regular(path) as stream:
                yield from _records(stream, str(path), limits)
        except OSError as error:
            yield Broken(where=str(path), what=f"cannot be read: {error.strerror or error}", rest=True)


def _records(stream: BinaryIO, where: str, limits: Limits) -> Iterator[Record | Broken]:
    source = Source(stream, where, limits)
    first = source.peek()
    if first == b"[":
        yield from _array(source)
    elif first:
        yield from _lines(source)
    if source.broken:
        yield Broken(where=where, what=source.broken, rest=True)
    elif not first:
        yield Broken(where=where, what="is empty", rest=True)


def _lines(source: Source) -> Iterator[Record | Broken]:
    number, searched, rest, exact = 0, 0, bytearray(), Exact()
    while part := source.read():
        rest += part
        start = 0
        while (end := rest.find(b"\n", max(start, searched))) >= 0:
            number += 1
            yield from _line(bytes(rest[start:end]), f"{source.where}:{number}", exact)
            start = end + 1
        del rest[:start]
        searched = len(rest)
        if len(rest) > source.limits.record:
            raise _huge(f"{source.where}:{number + 1}", source.limits)
    if rest.strip(SPACE):
        if source.broken:
            yield Broken(where=f"{source.where}:{number + 1}", what="cut off in the middle of a record")
        else:
            yield from _line(bytes(rest), f"{source.where}:{number + 1}", exact)


def _line(data: bytes, where: str, exact: Exact) -> Iterator[Record | Broken]:
    if not data.strip(SPACE):
        return
    try:
        text = data.decode()
        value, inexact = exact.whole(text)
    except (ValueError, RecursionError) as error:
        yield Broken(where=where, what=_not_json(error))
        return
    yield from _record(value, text if inexact else None, where)


def _array(source: Source) -> Iterator[Record | Broken]:
    text, at, number, ended = "", 0, 0, False
    utf8, exact = Utf8(), Exact()
    source.drop(b"[")
    while not ended:
        part = source.read()
        ended = not part
        here = f"{source.where}:{number + 1}"
        try:
            text, at = text[at:] + utf8.feed(part), 0
            while (step := _element(text, at, exact, first=number == 0, ended=ended)) is not None:
                at = step.end
                if step.last:
                    if text[at:].strip() or source.peek():
                        yield Broken(where=source.where, what="something stands behind the array", rest=True)
                    return
                number += 1
                yield from _record(step.value, step.text, here)
                here = f"{source.where}:{number + 1}"
        except (ValueError, RecursionError) as error:
            if not (ended and source.broken):  # that it is cut off is told already
                yield Broken(where=here, what=_not_json(error), rest=True)
            return
        if len(text) - at > source.limits.record:
            raise _huge(here, source.limits)


@dataclass(frozen=True, slots=True)
class _Element:
    """One element of an array, its text if a number asks for it, and where it ends; or the array's end (``last``)."""

    value: Any
    text: str | None
    end: int
    last: bool = False


def _element(text: str, start: int, exact: Exact, *, first: bool, ended: bool) -> _Element | None:
    """The next element of the array whose rest begins at ``start``; None if more of it is needed first.

    Raises:
        ValueError: not JSON. RecursionError: nested too deep.
    """
    at = skip(text, start)
    if text[at : at + 1] == "]":
        return _Element(None, None, at + 1, last=True)
    if at < len(text) and not first:
        if text[at] != ",":
            raise ValueError("no comma between two events")
        at = skip(text, at + 1)
    if at == len(text):
        if ended:
            raise ValueError("the array is cut off")
        return None
    try:
        value, inexact, end = exact.at(text, at)
    except ValueError as error:
        if not ended and _is_cut(error, text):
            return None
        raise
    if end == len(text) and not ended:
        return None  # a number could go on in the next part
    return _Element(value, text[at:end] if inexact else None, end)


def _record(value: Any, text: str | None, where: str) -> Iterator[Record | Broken]:
    if isinstance(value, dict) and isinstance(value.get("decision_id"), str):
        yield Record(where=where, value=value, text=text)
    elif not (isinstance(value, dict) and "msg" in value and "level" in value and value["msg"] != _CONSOLE):
        # OPA's console log has other lines too, and those are nobody's decision
        yield Broken(where=where, what="no decision event: it has no decision_id")


def _is_cut(error: ValueError, text: str) -> bool:
    """Whether the text ended before the value did, so that more of it may mend it."""
    message, at = getattr(error, "msg", ""), getattr(error, "pos", 0)
    return message.startswith("Unterminated string") or at >= len(text) - 16


def _not_json(error: BaseException) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, UnicodeEncodeError):
        return "half a surrogate pair, which is no text"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return f"not JSON: {getattr(error, 'msg', None) or error}"


def _huge(where: str, limits: Limits) -> RefusedError:
    return RefusedError(
        f"one record is longer than {limits.record} bytes", where=where, todo="is it a decision log at all?"
    )
