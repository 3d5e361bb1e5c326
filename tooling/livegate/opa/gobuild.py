"""``go build`` of the module that ``tooling/engine/<tool>`` pins: go.sum proves every source file."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livegate.errors import EngineError
from livegate.opa.redact import tail

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.surroundings import Surroundings
    from livegate.opa.tools import Tool
    from livegate.opa.ways import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBuild:
    """The way over Go's module proxy, or its local cache when that has everything.

    Args:
        timeout: seconds; the first build of OPA compiles about 600 packages and takes minutes on a small machine.
    """

    timeout: float = 1800.0
    name: str = "go build"

    def fetch(self, tool: Tool, into: Path, *, around: Surroundings, report: Report) -> str:
        """See :class:`livegate.opa.ways.Way`.

        Raises:
            EngineError: no module folder, no Go, or the build fails; the end of Go's own message is in the error.
        """
        if around.modules is None or not (around.modules / tool.name / "go.mod").is_file():
            where = (
                "no module folder was named"
                if around.modules is None
                else f"{around.modules / tool.name} has no go.mod"
            )
            raise EngineError(f"{where} (run it inside a checkout of the project)")
        go = shutil.which("go", path=around.environ.get("PATH", ""))
        if go is None:
            raise EngineError("no `go` on the path")
        settings = [f"-X {name}={value.format(version=tool.version)}" for name, value in tool.linker.items()]
        command = [go, "build", "-mod=readonly", "-trimpath", "-buildvcs=false"]
        command += ["-ldflags", " ".join(["-s", "-w", *settings]), "-o", str(into), tool.module]
        report(f"building {tool} with {go} (the first time takes one to a few minutes)")
        self._run(command, folder=around.modules / tool.name, environ=self._environ(around))
        if not into.is_file():
            raise EngineError("go build left no binary", where=str(into))
        return f"built from {tool.module} v{tool.version}, sources proven by go.sum"

    def _environ(self, around: Surroundings) -> dict[str, str]:
        """The user's own (GOPROXY, GOTOOLCHAIN, proxies …) with what would change the outcome set by us."""
        return {
            **around.environ,
            "CGO_ENABLED": "0",  # no C compiler needed, and the same static binary whatever libc is here
            "GOWORK": "off",  # a go.work in a parent folder would replace our pins
            "GOOS": around.target.system,
            "GOARCH": around.target.machine,
        }

    def _run(self, command: list[str], *, folder: Path, environ: dict[str, str]) -> None:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"go build did not end within {self.timeout:g} s", where=str(folder)) from error
        except OSError as error:
            raise EngineError(f"go cannot be run: {error.strerror or error}", where=command[0]) from error
        if done.returncode != 0:
            said = tail(done.stderr.decode(errors="replace"), lines=5) or "no message"
            raise EngineError(f"go build ended with {done.returncode}: {said}", where=str(folder))
