"""The manifest beside an export: what it must say, and each way in which it refuses the export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from livegate.errors import IncompleteError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.sources.protocol import Row

    Put = Callable[..., Path]

HEADER = "subject,entitlement\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"row_count": 2}, "1 rows read, the manifest says 2", id="wrong-count"),
        pytest.param({"sha256": "0" * 64}, "SHA-256 is", id="wrong-hash"),
        pytest.param({"source": "payroll"}, "source 'payroll', not of 'hr'", id="other-source"),
        pytest.param({"exported_at": "2026-11-22T17:59:59Z"}, "older than 86400 s", id="too-old"),
        pytest.param({"exported_at": "2026-11-23T18:01:01Z"}, "is in the future", id="future"),
        pytest.param({"exported_at": "yesterday"}, "not a manifest", id="no-time"),
        pytest.param({"exported_at": "2026-11-23T17:00:00"}, "zone", id="no-zone"),
        pytest.param({"row_count": "1"}, "not a manifest", id="count-as-text"),
        pytest.param({"row_count": -1}, "row_count must be 0 or more", id="negative-count"),
        pytest.param({"sha256": "abc"}, "64 hex digits", id="short-hash"),
        pytest.param({"source": None}, "source", id="no-source"),
        pytest.param({"extra": 1}, "extra", id="unknown-member"),
    ],
)
def test_refused(put: Put, read: Callable[..., list[Row]], change: dict[str, Any], says: str) -> None:
    put("g.csv", HEADER + "a,x\n", rows=1, **change)
    with pytest.raises(IncompleteError) as caught:
        read("g.csv")
    assert says in str(caught.value)
    assert "g.csv" in str(caught.value)
    assert caught.value.todo


def test_clock_a_minute_ahead_is_borne(put: Put, read: Callable[..., list[Row]]) -> None:
    put("g.csv", HEADER + "a,x\n", rows=1, exported_at="2026-11-23T18:01:00Z")
    assert len(read("g.csv")) == 1


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "<html>", "[" * 50_000, "x" * 70_000])
def test_no_manifest_at_all(put: Put, read: Callable[..., list[Row]], tmp_path: Path, text: str) -> None:
    put("g.csv", HEADER, rows=0)
    (tmp_path / "g.csv.manifest").write_text(text)
    with pytest.raises(IncompleteError, match=r"g\.csv\.manifest"):
        read("g.csv")


def test_missing_manifest_and_missing_export(put: Put, read: Callable[..., list[Row]], tmp_path: Path) -> None:
    put("g.csv", HEADER, rows=0)
    (tmp_path / "g.csv.manifest").unlink()
    with pytest.raises(IncompleteError, match=r"g\.csv\.manifest: the manifest of g\.csv: cannot read"):
        read("g.csv")
    (tmp_path / "g.csv").unlink()
    with pytest.raises(IncompleteError, match=r"g\.csv: cannot read"):
        read("g.csv")
