"""Documents that no build would ship, as OPA might have them all the same: none at all, or what no schema takes.

The checks of sync and build come first; whoever holds the signing key, or a bundle that never came, passes them by. So
cases can say what the policy then does. The bundles are signed like any other, so that OPA takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.regression.overlay import patched

if TYPE_CHECKING:
    from collections.abc import Mapping

Patches = list[dict[str, Any]]
"""Root → merge patch (RFC 7386), or None where nothing is loaded under it; one after the other."""


def patches(text: str) -> Patches:
    """What :attr:`livegate.regression.cases.Given.spoilt` says."""
    found: Patches = canonical.loads(text.encode(), where="spoilt") if text else []
    return found


def then(text: str, patch: Mapping[str, Any] | None) -> str:
    """``text`` with one patch more; unchanged for None."""
    return canonical.dumps([*patches(text), dict(patch)]).decode() if patch else text


def documents(sound: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Root → document, spoilt."""
    made = dict(sound)
    for patch in patches(text):
        for root, one in patch.items():
            made[root] = {} if one is None else patched(made[root], one)
    return made
