"""``livegate up --example``: stays up, answers, is revoked, and leaves nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.long


@pytest.fixture
def up(pytestconfig: pytest.Config) -> object:
    """A running deployment: its process, and what it said."""
    child = subprocess.Popen(
        [sys.executable, "-m", "livegate", "up", "--example", "--port", "0", "--every", "1"],
        cwd=pytestconfig.rootpath,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    said = ""
    while "up; stop" not in said:
        line = child.stderr.readline()
        assert line, said
        said += line
    yield child, said
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)


def test_it_decides_is_revoked_and_goes(up: tuple[subprocess.Popen[str], str], pytestconfig: pytest.Config) -> None:
    child, said = up
    url = re.search(r"decisions (\S+)", said)[1]  # type: ignore[index]  # it is there or the test fails
    folder = _workspace(child)
    token = (folder / ".livegate" / "tokens" / "db-proxy").read_text()
    body = (folder / "request.json").read_text()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    assert requests.post(url, data=body, headers=headers, timeout=10).json()["result"]["decision"] is True
    assert requests.post(url, data=body, timeout=10).status_code == 401
    other = {**json.loads(body)["input"], "context": {"pep": "ledger-api"}}
    assert requests.post(url, json={"input": other}, headers=headers, timeout=10).status_code == 401, "another's name"
    assert requests.get(url.replace("authz/evaluation", "iga"), headers=headers, timeout=10).status_code == 401

    def livegate(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "livegate", *arguments, "--project", str(folder)],
            cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip

    explained = livegate(
        "decide",
        str(folder / "request.json"),
        "--url",
        url.split("/v1")[0],
        "--token",
        f"file:{folder}/.livegate/tokens/db-proxy",
    )
    assert "ALLOW" in explained
    assert "orders:dba@account:prod" in explained
    livegate("revoke", "subject", "alice", "--key", f"file:{folder}/keys/example.pem")
    deadline = time.monotonic() + 10
    while requests.post(url, data=body, headers=headers, timeout=10).json()["result"]["decision"]:
        assert time.monotonic() < deadline
    denied = requests.post(url, data=body, headers=headers, timeout=10).json()["result"]
    assert [reason["id"] for reason in denied["context"]["reasons"]] == ["revocation.subject"]

    deadline = time.monotonic() + 20
    while not (opas := json.loads(livegate("status", "--format", "json"))["opas"]):
        assert time.monotonic() < deadline, "OPA's status has not arrived"
        time.sleep(0.2)
    assert {row["bundle"] for row in opas} == {"policy", "iga", "pam", "trust", "revocations"}

    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == 0
    assert not folder.exists()


def _workspace(child: subprocess.Popen[str]) -> Path:
    assert child.stdout is not None
    while True:
        line = child.stdout.readline()
        assert line
        found = re.search(r"--project (\S+) --key", line)
        if found:
            return Path(found[1])


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_closed_terminal_leaves_nothing(up: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    child, said = up
    folder = _workspace(child)
    port = int(re.search(r"decisions http://127\.0\.0\.1:(\d+)", said)[1])  # type: ignore[index]  # there or it fails
    child.send_signal(number)
    child.communicate(timeout=60)
    assert child.returncode == 0
    assert not folder.exists()
    assert not _listens(port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_opa_goes_with_a_killed_parent(up: tuple[subprocess.Popen[str], str]) -> None:
    child, said = up
    folder = _workspace(child)
    port = int(re.search(r"decisions http://127\.0\.0\.1:(\d+)", said)[1])  # type: ignore[index]  # there or it fails
    assert _listens(port)
    child.kill()
    deadline = time.monotonic() + 20
    while _listens(port):
        assert time.monotonic() < deadline, "OPA outlived what started it"
        time.sleep(0.1)
    shutil.rmtree(folder)  # nobody else could


@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_stop_while_starting_leaves_nothing(command: str, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    arguments = ["--example", "--port", "0"] if command == "up" else []
    child = subprocess.Popen(
        [sys.executable, "-m", "livegate", command, *arguments],
        cwd=pytestconfig.rootpath,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("livegate-*")):
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.send_signal(signal.SIGHUP)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert list(tmp_path.glob("livegate-*")) == []


def test_the_example_goes_on_being_exported(up: tuple[subprocess.Popen[str], str]) -> None:
    child, _ = up
    manifest = _workspace(child) / "data" / "example" / "elevations.jsonl.manifest"
    before = json.loads(manifest.read_text())["exported_at"]
    deadline = time.monotonic() + 30
    while json.loads(manifest.read_text())["exported_at"] == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
