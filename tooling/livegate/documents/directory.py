"""Who is who across systems: subjects of one source matched to identities of the IGA.

A PAM system knows user names, an IGA knows ids. What matches nobody, or more than one, is nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livegate.model.records import Identity


class Directory:
    """Identities by the attributes that sources name them with."""

    def __init__(self) -> None:
        self._by: dict[str, dict[str, str | None]] = {"id": {}, "user_name": {}, "external_id": {}}

    def add(self, identity: Identity) -> None:
        """Enter one identity. The same attribute on a second identity makes it match nobody."""
        self._enter("id", identity.id, identity.id)
        self._enter("user_name", identity.user_name, identity.id)
        self._enter("external_id", identity.external_id, identity.id)

    def find(self, attribute: str, value: str) -> str | None:
        """The id of the one identity whose ``attribute`` is ``value``; none if there is none, or several."""
        return self._by[attribute].get(value)

    def merge(self, other: Directory) -> None:
        """Enter all that another directory knows; what either calls ambiguous stays so."""
        for attribute, names in other._by.items():
            mine = self._by[attribute]
            twice = [value for value in mine.keys() & names.keys() if mine[value] != names[value]]
            mine |= names
            mine.update(dict.fromkeys(twice))

    def _enter(self, attribute: str, value: str, identity: str) -> None:
        if value:
            known = self._by[attribute].setdefault(value, identity)
            if known != identity:
                self._by[attribute][value] = None
