"""Where things are: the folders of a checkout, and of a run that lives beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livegate.errors import ConfigError, LivegateError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The folders that a run reads and writes.

    Attributes:
        rego: authorization logic.
        data: the document tree, source configuration in ``sources/``.
        bundles: bundle definitions, public keys in ``keys/``, and what is built in ``dist/``.
        engine: pinned modules of OPA and Regal.
        state: snapshots, decision logs, statuses, OPA's own state; not kept in git.
    """

    rego: Path
    data: Path
    bundles: Path
    engine: Path
    state: Path

    @classmethod
    def at(cls, folder: Path) -> Project:
        """The project of a checkout in its standard layout."""
        return cls(
            rego=folder / "rego",
            data=folder / "data",
            bundles=folder / "bundles",
            engine=folder / "tooling" / "engine",
            state=folder / ".livegate",
        )

    @classmethod
    def find(cls, start: Path) -> Project:
        """The project that ``start`` lies in.

        Raises:
            ConfigError: neither ``start`` nor a folder above it has ``rego/``, ``data/`` and ``bundles/``.
        """
        for folder in (start, *start.parents):
            if all((folder / part).is_dir() for part in ("rego", "data", "bundles")):
                return cls.at(folder)
        raise ConfigError(
            "no project here: a project has the folders rego/, data/ and bundles/",
            where=str(start),
            todo="change into a checkout, or name one with --project",
        )

    def private_state(self) -> Path:
        """:attr:`state`, made for its owner alone (0700) by whoever needs it first.

        Raises:
            LivegateError: it cannot be made.
        """
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise LivegateError(f"cannot make the folder: {error.strerror or error}", where=str(self.state)) from error
        return self.state

    @property
    def dist(self) -> Path:
        """Built bundles; what the server serves."""
        return self.bundles / "dist"

    @property
    def keys(self) -> Path:
        """Public keys."""
        return self.bundles / "keys"

    @property
    def sources(self) -> Path:
        """Source configurations."""
        return self.data / "sources"

    @property
    def snapshots(self) -> Path:
        """The snapshot store."""
        return self.state / "snapshots"

    @property
    def logs(self) -> Path:
        """Decision logs that OPAs upload."""
        return self.state / "logs"

    @property
    def statuses(self) -> Path:
        """The last status of each OPA."""
        return self.state / "status"
