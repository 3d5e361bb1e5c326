"""What of a listing is kept: the first record of each id. What is set aside is counted, and judged.

No I/O; the frame (``run``) puts every batch of rows through one :class:`Sieve`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from livegate.errors import SourceError
from livegate.model.records import Effect, Grant, Identity, Status
from livegate.model.snapshot import Quarantined

if TYPE_CHECKING:
    from livegate.model.records import AnyRecord
    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Row

_ID = attrgetter("id")

SAMPLES = 20
"""How many rows that were set aside are shown."""


@dataclass(slots=True)
class _Tally:
    """Ids of one record kind so far; ``negative`` are those of denies and of identities not active."""

    ids: set[str] = field(default_factory=set)
    negative: set[str] = field(default_factory=set)


class Sieve:
    """Sets aside what must not be kept, and counts."""

    def __init__(self) -> None:
        self.quarantined = 0
        self.samples: list[Quarantined] = []
        self._critical: list[Quarantined] = []
        self._criticals = 0
        self._tallies: defaultdict[type, _Tally] = defaultdict(_Tally)

    @property
    def counts(self) -> dict[str, int]:
        """Records by kind."""
        return {kind_of(kind): len(tally.ids) for kind, tally in self._tallies.items()}

    def sift(self, rows: list[Row]) -> list[AnyRecord]:
        """Those of the rows, in their order, that are a record and the first of their id."""
        kinds = set(map(type, rows))
        if len(kinds) == 1 and self._all_new(kinds.pop(), rows):
            return rows  # type: ignore[return-value]  # so they are records
        return [row for row in rows if self._passes(row)]  # type: ignore[misc]  # what passes is a record

    def _all_new(self, kind: type, rows: list[Any]) -> bool:
        """Whether the rows are records, none seen before: then they are counted here, all at once.

        The plain case of a large listing, at a third of the price of one row after another.
        """
        if kind is Quarantined:
            return False
        ids = set(map(_ID, rows))
        tally = self._tallies[kind]
        if len(ids) < len(rows) or not tally.ids.isdisjoint(ids):
            return False
        tally.ids |= ids
        tally.negative.update(_negatives(kind, rows))
        return True

    def _passes(self, row: Row) -> bool:
        if isinstance(row, Quarantined):
            self._set_aside(row)
            return False
        kind = row.__class__
        tally = self._tallies[kind]
        before = len(tally.ids)
        tally.ids.add(row.id)
        negative = bool(_negatives(kind, [row]))
        if len(tally.ids) == before:
            # whichever of the two is right, a deny or a disable among them must not be the one that is lost
            self._set_aside(
                Quarantined(
                    where=f"{kind_of(row)} {row.id[:80]!r}",
                    reason="this id was there before; the first is kept",
                    critical=negative or row.id in tally.negative,
                )
            )
            return False
        if negative:
            tally.negative.add(row.id)
        return True

    def settle(self, config: SourceConfig) -> None:
        """Refuse a listing that may have lost a deny or a disable, or of which nothing could be mapped.

        Raises:
            SourceError: names the first such rows.
        """
        if self._criticals:
            rows = "; ".join(f"{item.where}: {item.reason}" for item in self._critical)
            more = (
                f" (and {self._criticals - len(self._critical)} more)" if self._criticals > len(self._critical) else ""
            )
            raise SourceError(
                f"{self._criticals} rows could not be mapped that may be a deny or a disable: {rows}{more}",
                where=config.where,
                todo="correct them in the source, or name their values in the configuration; nothing was published",
            )
        if self.quarantined and not self._tallies:
            first = self.samples[0]
            raise SourceError(
                f"none of {self.quarantined} rows could be mapped; the first: {first.where}: {first.reason}",
                where=config.where,
                todo="check columns and values in the source's configuration",
            )

    def _set_aside(self, row: Quarantined) -> None:
        self.quarantined += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(row)
        if row.critical:
            self._criticals += 1
            if len(self._critical) < 5:
                self._critical.append(row)


def kind_of(record: AnyRecord | type) -> str:
    """The record kind: ``identity``, ``grant``, ``elevation``, …"""
    return str(record.__struct_config__.tag)  # type: ignore[union-attr]  # every record is a tagged struct


def _negatives(kind: type, rows: list[Any]) -> list[str]:
    """Ids of the denies among grants, and of those not active among identities."""
    if kind is Grant:
        allow = Effect.ALLOW
        return [row.id for row in rows if row.effect is not allow]
    if kind is Identity:
        active = Status.ACTIVE
        return [row.id for row in rows if row.status is not active]
    return []
