"""Built bundles → the folder that a bundle server serves: checked before, replaced whole, and taken back.

What is replaced is kept under ``FOLDER/.previous/<name>/``, which no server serves. OPA would take older bytes again;
our sequence numbers, the floors and the next publication would not. So taking back publishes the *content* from before
as a new issue, with a sequence above all others, and signed anew.

Two things never get less by publishing: a sequence, and what is revoked.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from livegate import canonical
from livegate.bundle import archive, definition, keys
from livegate.bundle import build as bundles
from livegate.bundle import verify as check
from livegate.bundle.manifest import manifest_of
from livegate.bundle.signing import NAME as SIGNATURES
from livegate.documents import stamp
from livegate.errors import BundleError, ConfigError, LivegateError, RefusedError, VerificationError
from livegate.files import open_regular, replacing
from livegate.model.records import RevocationKind
from livegate.pipeline.build import published
from livegate.pipeline.issue import BUNDLE_ROOT
from livegate.pipeline.lock import exclusively
from livegate.pipeline.revoke import collection_of, merge, reach
from livegate.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from livegate.bundle.definition import Definition
    from livegate.bundle.signing import Signer
    from livegate.bundle.verify import Inspection
    from livegate.documents.stamp import Stamp

PREVIOUS = ".previous"
KEPT = 10
"""Publications of a bundle that are kept to be taken back to."""
WITHDRAWN, INCOMING = ".withdrawn", "incoming"
_REVOCATIONS = "revocations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a folder serves now. ``before``: the revision that was there, None for none; the same where it stands."""

    name: str
    revision: str
    sequence: int
    path: Path
    before: str | None

    @property
    def changed(self) -> bool:
        """Whether anything was put there."""
        return self.revision != self.before


def publish(project: Project, names: Iterable[str], to: Path, *, now: int) -> list[Published]:
    """Put built bundles where they are served from; all are checked before the first is replaced.

    Args:
        project: its ``dist`` holds the bundles, its public keys must verify them. names: which; all that are built
            if none is named. to: the folder that is served; made when missing. now: ns.

    Raises:
        ConfigError: no such bundle, or it is not built; or ``to`` is where bundles are built.
        VerificationError: what OPA or the policy would refuse: signature, files, window, a sequence below the last.
        RefusedError: it would revoke less than the one that is there.
        LivegateError: it cannot be written; what was there stays.
    """
    known = {item.name: item for item in definition.load_all(project)}
    chosen = tuple(names) or tuple(name for name in known if (project.dist / f"{name}.tar.gz").is_file())
    if not chosen:
        raise ConfigError("no bundle is built", where=str(project.dist), todo="run `livegate bundle build`")
    if to.resolve() == project.dist.resolve():
        raise ConfigError("is where bundles are built", where=str(to), todo="name the folder that is served")
    _known(chosen, known, project)
    with _alone(project, to):
        arrived = [_arrive(project, known[name], to, now=now) for name in chosen]
        return [_put(name, seen, to) for name, seen in zip(chosen, arrived, strict=True)]


def roll_back(
    project: Project,
    name: str,
    to: Path,
    signer: Signer,
    *,
    now: int,
    revision: str | None = None,
    older_data: bool = False,
) -> Published:
    """Publish the content from before what ``to`` serves now, as a new issue.

    What is taken back is kept as withdrawn: taking back once more goes further back, never to it again.

    Args:
        project: definitions and public keys. name: of the bundle. to: the folder that is served.
        signer: signs the new issue. now: ns.
        revision: the kept one to go back to; without it, the latest with another content.
        older_data: needed for what is not policy, because older data may open what was closed since.

    Raises:
        RefusedError: of revocations, always; of other data without ``older_data``.
        ConfigError: nothing is kept that could be gone back to, or no such revision.
        VerificationError: what is kept is not what was signed, or ``signer`` is none that OPA knows.
        LivegateError: it cannot be written; what was there stays.
    """
    known = {item.name: item for item in definition.load_all(project)}
    _known((name,), known, project)
    if name == _REVOCATIONS:
        raise RefusedError(
            "revocations are never taken back",
            where=str(to),
            todo="what is to count again is issued anew: a session signs in again, an elevation is asked for again",
        )
    if name != "policy" and not older_data:
        raise RefusedError(
            f"older {name} data may open what was closed since",
            where=str(to),
            todo="correct it at its source and publish that; or, if it is meant, --older-data",
        )
    with _alone(project, to):
        path = to / f"{name}.tar.gz"
        if not path.is_file():
            raise ConfigError("is not there, so nothing can be taken back", where=str(path))
        public, item = keys.load_public(project.keys), known[name]
        current, origin = _kept(path, item, public), _choose(to, name, path, revision)
        mark = _of(_kept(origin, item, public))
        fresh = stamp.issue(mark.digest, _of(current), now=now, lifetime=mark.expires_at - mark.issued_at, renew=0)
        arriving = _incoming(to, name)
        _issue_anew(origin, item, fresh, signer, arriving)
        seen = check.verify(arriving, public_keys=public, now=now, minimum=_least(to, name), roots=item.roots)
        return _put(name, seen, to, withdraw=True)


def _known(names: Iterable[str], known: dict[str, Definition], project: Project) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"no bundle {name!r}", where=str(project.bundles), todo=f"one of {', '.join(known)}")


@contextlib.contextmanager
def _alone(project: Project, to: Path) -> Iterator[None]:
    """One publication at a time; and none while the project that is served builds into its own ``dist``."""
    try:
        owner = Project.find(to.resolve())
    except ConfigError:
        owner = None
    if owner is None or owner.dist != to.resolve():
        owner = replace(project, state=to / PREVIOUS)
    with exclusively(owner):
        try:
            yield
        finally:
            shutil.rmtree(to / PREVIOUS / INCOMING, ignore_errors=True)


def _arrive(project: Project, item: Definition, to: Path, *, now: int) -> Inspection:
    """A copy of the built bundle beside its place, checked: what is checked is what will be served."""
    origin = project.dist / f"{item.name}.tar.gz"
    if not origin.is_file():
        raise ConfigError("is not built", where=str(origin), todo=f"run `livegate bundle build {item.name}`")
    arriving = _incoming(to, item.name)
    _copy(origin, arriving)
    public = keys.load_public(project.keys)
    try:
        seen = check.verify(arriving, public_keys=public, now=now, minimum=_least(to, item.name), roots=item.roots)
    except VerificationError as error:
        raise VerificationError(error.what, where=str(origin), todo=error.todo) from error
    there = to / f"{item.name}.tar.gz"
    _same_sequence(seen, _served(there))
    if item.name == _REVOCATIONS and there.is_file():
        _none_less(_documents(arriving)[_REVOCATIONS], _documents(there)[_REVOCATIONS], str(origin))
    return seen


def _same_sequence(seen: Inspection, served: Inspection | None) -> None:
    mark, there = _of(seen), served.stamp if served else None
    if there is not None and mark.sequence == there.sequence and mark.revision != there.revision:
        raise VerificationError(
            f"another content under sequence {mark.sequence}, which is published",
            where=str(seen.path),
            todo="build it again, at another moment",
        )


def _none_less(new: dict[str, Any], old: dict[str, Any], where: str) -> None:
    """All that ``old`` revokes, ``new`` must: a fresh checkout does not know what was revoked since."""
    for kind in RevocationKind:
        collection = collection_of(kind)
        for target, entry in old.get(collection, {}).items():
            known = new.get(collection, {}).get(target)
            if known is None or reach(merge(known, entry)) != reach(known):
                raise RefusedError(
                    f"{collection}.{target} is revoked by what is published, and would not be, or less",
                    where=where,
                    todo="publish revocations from where `livegate revoke` enters them",
                )


def _served(path: Path) -> Inspection | None:
    """What is served, unless it is damaged: then whatever replaces it is better."""
    try:
        return check.inspect(path) if path.is_file() else None
    except BundleError:
        return None


def _put(name: str, seen: Inspection, to: Path, *, withdraw: bool = False) -> Published:
    mark, path = _of(seen), to / f"{name}.tar.gz"
    before = None
    if (served := _served(path)) is not None:
        before = str(served.manifest["revision"])
        if before == mark.revision:
            seen.path.unlink(missing_ok=True)
            return Published(name=name, revision=before, sequence=mark.sequence, path=path, before=before)
        if served.stamp is not None and served.stamp.digest != mark.digest:  # a renewal of it is nothing to go back to
            _copy(path, _folder(to, name) / f"{before}{WITHDRAWN if withdraw else ''}.tar.gz")
            _prune(_folder(to, name))
    try:
        seen.path.replace(path)
    except OSError as error:
        raise LivegateError(f"cannot write: {error.strerror or error}", where=str(path)) from error
    return Published(name=name, revision=mark.revision, sequence=mark.sequence, path=path, before=before)


def _choose(to: Path, name: str, path: Path, revision: str | None) -> Path:
    folder = _folder(to, name)
    if revision is not None:
        found = [file for file in (folder / f"{revision}{mark}.tar.gz" for mark in ("", WITHDRAWN)) if file.is_file()]
    else:
        withdrawn = {_digest(file) for file in folder.glob(f"*{WITHDRAWN}.tar.gz")}
        now = check.inspect(path).manifest["revision"].rpartition("-")[2]
        found = [file for file in _history(folder) if _digest(file) not in {now, *withdrawn}]
    if not found:
        kept = ", ".join(file.name.removesuffix(".tar.gz") for file in _history(folder)) or "nothing"
        raise ConfigError(
            f"nothing is kept {'as ' + revision if revision else 'with another content'} that could be gone back to",
            where=str(folder),
            todo=f"there is {kept}",
        )
    return found[-1]


def _issue_anew(origin: Path, item: Definition, mark: Stamp, signer: Signer, target: Path) -> None:
    """The content of a bundle that was verified, with another stamp and signature."""
    files = {name: data for name, data in _read(origin).items() if name not in (bundles.MANIFEST, SIGNATURES)}
    name = f"{BUNDLE_ROOT[item.name]}/data.json"
    document = canonical.loads(files[name], where=f"{origin}: {name}")
    files[name] = canonical.dumps({**document, "bundle": msgspec.to_builtins(mark)})
    with replacing(target, mode=0o600) as stream:
        bundles.pack(files, manifest_of(mark, item.roots), signer, stream)


def _kept(path: Path, item: Definition, public: dict[str, str]) -> Inspection:
    """A bundle of the past, verified in all but its window, which may be over."""
    said = check.inspect(path)
    if said.stamp is None:
        raise VerificationError("has no stamp", where=str(path))
    return check.verify(path, public_keys=public, now=said.stamp.issued_at, roots=item.roots)


def _least(to: Path, name: str) -> int:
    """The least sequence that may come: of what is served and all that ever was, as far as it is kept."""
    return max(published(path) for path in (to / f"{name}.tar.gz", *_folder(to, name).glob("*.tar.gz")))


def _of(seen: Inspection) -> Stamp:
    if seen.stamp is None:
        raise VerificationError("has no stamp", where=str(seen.path))
    return seen.stamp


def _documents(path: Path) -> dict[str, dict[str, Any]]:
    files = _read(path)
    return {
        name.partition("/")[0]: canonical.loads(data, where=f"{path}: {name}")
        for name, data in files.items()
        if name.count("/") == 1 and name.endswith("/data.json")
    }


def _read(path: Path) -> dict[str, bytes]:
    try:
        with open_regular(path) as stream:
            return archive.read(stream, where=str(path))
    except OSError as error:
        raise LivegateError(f"cannot read: {error.strerror or error}", where=str(path)) from error


def _copy(origin: Path, target: Path) -> None:
    try:
        with open_regular(origin) as source, replacing(target, mode=0o600) as stream:
            shutil.copyfileobj(source, stream)
    except OSError as error:
        raise LivegateError(f"cannot read: {error.strerror or error}", where=str(origin)) from error


def _folder(to: Path, name: str) -> Path:
    return to / PREVIOUS / name


def _incoming(to: Path, name: str) -> Path:
    return to / PREVIOUS / INCOMING / f"{name}.tar.gz"


def _history(folder: Path) -> list[Path]:
    """Kept bundles, the oldest first, by the sequence that their revision begins with."""
    return sorted(folder.glob("*.tar.gz"), key=lambda path: (published(path), path.name))


def _digest(path: Path) -> str:
    return path.name.removesuffix(".tar.gz").removesuffix(WITHDRAWN).rpartition("-")[2]


def _prune(folder: Path) -> None:
    for path in _history(folder)[:-KEPT]:
        path.unlink(missing_ok=True)
