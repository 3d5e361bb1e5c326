"""Proof names: what a verified token or certificate calls somebody, to the one identity that it means.

A name is a SPIFFE ID or ``issuer#subject``. One that two identities have names nobody, for whoever could give
himself another's name would else be that other. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPIFFE = re.compile(r"spiffe://[a-z0-9._-]+(?:/[A-Za-z0-9._-]+)+", re.ASCII)
_SPIFFE_LIMIT = 2048
_ISSUED = re.compile(r"[^#|]+#.+", re.DOTALL)
_SCHEME = "spiffe:"


def is_name(text: str) -> bool:
    """Whether a proof could give this name: a SPIFFE ID (SPIFFE-ID section 2, narrowed), or ``issuer#subject``.

    A SPIFFE ID has at most 2,048 characters, a path, lower case in its trust domain, and no segment ``.`` or
    ``..``; whatever else claims to be one is no name. Nor is text with what no terminal shows.
    """
    if text[: len(_SCHEME)].casefold() == _SCHEME:
        return (
            len(text) <= _SPIFFE_LIMIT
            and _SPIFFE.fullmatch(text) is not None
            and not {".", ".."} & set(text.split("/")[3:])
        )
    return text.isprintable() and _ISSUED.fullmatch(text) is not None


class ProofNames:
    """Names and whom they mean."""

    def __init__(self) -> None:
        # nearly every name is one identity's, and as a plain string it takes the least memory
        self._names: dict[str, str | tuple[str, ...]] = {}

    def add(self, name: str, identity: str) -> bool:
        """Enter one name of an identity; false, and nothing entered, if it is none (see :func:`is_name`)."""
        if not is_name(name):
            return False
        self._enter(name, (identity,))
        return True

    def merge(self, other: ProofNames) -> None:
        """Enter all that another one knows."""
        for name, found in other._names.items():
            self._enter(name, (found,) if isinstance(found, str) else found)

    def certain(self) -> dict[str, str]:
        """The names that mean one identity, each with it."""
        return {name: found for name, found in self._names.items() if isinstance(found, str)}

    def ambiguous(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The names that mean several identities, each with them, in order of the name."""
        for name in sorted(name for name, found in self._names.items() if not isinstance(found, str)):
            found = self._names[name]
            yield name, (found,) if isinstance(found, str) else found

    def _enter(self, name: str, identities: tuple[str, ...]) -> None:
        known = self._names.get(name, ())
        several = sorted({*((known,) if isinstance(known, str) else known), *identities})
        self._names[name] = several[0] if len(several) == 1 else tuple(several)
