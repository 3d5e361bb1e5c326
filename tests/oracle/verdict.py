"""What a gate says, and the ends that verdicts carry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

FOREVER = 1 << 80
"""An end that never comes: what a gate says that relied on nothing which ends. Ends are nanoseconds, integers."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate's word: whether it passes, and the end (ns) of what it relied on."""

    passed: bool
    until: int = FOREVER


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole answer, as far as the oracle judges it.

    ``failed``: the gates that did not pass; by the request gate alone where that one did not. ``until``: ns, of an
    allow; None of a denial.
    """

    decision: bool
    failed: frozenset[str]
    until: int | None


FAIL = Gate(False)
PASS = Gate(True)


def least(ends: Iterable[int | Fraction]) -> int | Fraction:
    """The first of the ends."""
    return min(ends, default=FOREVER)


def quorum(ends: Iterable[int | Fraction], required: int | Fraction) -> int | Fraction | None:
    """Until when ``required`` of those whose word ends then are still enough; None where they are too few."""
    ranked, needed = sorted(ends, reverse=True), math.ceil(required)
    if len(ranked) < needed:
        return None
    return ranked[needed - 1] if needed > 0 else FOREVER
