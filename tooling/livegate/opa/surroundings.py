"""What an installation depends on outside this package: environment, cache, platform, module folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from livegate.opa.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.opa.tools import Tool

# What a Go program needs to start and to resolve names and certificates, and what an operator gives its memory;
# no token, no cloud credential.
_PASSED = (
    "GOGC",
    "GOMEMLIMIT",
    "GOMAXPROCS",
    "PATH",
    "HOME",
    "TMPDIR",
    "TEMP",
    "TMP",
    "LANG",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SYSTEMROOT",
)


def plain_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` reduced to what a program needs to start, so that no secret is inherited."""
    return {name: environ[name] for name in _PASSED if name in environ}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Effects of an installation, gathered so that a test can give others.

    Args:
        environ: environment variables. cache: root of the per-user cache. target: platform of the binary.
        modules: folder with ``opa/go.mod`` and ``regal/go.mod`` (``tooling/engine`` of a checkout); None where the
            package is installed without its repository, and then nothing can be built.
    """

    environ: Mapping[str, str]
    cache: Path
    target: Target
    modules: Path | None = None

    @classmethod
    def here(cls, *, modules: Path | None = None) -> Surroundings:
        """This process's own; ``LIVEGATE_CACHE`` overrides the root of the cache."""
        named = os.environ.get("LIVEGATE_CACHE", "")
        cache = Path(named).expanduser().absolute() if named else platformdirs.user_cache_path("livegate")
        return cls(environ=os.environ, cache=cache, target=Target.here(), modules=modules)

    def cached(self, tool: Tool) -> Path:
        """Where the binary of this tool, version and platform is kept."""
        folder = self.cache / "engine" / f"{tool.name}-{tool.version}-{self.target}"
        return folder / self.target.executable(tool.name)
