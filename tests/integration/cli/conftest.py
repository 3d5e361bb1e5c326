"""The command line as a person uses it: a process, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import platformdirs
import pytest

from livegate.pipeline import example
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path


class Cli(Protocol):
    """Runs ``livegate`` with these arguments in the project."""

    def __call__(
        self, *arguments: str | Path, code: int = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """A project of its own with the example's exports of now."""
    import time  # noqa: PLC0415

    now = time.time_ns() // 10**9 * 10**9
    return example.workspace(Project.at(pytestconfig.rootpath), tmp_path / "project", now=now)


@pytest.fixture
def cli(project: Project, tmp_path: Path) -> Cli:
    """``livegate``, at home in ``tmp_path`` so that nothing of this user's is read or written."""

    def run(*arguments: str | Path, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        # the engine's cache alone is this user's: it was filled before the tests
        cache = os.environ.get("LIVEGATE_CACHE") or str(platformdirs.user_cache_path("livegate"))
        home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "LIVEGATE_CACHE": cache}
        done = subprocess.run(
            [sys.executable, "-m", "livegate", *map(str, arguments)],
            cwd=project.data.parent,
            env={**os.environ, **home, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
        return done

    return run
