"""Captured cases as files: a suite and its population, as ``livegate regress run`` reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from livegate import yamlfiles
from livegate.errors import LivegateError
from livegate.model.instants import show
from livegate.regression.paste import as_case, as_suite
from livegate.regression.populations import FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from livegate.regression.capture.capture import Captured

_NOTE = "Captured from a decision log, made smaller and under other names by `livegate regress capture`: judge it."


def paths(name: str) -> tuple[str, ...]:
    """Where :func:`files` puts things, below the folder."""
    return f"{name}.yaml", f"{FOLDER}/{name}.yaml", f"{FOLDER}/{name}.json"


def files(name: str, captured: Sequence[Captured], documents: Mapping[str, Any], *, instant: int) -> dict[str, bytes]:
    """Path below the folder → bytes, of one suite and the population that it speaks of.

    Args:
        name: of suite and population. captured: its cases, under other names. documents: the population's, the same.
        instant: when the population is issued (ns).
    """
    cases, taken = [], set[str]()
    for one in captured:
        said = title(one)
        number = 1
        while (unique := said if number == 1 else f"{said} ({number})") in taken:
            number += 1
        taken.add(unique)
        cases.append(as_case(unique, one.request, one.instant, expectation(one), controls=one.controls))
    suite = as_suite(f"Captured decisions, {name}", cases, instant=instant, population=name, comment=_NOTE)
    bare = {root: {key: item for key, item in one.items() if key != "bundle"} for root, one in documents.items()}
    population = (
        f"# {_NOTE}\npopulation: What the cases of {name} need\nbase: documents\ninstant: {show(instant)}\n"
        f"documents: {name}.json\n"
    )
    text = json.dumps(bare, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return {path: one.encode() for path, one in zip(paths(name), (suite, population, text), strict=True)}


def title(one: Captured) -> str:
    """What a case is called: what was asked by what kind of subject, and what came of it."""
    request = one.request if isinstance(one.request, dict) else {}

    def word(part: str, name: str) -> str:
        found = request.get(part)
        said = found.get(name) if isinstance(found, dict) else None
        return said.replace("_", " ")[:40] if isinstance(said, str) and said else "something"

    asked = f"{word('subject', 'type')} asks to {word('action', 'name')} {word('resource', 'type')}"
    if one.allow:
        return f"{asked}: allowed" + (f" with {', '.join(one.obligations)}" if one.obligations else "")
    return f"{asked}: denied, {', '.join(one.reasons)}"[:180]


def expectation(one: Captured) -> dict[str, Any]:
    """What is expected of a case, in the words of a suite."""
    if not one.allow:
        return {"decision": "deny", "reasons": list(one.reasons)}
    return {"decision": "allow", "obligations": list(one.obligations)}


def refuse_names(written: Mapping[str, bytes], hidden: Collection[str], given: Collection[str]) -> None:
    """Nothing, if no name of the log is in what is to be written.

    Args:
        written: file → bytes. hidden: what got other names. given: texts that may stand there: the new names and words.

    Raises:
        LivegateError: one is; the file is named, the name is not.
    """
    wanted = frozenset(hidden) - frozenset(given)
    for file, data in written.items():
        text = data.decode()
        value = json.loads(text) if file.endswith(".json") else yamlfiles.loads(text, where=file)
        if any(found & wanted for found in atoms(value)):
            raise LivegateError(
                "a name of the log would stand in it, so nothing is written",
                where=file,
                todo="this is a mistake in livegate: say so, with the shape of the request",
            )


def atoms(value: Any) -> Iterator[set[str]]:
    """Every text in a value, names of members too, with the parts of those that are put together of several."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            yield {one, *_pieces(one)}


def _pieces(text: str) -> set[str]:
    pieces = {text}
    for separator in "|@#,:":
        pieces = {part for piece in pieces for part in (piece, *piece.split(separator))}
    return pieces
