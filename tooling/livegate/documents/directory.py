"""Who is who across systems: subjects of one source matched to identities of the IGA.

A PAM system knows user names, an IGA knows ids. What gives rights to nobody, or to more than one, gives
them to nobody; what takes them takes them from every candidate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livegate.model.records import Identity


class Directory:
    """Identities by the attributes that sources name them with."""

    def __init__(self) -> None:
        # nearly every name is one identity's, and as a plain string it takes the least memory
        self._by: dict[str, dict[str, str | tuple[str, ...]]] = {"id": {}, "user_name": {}, "external_id": {}}

    def add(self, identity: Identity) -> None:
        """Enter one identity. The same attribute on a second identity makes it ambiguous."""
        self._enter("id", identity.id, identity.id)
        self._enter("user_name", identity.user_name, identity.id)
        self._enter("external_id", identity.external_id, identity.id)

    def find(self, attribute: str, value: str) -> str | None:
        """The id of the one identity whose ``attribute`` is ``value``; none if there is none, or several."""
        found = self._by[attribute].get(value)
        return found if isinstance(found, str) else None

    def candidates(self, attribute: str, value: str) -> tuple[str, ...]:
        """The ids of all identities whose ``attribute`` is ``value``, in order; none is the empty tuple."""
        found = self._by[attribute].get(value)
        return () if found is None else _several(found)

    def merge(self, other: Directory) -> None:
        """Enter all that another directory knows; what either calls ambiguous stays so."""
        for attribute, names in other._by.items():
            mine = self._by[attribute]
            twice = {
                value: _joined(mine[value], names[value])
                for value in mine.keys() & names.keys()
                if mine[value] != names[value]
            }
            mine |= names
            mine |= twice

    def _enter(self, attribute: str, value: str, identity: str) -> None:
        if value:
            known = self._by[attribute].setdefault(value, identity)
            if known != identity:
                self._by[attribute][value] = _joined(known, identity)


def _several(found: str | tuple[str, ...]) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else found


def _joined(one: str | tuple[str, ...], other: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*_several(one), *_several(other)}))
