"""The small things that records of a world are made of: instants, ids, stamps, snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fuzz.cast import PARAMETERS, START
from tests.oracle.digest import digest

if TYPE_CHECKING:
    from random import Random

SECOND = 1_000_000_000
NOW = START * SECOND


class Maker:
    """Draws the small things that every record has."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._ids: dict[str, int] = {}

    def rare(self) -> bool:
        """True now and then."""
        return self.random.random() < 0.12

    def end(self) -> int:
        """An end, ns: mostly to come, sometimes soon, sometimes over."""
        if self.random.random() < 0.04:
            return NOW - self.random.choice([1, 30, 900]) * SECOND
        return (
            NOW
            + self.random.choice([5, 30, 45, 600, 3_600, 3_600, 86_400]) * SECOND
            + self.random.choice([0, 0, 1, 999])
        )

    def start(self) -> int:
        """A beginning, ns: mostly long ago."""
        return NOW + self.random.choice([-86_400] * 20 + [-60, -60, -1, 0, 20]) * SECOND

    def next(self, kind: str) -> str:
        """An id."""
        number = self._ids.get(kind, 0)
        self._ids[kind] = number + 1
        return f"{kind}-{number}"

    def stamp(self) -> dict[str, Any]:
        """A bundle's stamp."""
        ages = [-30] * 4 + [-60, -10, -10, 4] if self.random.random() < 0.993 else [40, -90_000]
        issued = NOW + self.random.choice(ages) * SECOND
        ends = NOW + self.random.choice([3_600, 3_600, 50, 86_400] if self.random.random() < 0.996 else [-1]) * SECOND
        return {"revision": "r1", "sequence": 5, "issued_at": issued, "expires_at": ends}

    def snapshot(self) -> dict[str, Any]:
        """A listing's snapshot."""
        stamp = self.stamp()
        seen = {"observed_at": stamp["issued_at"], "expires_at": stamp["expires_at"]}
        return {"id": self.next("snap"), "sequence": 5, **seen, "count": 1, "sha256": "0" * 64}

    def parameters(self) -> str:
        """The digest of some parameters."""
        return digest(self.random.choice(PARAMETERS))
