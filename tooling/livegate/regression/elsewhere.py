"""Suites for an OPA that runs elsewhere: what cannot be said of it, as its clock, documents and keys are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.regression.places import At
    from livegate.regression.places import Path as Where

_OF_ANOTHER_CLOCK = {
    "instant": "its clock is its own",
    "given": "its documents are its own",
    "credentials": "it trusts none of the keys that are minted for a run",
}


def check(value: Mapping[str, Any], at: At) -> None:
    """Refuse what cannot be said of an OPA that runs elsewhere: times, documents, and credentials of nobody's keys.

    Args:
        value: the suite, whose shape nobody has looked at yet. at: places in it.

    Raises:
        SuiteError: it says one of these; names file, line and column.
    """
    for name, why in _OF_ANOTHER_CLOCK.items():
        if name in value:
            raise SuiteError(
                f"{name}: cannot be said of a live population: {why}",
                where=at.of_key((name,)),
                todo="leave it out, or name another population",
            )
    for path, entry in _entries(value):
        _live_entry(entry, at, path)


def _entries(value: Mapping[str, Any]) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    """Cases, scenes and steps of a suite whose shape nobody has looked at yet, with where they stand."""

    def objects(listed: Any, path: Where) -> Iterator[tuple[Where, Mapping[str, Any]]]:
        for number, entry in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(entry, dict):
                yield (*path, number), entry

    yield from objects(value.get("cases"), ("cases",))
    for path, scene in objects(value.get("scenes"), ("scenes",)):
        yield path, scene
        yield from objects(scene.get("steps"), (*path, "steps"))


def _live_entry(entry: Mapping[str, Any], at: At, path: Where) -> None:
    expect = entry.get("expect")
    if isinstance(expect, dict) and "valid_until" in expect:
        raise SuiteError(
            f"{schema.key_path((*path, 'expect'))}: valid_until cannot be said of a live population: "
            "its clock is its own",
            where=at.of_key((*path, "expect", "valid_until")),
            todo="leave it out",
        )
    for name in ("instant", "given", "credential", "signed"):
        if name in entry:
            why = _OF_ANOTHER_CLOCK.get(name, _OF_ANOTHER_CLOCK["credentials"])
            raise SuiteError(
                f"{schema.key_path(path)}: {name} cannot be said of a live population: {why}",
                where=at.of_key((*path, name)),
                todo="leave it out",
            )
