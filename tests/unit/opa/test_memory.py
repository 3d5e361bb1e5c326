"""The memory limit follows the unpacked size of what OPA will load."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from livegate.opa.memory import limits_for

if TYPE_CHECKING:
    from pathlib import Path


def test_small_data_has_room_to_breathe(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(b"x" * 1000))
    assert limits_for([path]).memory == 192 << 20


def test_large_data_is_bounded_by_its_unpacked_size(tmp_path: Path) -> None:
    paths = [tmp_path / "a.tar.gz", tmp_path / "b.tar.gz"]
    for path in paths:
        path.write_bytes(gzip.compress(bytes(30 << 20), 1))
    assert limits_for(paths).memory == (56 << 20) + 168 * (1 << 20)


def test_no_bundle_at_all() -> None:
    assert limits_for([]).environment() == {"GOGC": "1000", "GOMEMLIMIT": str(192 << 20)}
