"""Versions of OPA and Regal, compared as Semantic Versioning 2.0.0 orders them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """``major.minor.patch``; ``final`` is false for a pre-release, which comes before its release."""

    major: int
    minor: int
    patch: int
    final: bool = True
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``1.22.2``, ``v1.22.2`` or ``1.23.0-dev``.

        Raises:
            ValueError: not such a version.
        """
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text.strip()[:60]!r} is not a version such as 1.22.2")
        major, minor, patch, suffix = match.groups()
        return cls(int(major), int(minor), int(patch), suffix is None, suffix or "")

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}{self.suffix}"
