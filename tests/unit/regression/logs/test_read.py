"""Every form in which a log comes, and every way in which it can be broken: nothing is lost in silence."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from livegate.errors import ConfigError, RefusedError
from livegate.regression.logs.read import Broken, Record, files, records
from livegate.regression.logs.unpack import Limits

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = [{"decision_id": f"d-{number}", "input": {"n": number, "text": 'ä] ,\\" {['}} for number in range(50)]
LINES = b"".join(json.dumps(event).encode() + b"\n" for event in EVENTS)
ARRAY = json.dumps(EVENTS, ensure_ascii=False).encode()
SMALL = Limits(chunk=7)


def _read(path: Path, limits: Limits = SMALL) -> tuple[list[str], list[Broken]]:
    found = list(records([path], limits=limits))
    read = [item.value["decision_id"] for item in found if isinstance(item, Record)]
    return read, [item for item in found if isinstance(item, Broken)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        LINES,
        LINES.rstrip(b"\n"),
        b"\xef\xbb\xbf" + LINES,
        b"\n\n" + LINES.replace(b"\n", b"\r\n\r\n"),
        ARRAY,
        b" " + ARRAY + b"\n",
    ],
    ids=["lines", "no last newline", "with a mark", "blank lines", "array", "array in space"],
)
def test_every_form_is_known_by_its_content(tmp_path: Path, data: bytes, packed: bool) -> None:
    path = tmp_path / "whatever"
    path.write_bytes(gzip.compress(data) if packed else data)
    read, broken = _read(path)
    assert read == [event["decision_id"] for event in EVENTS]
    assert not broken
    assert _read(path, Limits())[0] == read, "however it is cut into chunks"


def test_several_gzip_members_are_one_log(tmp_path: Path) -> None:
    half = len(LINES.splitlines(keepends=True)) // 2
    first, second = (b"".join(LINES.splitlines(keepends=True)[part]) for part in (slice(half), slice(half, None)))
    (tmp_path / "a.gz").write_bytes(gzip.compress(first) + gzip.compress(second) + b"\0" * 30)
    assert _read(tmp_path / "a.gz") == ([event["decision_id"] for event in EVENTS], [])


def test_only_the_decisions_of_a_console_log_are_taken(tmp_path: Path) -> None:
    lines = [
        {"level": "info", "msg": "Initializing server.", "time": "t"},
        {"level": "info", "msg": "Decision Log", "decision_id": "d-1", "path": "authz/evaluation"},
        {"level": "error", "msg": "Sent response.", "req_id": 1},
    ]
    (tmp_path / "opa.log").write_text("\n".join(map(json.dumps, lines)))
    assert _read(tmp_path / "opa.log") == (["d-1"], [])


def test_what_was_readable_of_a_cut_gzip_is_given_and_the_rest_told(tmp_path: Path) -> None:
    noise = [{"decision_id": f"d-{number}", "x": os.urandom(400).hex()} for number in range(200)]
    whole = gzip.compress(b"".join(json.dumps(event).encode() + b"\n" for event in noise))
    for cut in (len(whole) // 2, len(whole) - 4):
        (tmp_path / "cut.gz").write_bytes(whole[:cut])
        read, broken = _read(tmp_path / "cut.gz", Limits())
        assert read == [event["decision_id"] for event in noise][: len(read)]
        assert len(read) >= 80
        assert any("cut off" in item.what for item in broken)
    array = gzip.compress(json.dumps(noise).encode())
    (tmp_path / "cut.gz").write_bytes(array[: len(array) // 2])
    read, broken = _read(tmp_path / "cut.gz", Limits())
    assert len(read) >= 80
    assert [item.rest for item in broken] == [True]


def test_a_damaged_gzip_is_told(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(LINES))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "bad.gz").write_bytes(bytes(data))
    _, broken = _read(tmp_path / "bad.gz")
    assert any("damaged" in item.what for item in broken)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "not JSON"),
        (b"not a log at all", "not JSON"),
        (b'{"decision_id": "x", "n": NaN}', "NaN is not JSON"),
        (b'{"decision_id": "x"} {}', "more than one value"),
        (b'{"decision_id": "\xff"}', "not UTF-8"),
        (b'{"decision_id": "\\ud800"}', "half a surrogate pair"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"decision_id": "x", "n": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b"[1, 2]", "no decision event"),
        (b'{"no": "id"}', "no decision event"),
        (b'{"decision_id": 7}', "no decision event"),
    ],
)
def test_a_broken_line_hides_no_other(tmp_path: Path, line: bytes, what: str) -> None:
    first, *others = LINES.splitlines(keepends=True)
    (tmp_path / "a.jsonl").write_bytes(first + line + b"\n" + b"".join(others))
    read, broken = _read(tmp_path / "a.jsonl", Limits())
    assert read == [event["decision_id"] for event in EVENTS]
    assert [(item.where, item.rest) for item in broken] == [(f"{tmp_path / 'a.jsonl'}:2", False)]
    assert what in broken[0].what


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'[{"decision_id": "a"}', "cut off"),
        (b'[{"decision_id": "a"},', "cut off"),
        (b'[{"decision_id": "a"}, {"decis', "not JSON"),
        (b'[{"decision_id": "a"} {"decision_id": "b"}]', "no comma"),
        (b'[{"decision_id": "a"}]\n[{"decision_id": "b"}]', "behind the array"),
    ],
)
def test_a_broken_array_gives_what_stands_before(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "a.json").write_bytes(data)
    for limits in (SMALL, Limits()):
        read, broken = _read(tmp_path / "a.json", limits)
        assert read == ["a"]
        assert [item.rest for item in broken] == [True]
        assert what in broken[0].what


def test_numbers_that_python_would_write_otherwise_keep_their_text(tmp_path: Path) -> None:
    texts = ['{"decision_id": "1", "n": 1.5}', '{"decision_id": "2", "n": 1e2}', '{"decision_id": "3", "n": 1.50}']
    for form in ("\n".join(texts), f"[{','.join(texts)}]"):
        (tmp_path / "n.json").write_text(form)
        assert [item.text for item in records([tmp_path / "n.json"]) if isinstance(item, Record)] == [None, *texts[1:]]


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    limits = Limits(record=1 << 20, free=1 << 20, ratio=100)
    (tmp_path / "zeros.gz").write_bytes(gzip.compress(b" " * (64 << 20)))
    (tmp_path / "lines.gz").write_bytes(gzip.compress(b'{"level":"info","msg":"x"}\n' * (1 << 21)))
    (tmp_path / "record.gz").write_bytes(gzip.compress(b'{"decision_id": "' + b"a" * (64 << 20)))
    tracemalloc.start()
    for name in ("zeros.gz", "lines.gz", "record.gz"):
        with pytest.raises(RefusedError, match=r"bomb|longer than") as caught:
            list(records([tmp_path / name], limits=limits))
        assert caught.value.exit_code == 4
        assert name in str(caught.value)
    assert tracemalloc.get_traced_memory()[1] < 24 << 20
    tracemalloc.stop()


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    event = json.dumps({"decision_id": "x", "input": {"pad": "p" * 2_000}}).encode() + b"\n"
    with gzip.open(tmp_path / "big.gz", "wb", compresslevel=1) as out:
        for _ in range(20_000):  # 40 MB
            out.write(event)
    tracemalloc.start()
    count = sum(1 for _ in records([tmp_path / "big.gz"], limits=Limits(chunk=1 << 16)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 4 << 20


def test_folders_are_searched_and_nothing_found_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    for name in ("b.jsonl.gz", "a.jsonl", "opa.log", ".hidden.json", "note.txt"):
        (tmp_path / "day" / name).write_bytes(LINES)
    names = ["a.jsonl", "b.jsonl.gz", "opa.log"]
    assert [path.name for path in files([tmp_path, tmp_path / "day" / "a.jsonl"])] == names
    (tmp_path / "none").mkdir()
    for missing in ("none", "nowhere"):
        with pytest.raises(ConfigError):
            files([tmp_path / missing])


def test_what_is_no_file_is_told_and_hangs_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.log")
    (tmp_path / "empty.json").write_bytes(b"")
    read, broken = _read(tmp_path / "fifo.log")
    assert (read, "cannot be read" in broken[0].what) == ([], True)
    read, broken = _read(tmp_path / "empty.json")
    assert (read, broken[0].what) == ([], "is empty")
