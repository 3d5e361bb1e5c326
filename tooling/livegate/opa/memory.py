"""How much memory OPA's garbage collector may use: enough that a decision does not pay for it, bounded by the data.

A decision allocates some 2,000 small objects, so with Go's default (collect whenever the heap has doubled) a
small OPA collects all the time: letting it grow gave 1.4 times the decisions a second. A large one is bounded by
GOMEMLIMIT instead, so that 1,000,000 grants still fit in 250 bytes each (ADR 0006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.opa.process import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_GOGC = 1000
_LEAST = 192 << 20
_BASE = 56 << 20
_A_BYTE = 2.8
"""Bytes of memory limit a byte of unpacked bundle: grants and identities take 2.3 in OPA's store."""


def limits_for(bundles: Iterable[Path], *, start: float = 60.0) -> Limits:
    """Limits for an OPA that will load these archives; ``start`` are the seconds it may take to come up."""
    data = sum(_unpacked(path) for path in bundles)
    return Limits(start=start, gogc=_GOGC, memory=max(_LEAST, _BASE + int(_A_BYTE * data)))


def _unpacked(path: Path) -> int:
    # RFC 1952: the last four bytes are the size before compression, modulo 2^32; our bundles are far below
    with path.open("rb") as stream:
        stream.seek(-4, 2)
        return int.from_bytes(stream.read(4), "little")
