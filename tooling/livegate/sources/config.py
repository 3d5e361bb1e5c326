"""Source configuration: ``data/sources/<system>.yaml``, one system a file, under its own name as key.

The name is the key because OPA, given ``data/``, merges all files of a folder; so it loads them as
``data.sources.<system>`` and no two files can collide. A secret is there by reference only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate import schema, yamlfiles
from livegate.errors import ConfigError
from livegate.model.instants import DAY, HOUR, MINUTE, SECOND
from livegate.model.snapshot import Domain

if TYPE_CHECKING:
    from pathlib import Path

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_IGA_ONLY = {"identities", "guards", "names", "unmatched_denies"}
_SUBJECTS_ONLY = {"correlate"}
_MAX_FALL = 0.2
_DURATION = re.compile(r"([1-9][0-9]*)([smhd])")


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One source.

    Attributes:
        system: its name, which grants and evidence carry.
        domain: ``iga``, ``pam`` or ``trust``.
        kind: the connector.
        max_age: how long its snapshot may be relied on, from ``observed_at`` (ns).
        max_fall: share of rows, by record kind, that may be gone since the snapshot before (0 to 1).
        keep: how many snapshots are kept.
        correlate: attribute of an identity that this source's subjects name.
        settings: the connector's own section.
        path: the file it came from, for messages.
        secondary: its identities are none of their own; their status counts where it is the stricter.
        guards: nothing is allowed while its snapshot is too old, even if it lists no identity and no deny.
        ignore_unmatched_denies: leave out a deny whose subject matches no identity, instead of refusing the document.
        names: issuer, and the attribute of this source's identities that it uses as subject: both make proof names.
    """

    system: str
    domain: Domain
    kind: str
    max_age: int
    max_fall: float
    keep: int
    correlate: str
    settings: dict[str, Any]
    path: Path
    secondary: bool = False
    guards: bool = False
    ignore_unmatched_denies: bool = False
    names: tuple[tuple[str, str], ...] = ()

    @property
    def where(self) -> str:
        """File and key, for messages."""
        return f"{self.path}: {self.system}"


def load(path: Path) -> SourceConfig:
    """Read one configuration.

    Raises:
        ConfigError: names the file and the key that is wrong.
    """
    document = yamlfiles.load(path)
    if not isinstance(document, dict) or list(document) != [path.stem]:
        raise ConfigError(f"the one key at the top must be the file's name, {path.stem!r}", where=str(path))
    schema.check(document, schema.validator("livegate.sources", "source"), where=str(path))
    section = document[path.stem]
    for key in _IGA_ONLY & section.keys() if section["domain"] != Domain.IGA else ():
        raise ConfigError("says something of IGA sources only", where=f"{path}: {path.stem}.{key}", todo="leave it out")
    if "names" in section and section.get("identities") == "secondary":
        raise ConfigError(
            "a secondary source names nobody",
            where=f"{path}: {path.stem}.names",
            todo="say it of the source that is primary for these identities",
        )
    trust = section["domain"] == Domain.TRUST
    for key in _SUBJECTS_ONLY & section.keys() if trust else ():
        raise ConfigError("keys have no subjects", where=f"{path}: {path.stem}.{key}", todo="leave it out")
    return SourceConfig(
        system=path.stem,
        domain=Domain(section["domain"]),
        kind=section["kind"],
        max_age=duration(section["max_age"]),
        # of two keys one goes at each rotation, and a withdrawn key must not live on until somebody agrees
        max_fall=float(section.get("max_fall", 1.0 if trust else _MAX_FALL)),
        keep=section.get("keep", 10),
        correlate=section.get("correlate", "id"),
        settings=section[section["kind"]],
        path=path,
        secondary=section.get("identities") == "secondary",
        guards=section.get("guards", False),
        ignore_unmatched_denies=section.get("unmatched_denies") == "ignore",
        names=tuple((item["issuer"], item["attribute"]) for item in section.get("names", ())),
    )


def load_all(folder: Path) -> list[SourceConfig]:
    """Every ``*.yaml`` of the folder, in order of name; see :func:`load`."""
    return [load(path) for path in sorted(folder.glob("*.yaml"))]


def duration(text: str) -> int:
    """Nanoseconds of ``30s``, ``15m``, ``24h``, ``7d``.

    Raises:
        ValueError: anything else.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration; write 30s, 15m, 24h or 7d")
    return int(match[1]) * _UNITS[match[2]]
