"""What a case says of its credential and of the signature: names resolved, times as instants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.errors import SuiteError
from livegate.regression.reading import instant_of, near

if TYPE_CHECKING:
    from livegate.regression.places import At

_TIMES = frozenset({"iat", "exp", "nbf"})
_TIME = re.compile(r"[+-]\d|\d{4}-\d\d-\d\dT")  # other text in a claim is a claim that is wrong


def credential(
    entry: dict[str, Any] | None, known: dict[str, Any], instant: int, at: At, path: tuple[str | int, ...]
) -> dict[str, Any] | None:
    """A credential, whole: what it is like, and what the case says of it; times as instants (ns).

    Args:
        entry: of the case, as the suite's schema has it. known: the suite's credentials, by name.
        instant: of the case (ns). at, path: where it stands, for errors.

    Raises:
        SuiteError: it is like none, or of no kind, or a time is none; names line and column.
    """
    if entry is None:
        return None
    if "like" in entry:
        if entry["like"] not in known:
            raise SuiteError(
                f"{schema.key_path((*path, 'like'))}: {entry['like']!r} is none of the suite's credentials",
                where=at.of((*path, "like")),
                todo=near(entry["like"], sorted(known)),
            )
        entry = _over(known[entry["like"]], {name: value for name, value in entry.items() if name != "like"})
    elif "kind" not in entry:
        raise SuiteError(f"{schema.key_path(path)}: names no kind", where=at.of(path), todo="kind, or like")
    made = _dated(entry, instant, at, path)
    return {**made, "proof": _dated(made["proof"], instant, at, (*path, "proof"))} if "proof" in made else made


def _over(base: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the members of ``entry`` put over it; objects (claims, header …) member by member."""
    return base | {
        name: {**base[name], **value} if isinstance(value, dict) and isinstance(base.get(name), dict) else value
        for name, value in entry.items()
    }


def signed_by(
    entry: str | dict[str, Any] | None, instant: int, at: At, path: tuple[str | int, ...]
) -> dict[str, Any] | None:
    """Who signs the request, as ``pep``, and how; times as instants (ns). Raises as :func:`credential`."""
    if entry is None:
        return None
    return {"pep": entry} if isinstance(entry, str) else _dated(entry, instant, at, path)


def _dated(entry: dict[str, Any], instant: int, at: At, path: tuple[str | int, ...]) -> dict[str, Any]:
    """The same with the times of its claims as instants (ns): an offset counts from the case's own instant."""
    claims = {
        name: instant_of(value, instant, at, (*path, "claims", name))
        if name in _TIMES and isinstance(value, str) and _TIME.match(value)
        else value
        for name, value in entry.get("claims", {}).items()
    }
    return {**entry, "claims": claims}
