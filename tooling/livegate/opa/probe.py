"""Ask a binary which version it is, before it is trusted with anything."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from livegate.errors import EngineError
from livegate.opa.redact import tail
from livegate.opa.surroundings import plain_environment
from livegate.opa.versions import Version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LINE = re.compile(r"^Version:\s*(\S+)\s*$", re.MULTILINE)
_SECONDS = 60.0


def version_of(path: Path, *, environ: Mapping[str, str], timeout: float = _SECONDS) -> Version:
    """Run ``path version`` (OPA and Regal answer alike) and read its ``Version:`` line.

    Args:
        path: the binary. timeout: seconds; generous, as a first start from a cold disk is slow.
        environ: only what a program needs to start is passed on.

    Raises:
        EngineError: it cannot be run, fails, hangs or does not tell a version.
    """
    try:
        done = subprocess.run(
            [str(path), "version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            env=plain_environment(environ),
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"gave no answer to `version` in {timeout:g} s", where=str(path)) from error
    except OSError as error:
        raise EngineError(f"cannot be run: {error.strerror or error}", where=str(path)) from error
    output = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        said = tail(done.stderr.decode(errors="replace") or output, lines=3)
        raise EngineError(f"`version` ended with {done.returncode}: {said or 'no message'}", where=str(path))
    match = _LINE.search(output)
    try:
        return Version.parse(match.group(1) if match else "")
    except ValueError:
        said = match.group(1)[:60] if match else "nothing"
        raise EngineError(f"does not tell its version (`Version:` says {said})", where=str(path)) from None
