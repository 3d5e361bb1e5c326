"""The interface of a way to get an engine, and the words in which it reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.surroundings import Surroundings
    from livegate.opa.tools import Tool

Report = Callable[[str], None]
"""Takes one line of progress, for a person."""


class Way(Protocol):
    """One way to get the binary of a tool. It writes one file; trying, locking and moving are the frame's."""

    @property
    def name(self) -> str:
        """As an engine's origin shows it, for example ``official release``."""

    def fetch(self, tool: Tool, into: Path, *, around: Surroundings, report: Report) -> str:
        """Write the binary to ``into`` (its folder exists, the file does not).

        Returns:
            What is to be known of it, for example the checksum that it was held against.

        Raises:
            EngineError: this way does not work here; the next is tried, and the reason is kept.
            VerificationError: what came is not what was promised; nothing else is tried.
        """
