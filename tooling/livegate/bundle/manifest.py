"""The ``.manifest`` of a bundle, from the stamp of its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livegate.documents.stamp import Stamp


def manifest_of(mark: Stamp, roots: tuple[str, ...]) -> dict[str, Any]:
    """The ``.manifest`` of a bundle with this stamp."""
    return {
        "revision": mark.revision,
        "roots": sorted(roots),
        "rego_version": 1,
        "metadata": {"sequence": mark.sequence, "issued_at": mark.issued_at, "expires_at": mark.expires_at},
    }
