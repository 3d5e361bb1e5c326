"""What a listing would change against the snapshot before: the answer of a dry run. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livegate.sources.sieve import SAMPLES, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livegate.model.records import AnyRecord


@dataclass(frozen=True, slots=True)
class Difference:
    """What one record kind would gain and lose; ids are a sample of at most 20, the numbers are all."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    added_ids: tuple[str, ...] = ()
    removed_ids: tuple[str, ...] = ()
    changed_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class _Gathered:
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("added", "removed", "changed"), 0))
    ids: dict[str, list[str]] = field(default_factory=lambda: {"added": [], "removed": [], "changed": []})

    def note(self, what: str, record_id: str) -> None:
        self.numbers[what] += 1
        if len(self.ids[what]) < SAMPLES:
            self.ids[what].append(record_id)


def differences(before: Iterable[AnyRecord], after: dict[str, dict[str, int]]) -> dict[str, Difference]:
    """What changed, by kind. Takes ``after`` apart: ids that are in both leave it."""
    found: dict[str, _Gathered] = {kind: _Gathered() for kind in after}
    for record in before:
        kind = kind_of(record)
        gathered = found.setdefault(kind, _Gathered())
        fingerprint = after.get(kind, {}).pop(record.id, None)
        if fingerprint is None:
            gathered.note("removed", record.id)
        elif fingerprint != hash(record):
            gathered.note("changed", record.id)
    for kind, fresh in after.items():
        for record_id in fresh:
            found[kind].note("added", record_id)
    return {
        kind: Difference(
            **item.numbers,
            added_ids=tuple(item.ids["added"]),
            removed_ids=tuple(item.ids["removed"]),
            changed_ids=tuple(item.ids["changed"]),
        )
        for kind, item in sorted(found.items())
    }
