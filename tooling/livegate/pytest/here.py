"""Where something stands that is said in Python or in a setting, not in a file of cases: by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Here:
    """Places (:class:`livegate.regression.places.At`) of what has no lines; ``name`` is what errors call it."""

    name: str

    def of(self, path: Iterable[str | int]) -> str:
        """The name, and the path in it."""
        return ".".join((self.name, *map(str, path)))

    def of_key(self, path: Iterable[str | int]) -> str:
        """As :meth:`of`."""
        return self.of(path)

    def mark(self, path: Iterable[str | int]) -> tuple[int, int]:  # noqa: ARG002  # as the protocol has it
        """Nothing is before anything else."""
        return 1, 1
