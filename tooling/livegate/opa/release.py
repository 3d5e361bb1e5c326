"""The official release asset, held against a SHA-256: the lock file's, else the release's own, which is then shown.

The release's own checksum proves that nothing was cut off or mixed up; only the lock proves that nobody changed
binary and checksum together. So the note of an installation says which of the two it was.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livegate.errors import EngineError, VerificationError
from livegate.opa.download import Downloader

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.surroundings import Surroundings
    from livegate.opa.tools import Tool
    from livegate.opa.ways import Report

_BINARY_LIMIT = 256 << 20
_CHECKSUMS_LIMIT = 64 << 10
# sha256sum's format: hash, blank, blank or * (binary), name, which may be a path.
_CHECKSUM = re.compile(r"([0-9a-f]{64})[ \t]+\*?(?:\S*/)?([^\s/]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The way over the releases page.

    Args:
        base: URL before ``/owner/name/releases/…``. limit: bytes of the largest binary taken.
    """

    base: str = "https://github.com"
    downloader: Downloader = field(default_factory=Downloader)
    limit: int = _BINARY_LIMIT
    name: str = "official release"

    def fetch(self, tool: Tool, into: Path, *, around: Surroundings, report: Report) -> str:
        """See :class:`livegate.opa.ways.Way`.

        Raises:
            EngineError: no asset for this platform, no checksum for it, or it cannot be fetched.
            VerificationError: the asset is not what the checksum says.
        """
        asset = tool.asset(around.target)
        if asset is None:
            raise EngineError(f"the release has no asset for {around.target}")
        folder = f"{self.base}/{tool.repository}/releases/download/v{tool.version}"
        expected, source = self._expected(tool, asset, folder)
        report(f"downloading {folder}/{asset}")
        try:
            with into.open("xb") as stream:
                found = self.downloader.fetch(f"{folder}/{asset}", stream, limit=self.limit)
        except OSError as error:
            raise EngineError(f"cannot be written: {error.strerror or error}", where=str(into)) from error
        if found != expected:
            raise VerificationError(
                f"{asset} has SHA-256 {found}, but {source} says {expected}",
                where=f"{folder}/{asset}",
                todo="nothing was installed; compare with the releases page over another network. If the download is "
                f"not at fault, set {tool.variable} to a {tool.name} that you trust",
            )
        return f"SHA-256 {found} of {asset}, as {source} says"

    def _expected(self, tool: Tool, asset: str, folder: str) -> tuple[str, str]:
        """The SHA-256 (lower-case hex) that the asset must have, and who says so."""
        if asset in tool.assets:
            return tool.assets[asset].lower(), "engine.lock.json"
        url = f"{folder}/{tool.checksums.format(asset=asset)}"
        buffer = io.BytesIO()
        self.downloader.fetch(url, buffer, limit=_CHECKSUMS_LIMIT)
        lines = buffer.getvalue().decode("utf-8", errors="replace").splitlines()
        found = {
            match.group(1).lower()
            for line in lines
            if (match := _CHECKSUM.fullmatch(line.strip())) and match.group(2) == asset
        }
        if len(found) != 1:
            raise EngineError(f"has {len(found)} checksums for {asset}, not one", where=url)
        return found.pop(), "the release's own checksum file"
