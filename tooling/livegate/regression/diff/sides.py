"""The two sides of a comparison: a checkout, a commit, or bundles made elsewhere, each in a real OPA."""

from __future__ import annotations

import contextlib
import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.bundle import archive, keys
from livegate.bundle.build import modules
from livegate.documents import ROOTS
from livegate.errors import ConfigError
from livegate.files import open_regular, read_bytes, write_bytes
from livegate.project import Project
from livegate.regression import population, shipped
from livegate.regression.diff import commits
from livegate.regression.diff.moments import moved
from livegate.regression.issuers import Issuers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.opa.engine import Engine
    from livegate.opa.process import OpaProcess
    from livegate.regression.cases import Given

_LIMIT = 1 << 20
_PATH = re.compile(r"^[.~]|/")

_KEYS = (
    "the keys of its issuers and enforcement points were replaced by keys of this run, since nobody has the private "
    "ones: which keys are trusted was not compared by decisions"
)
_MOVED = "its listings were moved to the instant, their distances kept: how old they are by now was not compared"


class Kind(StrEnum):
    """What a side is made from."""

    CHECKOUT = "checkout"
    COMMIT = "commit"
    BUNDLES = "bundles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a side is. ``name``: as it was given. ``commit``: of a commit, whole."""

    kind: Kind
    name: str
    folder: Path
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side, running.

    Attributes:
        rego: folder with its rules, for their places. project: of a checkout or commit.
        documents: root → document that its OPA decides by, ``trust`` with the keys of ``issuers``.
        replaced: root → document put in the place of the one that is loaded, for bundles whose keys nobody has.
        remarks: what was changed to make it comparable, for the report. contents: part → digest of what it says.
    """

    place: Place
    opa: OpaProcess
    rego: Path
    documents: Mapping[str, Any] = field(repr=False)
    issuers: Issuers = field(repr=False)
    project: Project | None = None
    replaced: Mapping[str, Any] = field(default_factory=dict, repr=False)
    remarks: tuple[str, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)

    @property
    def issued(self) -> int:
        """When the newest of its documents was issued, ns."""
        return newest(self.documents)


def recognise(name: str, project: Project) -> Place:
    """What ``name`` means: a folder of bundles or of a project, else a commit of the project's repository.

    Raises:
        ConfigError: neither, or both.
    """
    folder = Path(name)
    if folder.is_dir():
        if not _PATH.search(name) and _is_commit(project, name):
            raise ConfigError(
                f"{name!r} is a folder and a commit", where=name, todo=f"write ./{name} or refs/heads/{name}"
            )
        if (folder / "rego").is_dir() and (folder / "data").is_dir():
            return Place(kind=Kind.CHECKOUT, name=name, folder=folder.resolve())
        if any(folder.glob("*.tar.gz")):
            return Place(kind=Kind.BUNDLES, name=name, folder=folder.resolve())
        raise ConfigError(
            "holds neither a project (rego/, data/, bundles/) nor bundles (*.tar.gz)",
            where=name,
            todo="name a checkout, a folder such as bundles/dist, or a commit",
        )
    if folder.exists():
        raise ConfigError("is no folder", where=name, todo="name the folder that the bundles are in")
    return Place(
        kind=Kind.COMMIT,
        name=name,
        folder=project.rego.parent,
        commit=commits.resolve(project.rego.parent, name),
    )


@contextlib.contextmanager
def opened(place: Place, given: Given, engine: Engine, *, public_keys: Path, scratch: Path) -> Iterator[Side]:
    """A side, its OPA running for as long as the block lasts.

    Bundles come without the private keys of their issuers and enforcement points, so on such a side ``trust`` has the
    keys of this run beside the terms that were shipped; and the listings are moved in time so that the newest was
    issued when it is asked, their distances kept. Both are among the ``remarks``.

    Args:
        place: see :func:`recognise`. given: population of a checkout or commit. engine: OPA.
        public_keys: folder of the keys that bundles are verified with. scratch: a private, empty folder.

    Raises:
        LivegateError: whatever is wrong with the side, naming it.
    """
    if place.kind is Kind.BUNDLES:
        yield from _bundles(place, engine, public_keys, scratch)
        return
    folder = place.folder
    if place.commit is not None:
        folder = scratch / "commit"
        commits.export(place.folder, place.commit, folder)
    project = Project.at(folder)
    for part in (project.rego, project.data, project.bundles):
        if not part.is_dir():
            raise ConfigError(f"has no {part.name}/", where=place.name, todo="is that a project of livegate?")
    with population.serving(project, given, engine, folder=scratch) as served:
        yield Side(
            place=place,
            opa=served.opa,
            rego=project.rego,
            documents=served.documents,
            issuers=served.issuers,
            project=project,
            contents=_contents(served.documents, _modules(project.rego)),
        )


def newest(documents: Mapping[str, Any]) -> int:
    """When the newest of these documents was issued, ns; 0 where none says it."""
    stamps = [document["bundle"]["issued_at"] for document in documents.values() if "bundle" in document]
    return max(stamps, default=0)


def differing(base: Side, head: Side) -> list[str]:
    """The parts that differ: ``policy`` for the rules, and roots of documents, stamps and listings left aside."""
    return [part for part in ("policy", *ROOTS) if base.contents.get(part) != head.contents.get(part)]


def _bundles(place: Place, engine: Engine, public_keys: Path, scratch: Path) -> Iterator[Side]:
    known = keys.load_public(public_keys)
    if not known:
        raise ConfigError(
            "has no public keys", where=str(public_keys), todo="name the folder of the bundles' public keys with --keys"
        )
    with shipped.serving(shipped.bundles_in(place.folder), known, engine, folder=scratch) as served:
        documents = dict(served.documents)
        issuers = Issuers.of(documents["trust"])
        trust = _entrusted(documents["trust"], issuers.document(newest(documents)))
        rego = scratch / "rego"
        _extract(place.folder, rego)
        yield Side(
            place=place,
            opa=served.opa,
            rego=rego,
            documents=documents | {"trust": trust},
            issuers=issuers,
            replaced={"trust": trust},
            remarks=(_KEYS, _MOVED),
            contents=_contents(documents, _modules(rego)),
        )


def _entrusted(trust: Mapping[str, Any], minted: Mapping[str, Any]) -> dict[str, Any]:
    """``trust`` with the keys of ``minted`` and no others; what each may do stays as it was shipped."""
    made = {**trust, **{name: value for name, value in minted.items() if name != "peps"}}
    made["peps"] = {name: {**pep, **minted["peps"].get(name, {})} for name, pep in trust["peps"].items()}
    return made


def _extract(folder: Path, rego: Path) -> None:
    for path in shipped.bundles_in(folder):
        with open_regular(path) as stream:
            files = archive.read(stream, where=str(path))
        for name, data in files.items():
            if name.endswith(".rego"):
                write_bytes(rego / name, data)
    rego.mkdir(exist_ok=True)


def _modules(rego: Path) -> dict[str, str]:
    return {
        str(path.relative_to(rego)): hashlib.sha256(read_bytes(path, limit=_LIMIT)).hexdigest()
        for path in modules(rego)
    }


def _contents(documents: Mapping[str, Any], modules: Mapping[str, str]) -> dict[str, str]:
    made = {"policy": hashlib.sha256(canonical.dumps(dict(modules))).hexdigest()}
    for root, document in documents.items():
        said = {name: value for name, value in document.items() if name not in {"bundle", "snapshots", "listed"}}
        if root == "trust":  # keys are of this run on both sides
            said = {name: value for name, value in said.items() if name not in {"keys", "roots", "sources"}}
            said["peps"] = {
                name: {key: value for key, value in pep.items() if key != "keys"} for name, pep in said["peps"].items()
            }
        made[root] = hashlib.sha256(canonical.dumps(said)).hexdigest()
    return made


def overrides(side: Side, span: int) -> dict[str, Any]:
    """What is put in the place of the side's documents when it is asked ``span`` ns after its newest was issued."""
    return moved(side.documents, span, whole=side.replaced)


def wholly(side: Side, span: int) -> dict[str, Any]:
    """As :func:`overrides`, root by root: for questions that replace whole documents."""
    return moved(side.documents, span, whole=side.documents)


def _is_commit(project: Project, name: str) -> bool:
    try:
        commits.resolve(project.rego.parent, name)
    except ConfigError:
        return False
    return True
