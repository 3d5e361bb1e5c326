"""Archives: the same bytes each time, and a reader that cannot be hurt."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from livegate.bundle import archive
from livegate.errors import BundleError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {"iga/data.json": b'{"a":1}' * 300, ".manifest": b"{}", "empty": b"", "block": b"x" * 512}


def _written(files: dict[str, bytes], level: int = 9) -> bytes:
    out = io.BytesIO()
    archive.write(out, files.items(), level=level)
    return out.getvalue()


def _tar(change: Callable[[tarfile.TarInfo], None], name: str = "a", data: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        change(info)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _as_is(_: tarfile.TarInfo) -> None:
    pass


def _read(data: bytes, **limits: int) -> dict[str, bytes]:
    return archive.read(io.BytesIO(data), where="b.tar.gz", limits=archive.Limits(**limits))


@pytest.mark.parametrize("level", [1, 9])
def test_what_goes_in_comes_out(level: int) -> None:
    assert list(_read(_written(FILES, level)).items()) == list(FILES.items())


def test_same_files_same_bytes_and_no_trace_of_the_machine() -> None:
    data = _written(FILES)
    assert data == _written(dict(FILES))
    assert data[4:8] == bytes(4), "no time in the gzip header"
    assert data[3] == 0, "no name in the gzip header"
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for info in tar:
            assert (info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode) == (0, 0, 0, "", "", 0o644)
    raw = gzip.decompress(data)
    assert raw.startswith(b"/iga/data.json\0")


def test_reads_what_others_write() -> None:
    assert _read(_tar(_as_is, "./a".removeprefix("./"))) == {"a": b"x"}


@pytest.mark.parametrize("name", ["", "../a", "a/../b", "/a", "a//b", "a\\b", "a\0b", "a\nb", "x" * 300, "."])
def test_bad_names_are_not_written(name: str) -> None:
    with pytest.raises(BundleError):
        _written({name: b""})


def test_a_name_twice_is_not_written() -> None:
    with pytest.raises(BundleError, match="twice"):
        archive.write(io.BytesIO(), [("a", b""), ("a", b"")], level=1)


@pytest.mark.parametrize("name", ["../a", "a/../../b", "//a", "a/./b", "a/"])
def test_a_name_that_leaves_the_archive_is_refused(name: str) -> None:
    with pytest.raises(VerificationError, match="name"):
        _read(_tar(_as_is, name))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.XHDTYPE, b"L"],
)
def test_anything_but_a_plain_file_is_refused(kind: bytes) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type = kind
        info.linkname = "/etc/passwd"

    with pytest.raises(VerificationError, match="not a plain file"):
        _read(_tar(change))


def test_a_name_twice_is_refused() -> None:
    once = gzip.decompress(_written({"a": b"x"}))[:1024]
    with pytest.raises(VerificationError, match="twice"):
        _read(gzip.compress(once + once + bytes(1024)))


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = _written({"a": bytes(50_000_000)})
    assert len(bomb) < 100_000
    with pytest.raises(VerificationError, match="limit"):
        _read(bomb, file=1_000_000)
    with pytest.raises(VerificationError, match="limit"):
        _read(bomb, total=1_000_000)
    with pytest.raises(VerificationError, match="more than 3"):
        _read(_written(FILES), members=3)


def test_a_bomb_after_the_end_stops_too() -> None:
    with pytest.raises(VerificationError, match="limit"):
        _read(gzip.compress(bytes(1024 + 5_000_000)), total=1_000_000)


def test_every_cut_is_noticed() -> None:
    data = _written(FILES)
    for end in range(0, len(data), 7):
        with pytest.raises(VerificationError):
            _read(data[:end])


@pytest.mark.parametrize("tail", [b"x", b"PK\x03\x04", gzip.compress(b"more", mtime=0)])
def test_bytes_after_the_end_are_refused(tail: bytes) -> None:
    with pytest.raises(VerificationError):
        _read(_written(FILES) + tail)


def test_a_damaged_header_is_refused() -> None:
    raw = bytearray(gzip.decompress(_written(FILES)))
    raw[124] ^= 1
    with pytest.raises(VerificationError):
        _read(gzip.compress(bytes(raw)))
