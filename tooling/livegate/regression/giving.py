"""What a suite, a scene, a case or a step is given: it adds up, one on top of the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.errors import SuiteError
from livegate.model.instants import MOST
from livegate.model.records import Revocation, RevocationKind
from livegate.regression import spoilt
from livegate.regression.overlay import Overlay
from livegate.regression.overlay import read as read_overlay
from livegate.regression.reading import instant_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.cases import Given
    from livegate.regression.places import At
    from livegate.regression.places import Path as Where

_RECORDS = ("with", "without")


def added(given: Given, entry: Mapping[str, Any] | None, start: int, at: At, path: Where) -> Given:
    """``given`` and what ``entry`` says on top of it.

    Args:
        entry: a ``given`` as the suite's schema has it, or the members of a population's file; None for nothing.
        start: what offsets count from (ns). at, path: where the entry stands, for errors.

    Raises:
        SuiteError: a time that is none, an id twice, or something that cannot be given to this population.
    """
    if not entry:
        return given
    _possible(given, entry, at, path)
    overlay, places = read_overlay(entry, start, at, path)
    made = replace(
        given,
        revocations=(*given.revocations, *_revocations(entry, len(given.revocations), start, at, path)),
        overlay=Overlay.of(given.overlay).then(overlay).text(),
        spoilt=spoilt.then(given.spoilt, entry.get("spoilt")),
        places={**given.places, **places},
    )
    if "synced" in entry:
        made = replace(made, synced=instant_of(entry["synced"], start, at, (*path, "synced")))
    if "outage" in entry:
        made = replace(made, outage=instant_of(entry["outage"], 0, at, (*path, "outage"), least=0))
    return made


def _possible(given: Given, entry: Mapping[str, Any], at: At, path: Where) -> None:
    base = given.made_of
    for name in _RECORDS:
        if name in entry and base in {"synced", "documents"}:
            raise SuiteError(
                f"{schema.key_path((*path, name))}: the records of a {base} population are in its documents already",
                where=at.of_key((*path, name)),
                todo="base it on `example` or `empty`; revocations and patches of documents can be given here too",
            )


def _revocations(entry: Mapping[str, Any], before: int, start: int, at: At, path: Where) -> tuple[Revocation, ...]:
    path = (*path, "revocations")
    return tuple(
        Revocation(
            id=f"given-{before + number}",
            kind=RevocationKind(item["kind"]),
            target=item["target"],
            effective_at=instant_of(item["from"], start, at, (*path, number, "from")),
            issued_until=instant_of(item["issued_until"], start, at, (*path, number, "issued_until"))
            if "issued_until" in item
            else MOST,
            reason="given by a suite",
        )
        for number, item in enumerate(entry.get("revocations", ()))
    )
