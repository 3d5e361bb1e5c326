"""Whatever is uploaded, memory and disk stay bounded."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from livegate.bundle.intake import Intake, RejectedError

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_795_000_000_000_000_000
MINUTE = 60 * 10**9

# 192 MiB unpacked each; 768 MiB of addresses are for the interpreter, too
CHILD = """
import gzip, resource, sys
from pathlib import Path
from livegate.bundle.intake import Intake, RejectedError
size = 192 << 20
body = {
    "events": lambda: b"[" + b"{}," * ((size - 4) // 3) + b"{}]",
    "lists": lambda: b'[{"a":[' + b"[]," * ((size - 20) // 3) + b"[]]}]",
    "keys": lambda: b"[{" + b'"a":{},' * ((size - 20) // 7) + b'"a":{}}]',
    "spaces": lambda: b"[{}" + b" " * (size - 4) + b"]",
    "text": lambda: b'[{"a":"' + b"x" * (size - 20) + b'"}]',
    "zeros": lambda: bytes(size + (64 << 20)),
}[sys.argv[2]]()
sent = gzip.compress(body, 1)
del body
resource.setrlimit(resource.RLIMIT_AS, (768 << 20, 768 << 20))
folder = Path(sys.argv[1])
try:
    print(Intake(logs=folder / "l", statuses=folder / "s", now=lambda: 0).keep_log(sent, "gzip"))
except RejectedError as error:
    print(error.status)
"""


@pytest.mark.parametrize(
    ("kind", "said"), [("events", 413), ("lists", 1), ("keys", 1), ("spaces", 1), ("text", 1), ("zeros", 413)]
)
def test_the_largest_uploads_fit_into_bounded_memory(kind: str, said: int, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, tmp_path, kind], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == (str(said), 0), done.stderr


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """An intake with small bounds."""
    return Intake(logs=tmp_path / "l", statuses=tmp_path / "s", now=lambda: NOW, most_events=3, most_status=100)


@pytest.mark.parametrize("count", [3, 4])
def test_events_are_counted(count: int, intake: Intake) -> None:
    body = b"[" + b",".join([b'{"a":{"b":[{},{}]}}'] * count) + b"]"
    if count > 3:
        with pytest.raises(RejectedError) as caught:
            intake.keep_log(body, "")
        assert caught.value.status == 413
        assert not list(intake.logs.rglob("*"))
        return
    assert intake.keep_log(body, "") == 3
    [path] = intake.logs.rglob("*.gz")
    assert gzip.decompress(path.read_bytes()) == b'{"a":{"b":[{},{}]}}\n' * 3


@pytest.mark.parametrize(
    "body", [b'[{"a":tru}]', b'[{"a":1}{}]', b'[{"a":"\n"}]', b'[{"a":1}]x', b"[" + b'[{"a":' * 5000]
)
def test_what_is_read_over_is_still_read(body: bytes, intake: Intake) -> None:
    with pytest.raises(RejectedError) as caught:
        intake.keep_log(body, "")
    assert caught.value.status == 400
    assert not list(intake.logs.rglob("*.*"))


def test_a_status_is_small(intake: Intake) -> None:
    body = b'{"labels":{"id":"a"},"x":"%b"}' % (b"x" * 100)
    for sent, encoding in ((body, ""), (gzip.compress(body), "gzip")):
        with pytest.raises(RejectedError) as caught:
            intake.keep_status(sent, encoding)
        assert caught.value.status == 413


def test_a_full_folder_refuses_keeps_what_is_there_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [NOW]
    intake = Intake(logs=tmp_path / "l", statuses=tmp_path / "s", now=lambda: clock[0], most_logs=200)
    kept = tmp_path / "l" / "2026-01-01" / "old.jsonl.gz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(180))
    assert intake.keep_log(b'[{"a":1}]', "") == 1
    before = sorted(intake.logs.rglob("*.gz"))
    for turn in range(3):
        clock[0] = NOW + MINUTE + turn
        with pytest.raises(RejectedError) as caught:
            intake.keep_log(b'[{"a":2}]', "")
        assert caught.value.status == 507
        assert str(tmp_path) not in caught.value.what
    assert sorted(intake.logs.rglob("*.gz")) == before
    assert caplog.text.count("decision logs are refused") == 1, "once a minute, not for each upload"
    kept.rename(tmp_path / "archived.gz")
    clock[0] = NOW + 3 * MINUTE
    assert intake.keep_log(b'[{"a":2}]', "") == 1, "there is room again"
