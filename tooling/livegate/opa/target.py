"""The platform that a binary is for, in Go's words (``GOOS``, ``GOARCH``)."""

from __future__ import annotations

import platform
from dataclasses import dataclass

_SYSTEMS = {"linux": "linux", "darwin": "darwin", "windows": "windows"}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Target:
    """Operating system and architecture; what is unknown keeps its own name, and no release asset matches it."""

    system: str
    machine: str

    @classmethod
    def here(cls) -> Target:
        """The machine that this runs on."""
        system, machine = platform.system().lower(), platform.machine().lower()
        return cls(_SYSTEMS.get(system, system), _MACHINES.get(machine, machine))

    def executable(self, name: str) -> str:
        """File name of a program called ``name``."""
        return f"{name}.exe" if self.system == "windows" else name

    def __str__(self) -> str:
        return f"{self.system}-{self.machine}"
