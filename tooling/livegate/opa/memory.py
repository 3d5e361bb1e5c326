"""How much memory OPA's garbage collector may use: a decision should not pay for it, and the data bounds it.

A decision allocates some 2,000 small objects, so with Go's default (collect whenever the heap has doubled) a small
OPA collects all the time: letting it grow gave 1.4 times the decisions a second. A large one is bounded by
GOMEMLIMIT, because what loading a million grants took for a moment is never given back otherwise (ADR 0006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.opa.process import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_GOGC = 1000
_SMALL = 16 << 20
"""Bytes of unpacked bundles below which memory is no concern."""
_LEAST = 448 << 20
"""Small data: room for the collector, and for all decisions that may wait for upload (256 MiB)."""
_BASE = 64 << 20
_A_BYTE = 3.6
"""Bytes of memory limit a byte of unpacked bundle, which takes 2.4 in OPA's store; with 3 revocations took longer."""


def limits_for(bundles: Iterable[Path], *, start: float = 60.0) -> Limits:
    """Limits for an OPA that will load these archives; ``start`` are the seconds it may take to come up."""
    data = sum(_unpacked(path) for path in bundles)
    return Limits(start=start, gogc=_GOGC, memory=_LEAST if data < _SMALL else _BASE + int(_A_BYTE * data))


def _unpacked(path: Path) -> int:
    # RFC 1952: the last four bytes are the size before compression, modulo 2^32; our bundles are far below
    with path.open("rb") as stream:
        stream.seek(-4, 2)
        return int.from_bytes(stream.read(4), "little")
