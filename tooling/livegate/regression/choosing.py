"""Which suites and cases: by file and folder, by line, by words in their names, and by tag."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from livegate.errors import SuiteError
from livegate.regression.populations import FOLDER
from livegate.regression.reading import near

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livegate.regression.cases import Case, Suite

_SUFFIXES = frozenset({".yaml", ".yml"})
_OTHERS = frozenset({FOLDER, "laws", "equivalent.yaml"})
_LINE = re.compile(r"(.+\.ya?ml):([1-9]\d{0,8})(?::\d+)?")


def files(folder: Path) -> list[Path]:
    """The suites below a folder, by name.

    Populations, laws and the list of equivalent mutants lie beside suites and are none: what is in folders called
    ``populations`` and ``laws``, and ``equivalent.yaml``.
    """
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in _SUFFIXES and not _OTHERS.intersection(path.relative_to(folder).parts) and path.is_file()
    )


def named(paths: Iterable[Path | str]) -> dict[Path, frozenset[int]]:
    """The files of these files, folders and ``FILE:LINE``, each once, with the lines asked for; none for all of it.

    Raises:
        SuiteError: a path is not there, or a folder holds no suite.
    """
    order: dict[Path, Path] = {}
    lines: dict[Path, set[int] | None] = {}
    for path in map(Path, paths):
        found, line = [path], None
        if not path.exists() and (parts := _LINE.fullmatch(str(path))) and Path(parts[1]).is_file():
            found, line = [Path(parts[1])], int(parts[2])
            if line > (last := len(found[0].read_bytes().splitlines())):
                raise SuiteError("no case stands there", where=str(path), todo=f"the file has {last} lines")
        elif not path.exists():
            raise SuiteError("is not there", where=str(path), todo="name a suite, or a folder of suites")
        elif not path.is_file():
            found = files(path)
        if not found:
            raise SuiteError("holds no suite", where=str(path), todo="write a case; `tests/policy` has examples")
        for file in found:
            real = file.resolve()
            order[real] = file
            before = lines.get(real, set())
            lines[real] = None if line is None or before is None else before | {line}
    return {file: frozenset(lines[real] or ()) for real, file in order.items()}


def standing(suite: Suite, lines: frozenset[int]) -> Suite:
    """The cases that stand on these lines of their file; the whole suite for none.

    Of a table the one row that begins there, or all of it; of a scene always all steps.

    Raises:
        SuiteError: no case stands on one of the lines.
    """
    if not lines:
        return suite
    kept: set[int] = set()
    for line in lines:
        kept |= {id(case) for case in _on(suite, line)}
    return replace(suite, cases=tuple(case for case in suite.cases if id(case) in kept))


def _on(suite: Suite, line: int) -> list[Case]:
    begins = max((_entry(case) for case in suite.cases if _entry(case) <= line), default=None)
    if begins is None:
        first = min(map(_entry, suite.cases))
        raise SuiteError("no case stands there", where=f"{suite.file}:{line}", todo=f"the first is on line {first}")
    found = [case for case in suite.cases if _entry(case) == begins]
    if found[0].scene is not None:
        return found
    return [case for case in found if case.line == line] or found


def _entry(case: Case) -> int:
    return case.entry or case.line


def _plain(text: str) -> str:
    """For comparison: in any case of letters, and with spaces where words may be joined otherwise."""
    return re.sub(r"[-_\s]+", " ", text.casefold())


def chosen(suites: Iterable[Suite], text: str = "", *, tags: Iterable[str] = ()) -> tuple[Suite, ...]:
    """The cases whose ``file: suite: name`` holds ``text``, in any case of letters and however words
    are joined, and that have all ``tags``.

    Raises:
        SuiteError: there is none; names the near miss of a tag.
    """
    everything = list(suites)
    wanted, asked = _plain(text), tuple(tags)
    known = sorted({tag for suite in everything for case in suite.cases for tag in case.tags})
    for tag in asked:
        if tag not in known:
            todo = near(tag, known) if known else "write `tags: [word]` into a suite or a case"
            raise SuiteError(f"no case has the tag {tag!r}", where="--tag", todo=todo)
    kept = []
    for suite in everything:
        cases = tuple(
            case
            for case in suite.cases
            if wanted in _plain(f"{suite.file}: {suite.title}: {case.name}") and set(asked) <= set(case.tags)
        )
        if cases:
            kept.append(replace(suite, cases=cases))
    if not kept:
        what = f"no case has {text!r} in its file, suite or name" + (
            f" and the tags {', '.join(asked)}" if asked else ""
        )
        raise SuiteError(what, where="--filter", todo="try less of it")
    return tuple(kept)
