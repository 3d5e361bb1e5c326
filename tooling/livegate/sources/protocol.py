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
class Listing:
    """One complete listing. The iterator raises ``SourceError`` or ``IncompleteError`` instead of ending early.

    Attributes:
        observed_at: the instant for which the rows speak (ns): start of an API listing, export time of a file.
        rows: the rows, in the source's order, streamed.
    """

    observed_at: int
    rows: Iterator[Row]


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
