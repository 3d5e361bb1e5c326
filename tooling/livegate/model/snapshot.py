"""What one complete listing of one source was: counts, times, hash. The records are beside it.

A snapshot is immutable. It exists once this head exists; its records were written before.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Domain(StrEnum):
    """Which document a source feeds: ``iga`` (may hold), ``pam`` (elevated now) or ``trust`` (whose keys count)."""

    IGA = "iga"
    PAM = "pam"
    TRUST = "trust"


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A row that could not be mapped or matched; it is counted and shown, and gives nothing.

    ``critical`` says that the row was, or may have been, a deny, a disable or a revocation: then
    leaving it out could open a door, and the whole snapshot is refused.
    """

    where: str
    reason: str
    critical: bool = False


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The head of a snapshot.

    Attributes:
        id: ``<system>-<sequence>``.
        sequence: one more than the one before of this system.
        started_at, completed_at: when the run began and ended (ns).
        observed_at: the instant for which the listing speaks: the start of an API listing, the
            export time of a file (ns). Ages count from here.
        expires_at: ``observed_at`` plus the source's ``max_age`` (ns).
        counts: records by kind.
        quarantined: how many rows were left out; ``samples`` shows the first of them.
        sha256: of the records file before compression.
        marker: the source's own count of its listings and the digest of this one, separated by a space (SPIFFE's
            ``spiffe_sequence``); empty where it has none.
    """

    id: str
    system: str
    domain: Domain
    sequence: int
    started_at: int
    observed_at: int
    completed_at: int
    expires_at: int
    counts: dict[str, int]
    quarantined: int
    samples: tuple[Quarantined, ...]
    sha256: str
    complete: bool = True
    marker: str = ""

    @property
    def count(self) -> int:
        """All records."""
        return sum(self.counts.values())
