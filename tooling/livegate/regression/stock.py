"""What the organisations of one run have in common, made once: a key, issuers, bundles, and sound organisations.

A reference suite asks of hundreds of organisations, and most differ from each other in one document. Two that trust
alike have the same issuers with the same keys; two bundles with the same stamp, which names their content by its
digest, are one file, signed and verified once. All of it ends with the run.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from livegate import canonical
from livegate.bundle import build as bundles
from livegate.bundle import definition, keys
from livegate.bundle.signing import KeySigner
from livegate.pipeline import build
from livegate.pipeline.issue import SYNCED
from livegate.regression.issuers import Issuers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livegate.bundle.definition import Definition
    from livegate.documents.stamp import Stamp
    from livegate.project import Project
    from livegate.regression.cases import Given
    from livegate.regression.population import Issued
    from livegate.regression.shipped import Opened

KID = "regression"


@dataclass(slots=True, kw_only=True)
class Stock:
    """One run's. ``folder``: its own, private and empty; what is in it must stay for as long as anything of it is used.

    Attributes:
        public: the key that OPA verifies with. made: what was made of a population. opened: bundles that were verified.
    """

    folder: Path
    signer: KeySigner = field(repr=False)
    public: Path
    made: dict[Given, Issued] = field(default_factory=dict, repr=False)
    opened: dict[Path, Opened] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _issuers: dict[bytes, Issuers] = field(default_factory=dict, repr=False)
    _bundles: dict[tuple[str, Stamp], Path] = field(default_factory=dict, repr=False)

    @classmethod
    def new(cls, folder: Path) -> Self:
        """A stock with a key of its own.

        Raises:
            ConfigError: the folder cannot be written to.
        """
        private, public = keys.new(KID, folder / "key", folder / "public")
        return cls(folder=folder, signer=KeySigner.load(KID, f"file:{private}"), public=public)

    def issuers(self, trust: Mapping[str, Any]) -> Issuers:
        """Who mints credentials for a ``trust`` document without keys; the same for the same."""
        key = hashlib.sha256(canonical.dumps(dict(trust))).digest()
        with self._lock:
            if key not in self._issuers:
                self._issuers[key] = Issuers.of(trust)
            return self._issuers[key]

    def bundles(self, work: Project, *, now: int, outage: int) -> tuple[Path, ...]:
        """The signed bundles of a workspace, in the order of :data:`livegate.pipeline.build.ALL`.

        Args:
            work: documents of IGA and PAM are issued already. now: when all else is issued (ns), ``outage`` later.

        Raises:
            LivegateError: a document is not what its schema says, or a bundle cannot be written.
        """
        known = {item.name: item for item in definition.load_all(work)}
        found = []
        for name in build.ALL:
            mark = build.issue(work, known[name], now=now if name in SYNCED else now + outage)
            with self._lock:
                found.append(self._bundles.get((name, mark)) or self._built(known[name], work, mark))
        return tuple(found)

    def _built(self, item: Definition, work: Project, mark: Stamp) -> Path:
        path = bundles.build(item, work, self.signer).path
        target = self.folder / "bundles" / str(len(self._bundles)) / f"{item.name}.tar.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
        self._bundles[item.name, mark] = target
        return target
