"""Servers of other products on loopback: started for a test, waited for, and stopped by whoever started them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def script(name: str) -> str:
    """A program of the test's own environment."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed; it is one of the development dependencies")
    return found


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: list[str], ready: Callable[[], bool], log: Path, **environ: str) -> Iterator[None]:
    """Run a server inside; ``ready`` says that it is up."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environ}, cwd=log.parent
        )
    try:
        for _ in range(1200):
            if process.poll() is not None:
                pytest.fail(f"{command[0]} ended: {log.read_text()[-2000:]}")
            if ready():
                break
            time.sleep(0.05)
        else:
            pytest.fail(f"{command[0]} did not come up: {log.read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def answers(url: str) -> Callable[[], bool]:
    """Whether somebody answers at an address."""

    def ask() -> bool:
        try:
            return requests.get(url, timeout=5).status_code < 500
        except requests.ConnectionError:
            return False

    return ask
