"""The command line as a person uses it: a process, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import platformdirs

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.project import Project


class Cli(Protocol):
    """Runs ``livegate`` with these arguments in a project; it must end with ``code`` and without a traceback."""

    def __call__(
        self, *arguments: str | Path, code: int = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]: ...


def command_line(project: Project, home: Path) -> Cli:
    """``livegate`` as a process, at home in ``home`` so that nothing of this user's is read or written."""

    def run(*arguments: str | Path, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        # the engine's cache alone is this user's: it was filled before the tests
        cache = os.environ.get("LIVEGATE_CACHE") or str(platformdirs.user_cache_path("livegate"))
        own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "LIVEGATE_CACHE": cache}
        done = subprocess.run(
            [sys.executable, "-m", "livegate", *map(str, arguments)],
            cwd=project.data.parent,
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
        return done

    return run
