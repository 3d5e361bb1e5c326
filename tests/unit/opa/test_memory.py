"""The memory limit follows the unpacked size of what OPA will load."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from livegate.opa.memory import limits_for

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


@pytest.mark.parametrize(
    ("sizes", "limit"),
    [
        pytest.param([], 448 * MIB, id="nothing"),
        pytest.param([1000, 8 * MIB], 448 * MIB, id="small"),
        pytest.param([30 * MIB, 30 * MIB], (64 + 216) * MIB, id="large"),
    ],
)
def test_limit(tmp_path: Path, sizes: list[int], limit: int) -> None:
    paths = []
    for number, size in enumerate(sizes):
        paths.append(tmp_path / f"{number}.tar.gz")
        paths[-1].write_bytes(gzip.compress(bytes(size), 1))
    assert limits_for(paths).environment() == {"GOGC": "1000", "GOMEMLIMIT": str(limit)}
