"""Joiners, movers and leavers: whose identity, grants, elevations or mandates differ, and what that does. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livegate.regression.diff.changes import What

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livegate.regression.diff.changes import Change
    from livegate.regression.diff.separation import Allowed
    from livegate.regression.diff.world import World

_PARTS = ("status", "type", "environment", "system", "responsible")
_RECORDS = {"elevations": "elevation", "break_glass": "break-glass", "mandates": "mandate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One identity whose data changed.

    Attributes:
        view: ``joiner``, ``mover`` or ``leaver``. parts: of the identity → (before, after).
        came, went: keys of grants and denies, and ids of elevations and the like, with the kind before them.
        gains, loses: ``type/action on type:id``.
        could, can: number of actions allowed at the instant, before and after.
    """

    id: str
    view: str
    parts: tuple[tuple[str, str, str], ...]
    came: tuple[str, ...]
    went: tuple[str, ...]
    gains: tuple[str, ...]
    loses: tuple[str, ...]
    could: int
    can: int


def people(base: World, head: World, changes: Iterable[Change], before: Allowed, after: Allowed) -> list[Person]:
    """Everybody whose data differ: joiners, movers, leavers, each by id.

    A leaver is gone or no longer active; a joiner was not there or not active; everybody else is a mover.
    """
    by: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by[change.subject].append(change)
    found = []
    for subject in sorted(base.subjects().keys() | head.subjects().keys()):
        was, is_ = base.leaf(subject), head.leaf(subject)
        old, new = _held(base, subject), _held(head, subject)
        if was == is_ and old == new:
            continue
        parts = tuple(
            (name, mine, theirs)
            for name, mine, theirs in zip(_PARTS, was or ("",) * 5, is_ or ("",) * 5, strict=True)
            if mine != theirs
        )
        found.append(
            Person(
                id=subject,
                view=_view(was, is_),
                parts=parts,
                came=tuple(sorted(key for key in new if new[key] != old.get(key))),
                went=tuple(sorted(key for key in old if old[key] != new.get(key))),
                gains=_told(by[subject], What.OPENED),
                loses=_told(by[subject], What.CLOSED),
                could=len(before.by.get(subject, ())),
                can=len(after.by.get(subject, ())),
            )
        )
    return sorted(found, key=lambda person: (("joiner", "mover", "leaver").index(person.view), person.id))


def _view(was: tuple[str, ...] | None, is_: tuple[str, ...] | None) -> str:
    active, still = was is not None and was[0] == "active", is_ is not None and is_[0] == "active"
    if still and not active:
        return "joiner"
    return "leaver" if active and not still else "mover"


def _held(world: World, subject: str) -> dict[str, object]:
    iga = world.documents["iga"]
    found: dict[str, object] = {f"grant {key}": leaf for key, leaf in iga.get("grants", {}).get(subject, {}).items()}
    found |= {f"deny {key}": leaf for key, leaf in iga.get("denies", {}).get(subject, {}).items()}
    for name, word in _RECORDS.items():
        found |= {f"{word} {id_}": record for id_, record in world.records(name, subject).items()}
    return found


def _told(changes: Iterable[Change], what: What) -> tuple[str, ...]:
    return tuple(sorted(f"{'/'.join(one.deed)} on {one.resource}" for one in changes if one.what is what))
