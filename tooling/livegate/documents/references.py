"""Names that one hand-kept document uses and another must have: a typing error there would deny in silence.

Pure. What is wrong is a :class:`~livegate.errors.DocumentError` that names the place and the near miss.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

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
    for kind, described in actions.items():
        for action, facts in described.items():
            _check_limits(facts.get("limits", {}), f"actions.{kind}.{action}.limits", where)
    _check_combinations(catalog, where)
    _check_profiles(catalog, where)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # it walks a folder of hundreds of files each time


def _check_limits(limits: Mapping[str, Any], place: str, where: str) -> None:
    """What the schema cannot see: zones that exist, windows that open, patterns that are some."""
    for number, window in enumerate(limits.get("windows", ())):
        if window["zone"] not in _zones():
            raise _unknown(f"{place}.windows[{number}]", window["zone"], _zones(), "time zone", where)
        if window["from"] >= window["to"]:
            raise DocumentError(
                f"{place}.windows[{number}]: ends before it begins",
                where=where,
                todo="a window over midnight is two windows, one of each day",
            )
    try:
        re.compile(f"^(?:{limits.get('ticket', '')})$")
    except re.error as error:
        raise DocumentError(f"{place}.ticket: no regular expression ({error})", where=where) from error


def _check_combinations(catalog: Mapping[str, Any], where: str) -> None:
    labels = {
        label for kind in catalog["actions"].values() for facts in kind.values() for label in facts.get("labels", {})
    }
    for name, rule in catalog.get("combinations", {}).items():
        for side in ("after", "then"):
            if rule[side] not in labels:
                raise _unknown(f"combinations.{name}.{side}", rule[side], labels, "label of an action", where)


def _check_profiles(catalog: Mapping[str, Any], where: str) -> None:
    profiles = catalog.get("profiles", {})
    for name, application in catalog["applications"].items():
        if "profile" in application and application["profile"] not in profiles:
            raise _unknown(f"applications.{name}", application["profile"], profiles, "profile", where)
    for name, profile in profiles.items():
        for kind, names in profile["actions"].items():
            for action in names:
                if action not in catalog["actions"].get(kind, {}):
                    known = catalog["actions"].get(kind, {})
                    raise _unknown(f"profiles.{name}.actions.{kind}", action, known, "action", where)


def check_profiles(catalog: Mapping[str, Any], trust: Mapping[str, Any], *, where: str) -> None:
    """Profiles name PEPs that exist.

    Raises:
        DocumentError: one does not: an application that passes no context would be denied in silence.
    """
    for name, profile in catalog.get("profiles", {}).items():
        if profile["pep"] not in trust["peps"]:
            raise _unknown(f"profiles.{name}", profile["pep"], trust["peps"], "PEP", where)


def check_trust(trust: Mapping[str, Any], *, where: str) -> None:
    """Callers and workloads name PEPs that exist; names of issuers hold nothing that ends a name elsewhere.

    Raises:
        DocumentError: one does not; the caller's hash is not shown.
    """
    for collection in ("callers", "workloads"):
        for who in trust.get(collection, {}).values():
            if "pep" in who and who["pep"] not in trust["peps"]:
                raise _unknown(collection, who["pep"], trust["peps"], "PEP", where)
    kinds = trust.get("issuers", {})
    places = {f"issuers.{kind}": names for kind, names in kinds.items()}
    places |= {collection: trust.get(collection, {}) for collection in ("keys", "roots", "sources")}
    for place, names in places.items():
        for name in names:
            # `issuer#kid` names a key to be revoked, `issuer#sub` an identity, and `|` ends a field of one
            if not name or set(name) & set("#|"):
                raise DocumentError(f"{place}: the issuer {name!r} is empty or holds '#' or '|'", where=where)


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
    todo = f"did you mean {near[0]!r}?" if near else f"there is {_shown(known)}"
    return DocumentError(f"{place}: no {what} {name!r}", where=where, todo=todo)


def _shown(known: Iterable[str], most: int = 20) -> str:
    names = sorted(known)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "") or "none"
