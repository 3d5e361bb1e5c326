"""The two engines and where each is published. Versions and known checksums are in ``engine.lock.json``.

``version`` is what we pin and test; ``minimum`` is the least accepted of one that is already there. For OPA that is
1.21.3, which fixed a signature check that could be skipped (GHSA-g2pf-6v5v-qcc8).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from livegate.opa.versions import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.opa.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One engine.

    Args:
        name: name of the program, of its folder in the project's ``tooling/engine`` and of its lock entry.
        version: what is installed. minimum: the least accepted of a configured one or one on the path.
        variable: environment variable that names a binary.
        repository: ``owner/name`` on github.com; also the Go module, with ``github.com/`` before it.
        platforms: release asset by target, as the releases page names them.
        checksums: name of the release's own checksum file, ``{asset}`` replaced.
        assets: asset name to SHA-256 (hex), as far as the lock knows them.
        linker: ``-X`` settings that the official build makes, so that our build too tells its version.
        image: container image by ``{version}``. member: path of the binary in it.
    """

    name: str
    version: Version
    minimum: Version
    variable: str
    repository: str
    platforms: Mapping[str, str]
    checksums: str
    assets: Mapping[str, str] = field(default_factory=dict)
    linker: Mapping[str, str] = field(default_factory=dict)
    image: str
    member: str

    @property
    def module(self) -> str:
        """Import path of the program in Go."""
        return f"github.com/{self.repository}"

    def asset(self, target: Target) -> str | None:
        """Name of the release asset for ``target``; None when the release has none."""
        return self.platforms.get(str(target))

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def _locked(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath("engine.lock.json").read_text(encoding="utf-8")
    entry = json.loads(text)[name]
    return {
        "name": name,
        "version": Version.parse(entry["version"]),
        "minimum": Version.parse(entry["minimum"]),
        "assets": entry["assets"],
    }


OPA = Tool(
    **_locked("opa"),
    variable="LIVEGATE_OPA",
    repository="open-policy-agent/opa",
    # The static builds: they run on any libc. No static one is published for Intel macOS, nor Windows on ARM at all.
    platforms={
        "linux-amd64": "opa_linux_amd64_static",
        "linux-arm64": "opa_linux_arm64_static",
        "darwin-amd64": "opa_darwin_amd64",
        "darwin-arm64": "opa_darwin_arm64_static",
        "windows-amd64": "opa_windows_amd64.exe",
    },
    checksums="{asset}.sha256",
    image="openpolicyagent/opa:{version}-static",
    member="/opa",
)
"""The policy engine, https://github.com/open-policy-agent/opa/releases."""

REGAL = Tool(
    **_locked("regal"),
    variable="LIVEGATE_REGAL",
    repository="open-policy-agent/regal",
    platforms={
        "linux-amd64": "regal_Linux_x86_64",
        "linux-arm64": "regal_Linux_arm64",
        "darwin-amd64": "regal_Darwin_x86_64",
        "darwin-arm64": "regal_Darwin_arm64",
        "windows-amd64": "regal_Windows_x86_64.exe",
    },
    checksums="checksums.txt",
    # Without it a build of ours calls itself "unknown" (pkg/version/version.go).
    linker={"github.com/open-policy-agent/regal/pkg/version.Version": "{version}"},
    image="ghcr.io/open-policy-agent/regal:{version}",
    member="/ko-app/regal",
)
"""The linter for Rego, https://github.com/open-policy-agent/regal/releases."""
