"""The frame around every connector: one run makes one snapshot, or nothing and an error.

Whatever the connector, here duplicates are set aside, a lost deny, disable or end refuses the listing, sharp
falls are refused, time only goes forward, and a snapshot is there whole or not at all.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from livegate.errors import RefusedError, SourceError
from livegate.model.instants import MOST, SECOND, show
from livegate.model.snapshot import Snapshot
from livegate.sources.difference import Difference, differences
from livegate.sources.sieve import Sieve, imprint, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livegate.model.records import AnyRecord
    from livegate.model.snapshot import Quarantined
    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Effects, Listing, Row, Source, Version
    from livegate.sources.sieve import Print
    from livegate.sources.store import SnapshotStore

    Progress = Callable[[int], None]
    Also = Callable[[list[AnyRecord]], None]

_SKEW = 60 * SECOND
_BATCH = 1_000  # what stays in the processor's cache until it is written (ADR 0003)
_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left: the new snapshot, the one before (None on the first run), and what somebody should know."""

    snapshot: Snapshot
    previous: Snapshot | None
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> dict[str, int]:
        """Record kind → how many more (or fewer) records than before."""
        before = self.previous.counts if self.previous else {}
        after = self.snapshot.counts
        return {kind: after.get(kind, 0) - before.get(kind, 0) for kind in sorted({*before, *after})}


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do. ``refused`` is the refusal of a sharp fall, for after the difference was shown."""

    observed_at: int
    counts: dict[str, int]
    quarantined: int
    samples: tuple[Quarantined, ...]
    previous: Snapshot | None
    differences: dict[str, Difference]
    refused: RefusedError | None


def run(
    config: SourceConfig,
    source: Source,
    store: SnapshotStore,
    effects: Effects,
    *,
    accept_removals: bool = False,
    progress: Progress | None = None,
    also: Also | None = None,
) -> Outcome:
    """List the source once and keep what it says as its new snapshot.

    Args:
        config: of the source.
        source: its connector.
        store: where snapshots are kept.
        effects: the clock.
        accept_removals: let a fall in records beyond ``max_fall`` pass.
        progress: told the number of rows so far, every 10,000.
        also: given every record that goes into the snapshot, in batches and in their order. What it made of
            them is worth nothing unless this function returns.

    Raises:
        SourceError: the listing failed, may have lost a deny, a disable or an end, or speaks for the future.
        RefusedError: too many records are gone, or the listing is older than the current snapshot.
        LivegateError: the store cannot be read or written. In every case nothing is left behind.
    """
    with store.locked(config.system):
        started = effects.now()
        previous = store.latest(config.system)
        sequence = store.next_sequence(config.system)
        sieve = Sieve()
        with _listed(source) as listing:
            _check_time(config, listing.observed_at, previous, effects.now())
            _check_version(config, listing.version, previous)
            with store.writing(config.system, sequence) as writer:
                _sift(listing.rows, sieve, (writer.extend, also) if also else (writer.extend,), progress)
                sieve.settle(config)
                refused = _falls(config, store, sieve.counts, previous, listing.observed_at)
                if refused is not None and not accept_removals:
                    raise refused
                digest = writer.finish()
        head = Snapshot(
            id=f"{config.system}-{sequence}",
            system=config.system,
            domain=config.domain,
            sequence=sequence,
            started_at=started,
            observed_at=listing.observed_at,
            completed_at=effects.now(),
            expires_at=min(listing.observed_at + config.max_age, MOST),
            counts=sieve.counts,
            quarantined=sieve.quarantined,
            samples=tuple(sieve.samples),
            sha256=digest,
            marker=listing.version.marker if listing.version is not None else "",
        )
        if sieve.doubtful:
            _weigh(config, store, head, sieve)
        store.publish(head)
        store.retain(config.system, config.keep)
        return Outcome(head, previous, _notes(listing, previous))


def dry_run(
    config: SourceConfig,
    source: Source,
    store: SnapshotStore,
    effects: Effects,
    *,
    accept_removals: bool = False,
    progress: Progress | None = None,
) -> Preview:
    """List the source once, check all that :func:`run` checks, keep nothing.

    A sharp fall is not raised but told in ``refused``, so that what would go can be shown with it.

    Raises:
        SourceError, RefusedError, LivegateError: as :func:`run`, but for the sharp fall.
    """
    previous = store.latest(config.system)
    sieve = Sieve()
    prints: dict[str, dict[str, int]] = {}
    rights: list[Print] = []

    def keep(records: list[AnyRecord]) -> None:
        for record in records:
            prints.setdefault(kind_of(record), {})[record.id] = hash(record)
            rights.append((type(record), record.id, imprint(record)))

    with _listed(source) as listing:
        _check_time(config, listing.observed_at, previous, effects.now())
        _check_version(config, listing.version, previous)
        _sift(listing.rows, sieve, (keep,), progress)
    sieve.weigh(rights)
    sieve.settle(config)
    refused = _falls(config, store, sieve.counts, previous, listing.observed_at)
    return Preview(
        observed_at=listing.observed_at,
        counts=sieve.counts,
        quarantined=sieve.quarantined,
        samples=tuple(sieve.samples),
        previous=previous,
        differences=differences(store.records(previous) if previous else iter(()), prints),
        refused=None if accept_removals else refused,
    )


def _weigh(config: SourceConfig, store: SnapshotStore, head: Snapshot, sieve: Sieve) -> None:
    """Refuse what was written, and remove it, where a row that came again differs from the one that was kept."""
    try:
        sieve.weigh((type(record), record.id, imprint(record)) for record in store.records(head))
        sieve.settle(config)
    except BaseException:
        store.discard(head)
        raise


@contextlib.contextmanager
def _listed(source: Source) -> Iterator[Listing]:
    """The listing, whose rows are closed whatever happens (an open file or connection must not outlive the run)."""
    listing = source.listing()
    try:
        yield listing
    finally:
        close = getattr(listing.rows, "close", None)
        if close is not None:
            close()


def _sift(rows: Iterator[Row], sieve: Sieve, keepers: tuple[Also, ...], progress: Progress | None) -> None:
    number = 0
    while batch := list(islice(rows, _BATCH)):
        records = sieve.sift(batch)
        for keep in keepers:
            keep(records)
        number += len(batch)
        if progress is not None and number % _EVERY == 0:
            progress(number)
    if progress is not None:
        progress(number)


def _check_time(config: SourceConfig, observed_at: int, previous: Snapshot | None, now: int) -> None:
    if observed_at > now + _SKEW:
        raise SourceError(
            f"the listing speaks for {show(observed_at)}, it is {show(now)} here",
            where=config.where,
            todo="set the clocks of the source and of this machine",
        )
    if previous is not None and observed_at < previous.observed_at:
        raise RefusedError(
            f"the listing is of {show(observed_at)}, older than snapshot {previous.id} of {show(previous.observed_at)}",
            where=config.where,
            todo="give a newer one; an older one would bring back what was revoked since",
        )


def _check_version(config: SourceConfig, version: Version | None, previous: Snapshot | None) -> None:
    """Refuse a listing that the source itself calls older than the last, or that is another under the same number."""
    if previous is None or not previous.marker:
        return
    number, _, digest = previous.marker.partition(" ")
    if version is None:
        what = f"the listing has no sequence, and snapshot {previous.id} has {number}"
    elif version.sequence < int(number):
        what = f"the listing has sequence {version.sequence}, below the {number} of snapshot {previous.id}"
    elif version.sequence == int(number) and version.digest != digest:
        what = f"the listing has sequence {number} as snapshot {previous.id} has, and another content"
    else:
        return
    raise RefusedError(
        what,
        where=config.where,
        todo="an older one would bring back what was withdrawn since; if the source was set up anew, give it another "
        "name here, or remove its snapshots",
    )


def _notes(listing: Listing, previous: Snapshot | None) -> tuple[str, ...]:
    if previous is None or not 0 < listing.refresh < listing.observed_at - previous.observed_at:
        return ()
    passed = (listing.observed_at - previous.observed_at) // SECOND
    return (f"asks to be read every {listing.refresh // SECOND} s; {passed} s passed since the last time",)


def _falls(
    config: SourceConfig, store: SnapshotStore, counts: dict[str, int], previous: Snapshot | None, now: int
) -> RefusedError | None:
    """The refusal of the sharpest fall, if any. Records that had an end and reached it are no fall.

    A limit of 1 is none: a list of elevations may honestly become empty, and taking rights away is the
    safe side. Below that, a kind that is all gone is refused, however few they were.
    """
    if previous is None or config.max_fall >= 1:
        return None
    limit = Decimal(str(config.max_fall))  # as it was written: 0.3 of 10 is 3, not 3.0000000000000004

    def sharp(old: int, new: int) -> bool:
        return old - new > limit * old

    suspects = {kind: old for kind, old in previous.counts.items() if sharp(old, counts.get(kind, 0))}
    if not suspects:
        return None
    live = dict.fromkeys(suspects, 0)
    for record in store.records(previous):
        kind = kind_of(record)
        if kind in live and not 0 < getattr(record, "expires_at", 0) <= now:
            live[kind] += 1
    falls = {kind: old for kind, old in live.items() if sharp(old, counts.get(kind, 0))}
    if not falls:
        return None
    text = "; ".join(f"{kind}: {old} → {counts.get(kind, 0)}" for kind, old in falls.items())
    return RefusedError(
        f"too many records are gone since {previous.id} ({text}); the limit is {config.max_fall:.0%}, and never all",
        where=config.where,
        todo="look at them with --dry-run; if it is right, run once with --accept-removals",
    )
