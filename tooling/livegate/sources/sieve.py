"""What of a listing is kept: the first record of each id. What is set aside is counted, and judged.

Two rows of one id that say the same are one. Two that differ refuse the listing, for nobody can say which
is right, and the one that is lost may be the one that ends earlier. To hold a million records for that
comparison would cost too much: of a row that comes again only a print is kept, and if there is any, the
frame (``run``) lets the sieve see once more what was kept (:meth:`Sieve.weigh`).

No I/O; the frame puts every batch of rows through one :class:`Sieve`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from livegate.errors import SourceError
from livegate.model.records import BreakGlass, Effect, Elevation, Grant, Identity, Mandate, Status
from livegate.model.snapshot import Domain, Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livegate.model.records import AnyRecord
    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Row

_ID = attrgetter("id")

_NAMES: dict[type, tuple[str, ...]] = {
    Identity: ("id", "user_name", "external_id", "sponsor", "manager"),
    Grant: ("id", "subject", "entitlement", "scope"),
    Elevation: ("id", "subject", "entitlement", "scope", "resource"),
    BreakGlass: ("id", "subject", "resource"),
    Mandate: ("id", "agent", "subject"),
}
"""Record kind → its fields that name something; ``owners`` of an identity are looked at with them."""

_READ: dict[type, tuple[Callable[[Any], str], ...]] = {
    kind: tuple(map(attrgetter, names)) for kind, names in _NAMES.items()
}

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""C0, C1, and what turns the direction of text: a name with one is not what it looks like in a log or a review."""

Print = tuple[type, str, int]
"""Kind and id of a record, and its :func:`imprint`."""

SAMPLES = 20
"""How many rows that were set aside are shown."""


@dataclass(slots=True)
class _Tally:
    """Ids of one record kind so far.

    ``negative`` are those of denies and of identities not active; ``again`` has the prints of the rows that
    came again, by id.
    """

    ids: set[str] = field(default_factory=set)
    negative: set[str] = field(default_factory=set)
    again: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


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
        if kind is Quarantined or not _all_plain(kind, rows):
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
        negative = bool(_negatives(kind, [row]))
        hidden = _hidden(row)
        if hidden:
            # without one who has a manager, those below him would lose the superiors above
            lost = negative or bool(getattr(row, "manager", ""))
            self._set_aside(Quarantined(where=_where(row), reason=hidden, critical=lost))
            return False
        tally = self._tallies[kind]
        before = len(tally.ids)
        tally.ids.add(row.id)
        if len(tally.ids) == before:
            # whichever of the two is right, a deny or a disable among them must not be the one that is lost
            self._set_aside(
                Quarantined(
                    where=_where(row),
                    reason="this id was there before; the first is kept",
                    critical=negative or row.id in tally.negative,
                )
            )
            tally.again[row.id].add(imprint(row))
            return False
        if negative:
            tally.negative.add(row.id)
        return True

    @property
    def doubtful(self) -> bool:
        """Whether an id came again, so that what was kept must be weighed."""
        return any(tally.again for tally in self._tallies.values())

    def weigh(self, kept: Iterable[Print]) -> None:
        """Hold what was kept against the rows of the same id that came again; :meth:`settle` judges."""
        for kind, id_, first in kept:
            if self._tallies[kind].again.get(id_, {first}) != {first}:
                self._set_aside(
                    Quarantined(
                        where=f"{kind_of(kind)} {id_[:80]!r}",
                        reason="two rows have this id and differ, and nobody can say which is right",
                        critical=True,
                    )
                )

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
                f"{self._criticals} rows cannot be left out, as they may be a deny, a disable or an end: {rows}{more}",
                where=config.where,
                todo="correct them in the source, or name their values in the configuration; nothing was published",
            )
        # keys that cannot be used are as good as withdrawn, and those of before must not go on in their place
        if self.quarantined and not self._tallies and config.domain is not Domain.TRUST:
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


def imprint(record: AnyRecord) -> int:
    """The same for two records that give the same right; by which path a grant is held is no part of it."""
    if isinstance(record, Grant):
        return hash(
            (
                record.subject,
                record.entitlement,
                record.scope,
                record.effect,
                record.hold,
                record.not_before,
                record.expires_at,
            )
        )
    return hash(record)


def kind_of(record: AnyRecord | type) -> str:
    """The record kind: ``identity``, ``grant``, ``elevation``, …"""
    return str(record.__struct_config__.tag)  # type: ignore[union-attr]  # every record is a tagged struct


def _where(record: AnyRecord) -> str:
    return f"{kind_of(record)} {record.id[:80]!r}"


def _all_plain(kind: type, rows: list[Any]) -> bool:
    """Whether no name of these records has a control character."""
    texts = ["".join(map(read, rows)) for read in _READ.get(kind, (_ID,))]
    if kind is Identity:
        texts.extend(owner for row in rows for owner in row.owners)
    return all(text.isprintable() or not _CONTROL.search(text) for text in texts)


def _hidden(record: AnyRecord) -> str:
    """Which name of a record has a control character, for people; empty when none has."""
    names = [(name, getattr(record, name)) for name in _NAMES.get(type(record), ("id",))]
    if isinstance(record, Identity):
        names.extend(("owners", owner) for owner in record.owners)
    for name, text in names:
        if _CONTROL.search(text):
            return f"{name} has a control character: {text[:80]!r}"  # repr writes it as an escape
    return ""


def _negatives(kind: type, rows: list[Any]) -> list[str]:
    """Ids of the denies among grants, and of those not active among identities."""
    if kind is Grant:
        allow = Effect.ALLOW
        return [row.id for row in rows if row.effect is not allow]
    if kind is Identity:
        active = Status.ACTIVE
        return [row.id for row in rows if row.status is not active]
    return []
