"""``livegate up --example``: stays up, answers, is revoked, and leaves nothing."""

from __future__ import annotations

import json
import re
import signal
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
