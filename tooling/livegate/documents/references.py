"""Names that one hand-kept document uses and another must have: a typing error there would deny in silence.

Pure. What is wrong is a :class:`~livegate.errors.DocumentError` that names the place and the near miss.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from livegate.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def check_catalog(catalog: Mapping[str, Any], *, where: str) -> None:
    """Permits name entitlements that exist and actions that exist; actions and entitlements name applications that do.

    Raises:
        DocumentError: one does not; names it and the nearest that exists.
    """
    entitlements, applications, actions = catalog["entitlements"], catalog["applications"], catalog["actions"]
    for kind, permitted in catalog["permits"].items():
        for action, names in permitted.items():
            if action not in actions.get(kind, {}):
                raise _unknown(f"permits.{kind}", action, actions.get(kind, {}), "action", where)
            for name in names:
                if name not in entitlements:
                    raise _unknown(f"permits.{kind}.{action}", name, entitlements, "entitlement", where)
    for kind, described in actions.items():
        for action, facts in described.items():
            if facts["application"] not in applications:
                raise _unknown(f"actions.{kind}.{action}", facts["application"], applications, "application", where)
    for name, facts in entitlements.items():
        if facts["application"] not in applications:
            raise _unknown(f"entitlements.{name}", facts["application"], applications, "application", where)


def check_trust(trust: Mapping[str, Any], *, where: str) -> None:
    """Callers name PEPs that exist.

    Raises:
        DocumentError: one does not; the caller's hash is not shown.
    """
    for who in trust["callers"].values():
        if "pep" in who and who["pep"] not in trust["peps"]:
            raise _unknown("callers", who["pep"], trust["peps"], "PEP", where)


def check_gates(config: Mapping[str, Any], gates: Iterable[str], *, where: str) -> None:
    """The gates that the configuration asks for are in the policy.

    Raises:
        DocumentError: one is not: the policy would deny everything.
    """
    known = set(gates)
    for name in config["gates"]:
        if name not in known:
            raise _unknown("gates", name, known, "gate", where)


def _unknown(place: str, name: str, known: Iterable[str], what: str, where: str) -> DocumentError:
    near = difflib.get_close_matches(name, list(known), n=1)
    todo = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted(known)) or 'none'}"
    return DocumentError(f"{place}: no {what} {name!r}", where=where, todo=todo)
