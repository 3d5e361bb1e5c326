"""The ``jwks`` connector: the keys of one issuer, as its JWK Set lists them (RFC 7517).

Keys for signatures (``use`` is ``sig`` or absent) become records; those for encryption are none of ours. What
cannot be used is left out and shown, and spoils no other. An empty set is a complete one: nothing verifies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.model.records import Key, KeyUse
from livegate.model.snapshot import Quarantined
from livegate.sources import keys
from livegate.sources.keyset import Publication
from livegate.sources.protocol import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from livegate.sources.config import SourceConfig
    from livegate.sources.keyset import KeySet
    from livegate.sources.protocol import Effects, Row


class JwksSource:
    """One issuer; implements :class:`livegate.sources.protocol.Source`."""

    def __init__(self, config: SourceConfig, effects: Effects) -> None:
        """Read the ``jwks`` section of the configuration; nothing is sent yet.

        Raises:
            ConfigError: an address that must not be used.
        """
        self._issuer: str = config.settings["issuer"]
        self._rsa_alg: str = config.settings.get("rsa_alg", "RS256")
        self._publication = Publication(config.settings, where=f"{config.where}.jwks", effects=effects)

    def listing(self) -> Listing:
        """The keys that are published now.

        Raises:
            SourceError: not reached, refused, or no JWK Set.
        """
        found = self._publication.read()
        return Listing(found.observed_at, self._rows(found))

    def _rows(self, found: KeySet) -> Iterator[Row]:
        repeated = found.repeated()
        for number, entry in enumerate(found.entries):
            where = f"{self._issuer}: keys[{number}]"
            if isinstance(entry, dict) and entry.get("use") == "enc" and not keys.is_private(entry):
                continue
            try:
                yield self._key(entry, repeated)
            except ValueError as error:
                yield Quarantined(where=where, reason=str(error))

    def _key(self, entry: Any, repeated: frozenset[str]) -> Key:
        if not isinstance(entry, dict):
            raise ValueError("no object")  # a row that cannot be mapped, whatever it is
        use = entry.get("use", "sig")
        if use != "sig" and not keys.is_private(entry):  # which is worth more to be said
            raise ValueError("its use is not known here")
        found = keys.checked(entry, rsa_alg=self._rsa_alg)
        kid = keys.key_id(entry)
        if kid in repeated:
            raise ValueError("another key has this kid, and nobody can say which is meant")
        return Key(id=kid, issuer=self._issuer, use=KeyUse.SIG, alg=found.alg, jwk=found.jwk(kid))
