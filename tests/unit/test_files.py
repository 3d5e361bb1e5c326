"""Reads that cannot hang, and do not pass their bound."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from livegate.bundle import verify
from livegate.errors import BundleError, ConfigError
from livegate.files import read_bytes


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/zero")):
        with pytest.raises(ConfigError, match="not a regular file"):
            read_bytes(path, limit=10)
        with pytest.raises(BundleError, match="not a regular file"):
            verify.inspect(path)
    with pytest.raises(ConfigError, match="cannot read"):
        read_bytes(tmp_path, limit=10)


def test_the_bound_is_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10)
    assert read_bytes(path, limit=10) == b"x" * 10
    with pytest.raises(ConfigError, match="larger than 9 bytes"):
        read_bytes(path, limit=9)
