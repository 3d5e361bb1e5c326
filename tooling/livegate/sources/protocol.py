"""What a connector is: it lists a source once, completely, or raises.

A connector maps the source's own rows to records and says which rows it could not map. Writing
snapshots, refusing sharp falls, duplicates and retention are the frame's work (``sources.run``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from livegate.model.records import AnyRecord
from livegate.model.snapshot import Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Row = AnyRecord | Quarantined
"""One row of a source, mapped or left out with its reason."""


@dataclass(frozen=True, slots=True)
class Version:
    """A source's own count of its listings: never falls, and one number stands for one content.

    Attributes:
        sequence: at least 0.
        digest: SHA-256 (hex) of the content as it was published.
    """

    sequence: int
    digest: str

    @property
    def marker(self) -> str:
        """As a snapshot keeps it."""
        return f"{self.sequence} {self.digest}"


@dataclass(frozen=True, slots=True)
class Listing:
    """One complete listing. The iterator raises ``SourceError`` or ``IncompleteError`` instead of ending early.

    Attributes:
        observed_at: the instant for which the rows speak (ns): start of an API listing, export time of a file.
        rows: the rows, in the source's order, streamed.
        version: what the source itself says of the order of its listings, if it does.
        refresh: how soon (ns) the source asks to be read again; 0 where it does not say.
    """

    observed_at: int
    rows: Iterator[Row]
    version: Version | None = None
    refresh: int = 0


class Source(Protocol):
    """One connector, made from its section of the configuration."""

    def listing(self) -> Listing:
        """List everything once.

        Raises:
            SourceError: the source cannot be reached, refuses, or answers what it should not.
            IncompleteError: the listing cannot be proven complete.
        """
        ...


@dataclass(frozen=True, slots=True)
class Effects:
    """What a connector may touch of the world; a parameter, so that tests hold time still.

    Attributes:
        now: the clock (ns).
        sleep: waits that many seconds.
        base: folder against which relative paths of the configuration are read.
    """

    now: Callable[[], int]
    sleep: Callable[[float], None]
    base: Path
