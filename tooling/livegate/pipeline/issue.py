"""Documents on disk, each with a stamp that says which issue it is and until when it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from livegate import canonical
from livegate.bundle.build import modules
from livegate.documents import references, stamp, tree, trust
from livegate.errors import DocumentError
from livegate.files import replacing, write_bytes
from livegate.sources import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.documents.stamp import Stamp
    from livegate.project import Project

SYNCED = ("iga", "pam")
"""Roots that a sync writes whole."""

BUNDLE_ROOT = {"policy": "catalog", "iga": "iga", "pam": "pam", "trust": "trust", "revocations": "revocations"}
"""Bundle to the root that carries its stamp."""


@dataclass(frozen=True, slots=True)
class Issued:
    """One root with its stamp. ``renewed`` is false where the issue before still stands."""

    bundle: str
    stamp: Stamp
    renewed: bool


SYNCED_TRUST = "synced.json"
"""The file of ``data/trust`` that a sync writes, beside those kept by hand."""


def lifetimes(project: Project) -> dict[str, int]:
    """Bundle to how long an issue of it counts (ns), from the ``config`` document.

    Raises:
        ConfigError, DocumentError: the document is missing or wrong.
    """
    return dict(_config(project)["lifetimes"])


def renewal(project: Project, bundle: str) -> int:
    """How long (ns) after its issue an unchanged ``bundle`` is issued again, so that it never gets too old to decide.

    Half its lifetime; for revocations, half the smallest age that a tier tolerates, if that is less. A tier's ages of
    ``iga`` and ``pam`` are those of the snapshots inside, which no new stamp makes younger.

    Raises:
        ConfigError, DocumentError: the ``config`` document is missing or wrong.
    """
    return _renewal(_config(project), bundle)


def _renewal(config: dict[str, Any], bundle: str) -> int:
    spans = [config["lifetimes"][bundle]]
    if bundle == "revocations":
        spans += [tier["ages"][bundle] for tier in config["tiers"].values()]
    return int(min(spans)) // 2


def _config(project: Project) -> dict[str, Any]:
    return tree.checked(tree.load(project.data, "config"), "config", where=str(project.data / "config"))


def issue_synced(project: Project, root: str, document: dict[str, Any], *, now: int) -> Issued:
    """Write ``data/<root>/data.json`` with a stamp, unless the very same content is there and young enough."""
    path = project.data / root / "data.json"
    previous = stamp.of(path.read_bytes(), where=str(path)) if path.is_file() else None
    content = canonical.dumps(document)
    fresh = stamp.issue(stamp.digest(content), previous, now=now, lifetime=lifetimes(project)[root])
    if fresh != previous:
        with replacing(path, mode=0o600) as stream:
            stream.writelines(_stamped(document, content, fresh))
    return Issued(root, fresh, fresh != previous)


def _stamped(document: dict[str, Any], content: bytes, fresh: Stamp) -> tuple[bytes | memoryview, ...]:
    """Canonical bytes of ``document`` with its stamp, in parts.

    The stamp goes between the keys before ``bundle``, which are few and small, and the ones after; so
    ``content``, the document's own canonical bytes, is neither made nor copied a second time.
    """
    before = {key: value for key, value in document.items() if key < "bundle"}
    start = canonical.dumps({**before, "bundle": msgspec.to_builtins(fresh)}).removesuffix(b"}")
    at = len(canonical.dumps(before)) - 1
    comma = b"" if content[at : at + 1] in (b",", b"}") else b","
    return start, comma, memoryview(content)[at:]


def write_trust(project: Project, members: dict[str, Any]) -> None:
    """Write what a sync knows of ``trust``, before :func:`issue_kept` stamps the whole; nothing if it is there already.

    Raises:
        DocumentError: a file kept by hand says the same of the same issuer.
        LivegateError: it cannot be written.
    """
    path = project.data / "trust" / SYNCED_TRUST
    for other, part in tree.parts(project.data, "trust"):
        for member in trust.SYNCED if other != path else ():
            said = part.get(member)
            for name in sorted(said.keys() & members[member].keys()) if isinstance(said, dict) else ():
                raise DocumentError(
                    f"{member}.{name} is synced as well", where=str(other), todo="remove it there, or the source"
                )
    data = canonical.dumps(members) + b"\n"
    if not path.is_file() or path.read_bytes() != data:
        write_bytes(path, data)


def issue_kept(project: Project, bundle: str, *, now: int) -> Issued:
    """Stamp a hand-kept root: ``data/<root>/bundle.json``, git-ignored, beside the files it speaks of.

    The policy's stamp speaks of the catalogue, the configuration and the Rego.

    Raises:
        DocumentError: the document is not what its schema says; names the key.
    """
    root = BUNDLE_ROOT[bundle]
    roots = ("catalog", "config") if bundle == "policy" else (root,)
    documents = {name: tree.load(project.data, name) for name in roots}
    path = project.data / root / "bundle.json"
    previous = stamp.read(documents[root]) if path.is_file() else None
    parts = [stamp.content(document) for document in documents.values()]
    if bundle == "policy":
        parts += [file.read_bytes() for file in modules(project.rego)]
    for name, document in documents.items():
        # without the stamp: a malformed one is no reason to stop, it is replaced below
        bare = {key: value for key, value in document.items() if key != "bundle"}
        tree.checked(bare, name, where=str(project.data / name))
    _check_names(project, documents)
    config = documents.get("config") or _config(project)
    fresh = stamp.issue(
        stamp.digest(b"\0".join(parts)),
        previous,
        now=now,
        lifetime=config["lifetimes"][bundle],
        renew=_renewal(config, bundle),
    )
    if fresh != previous:
        stamped = {**documents[root], "bundle": msgspec.to_builtins(fresh)}
        tree.checked(stamped, root, where=str(path))
        write_bytes(path, canonical.dumps({"bundle": msgspec.to_builtins(fresh)}) + b"\n")
    return Issued(bundle, fresh, fresh != previous)


def _check_names(project: Project, documents: dict[str, dict[str, Any]]) -> None:
    if "catalog" in documents:
        references.check_catalog(documents["catalog"], where=str(project.data / "catalog"))
        trust = tree.load(project.data, "trust")
        references.check_profiles(documents["catalog"], trust, where=str(project.data / "catalog"))
        gates = [path.parent.name for path in (project.rego / "authz" / "gates").glob("*/*.rego")]
        references.check_gates(documents["config"], gates, where=str(project.data / "config"))
    if "trust" in documents:
        place = str(project.data / "trust")
        references.check_trust(documents["trust"], where=place)
        for name, key in _kept_keys(documents["trust"]):
            keys.check_kept(key["jwks"], key["alg"], where=f"{place}: {name}")


def _kept_keys(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of a ``trust`` document and its place; the synced ones were checked one by one before."""
    for pep, facts in document["peps"].items():
        yield from ((f"peps.{pep}.keys.{kid}", key) for kid, key in facts.get("keys", {}).items())
    for issuer, uses in document.get("keys", {}).items():
        if issuer not in document.get("sources", {}):
            for use, listed in uses.items():
                yield from ((f"keys.{issuer}.{use}.{kid}", key) for kid, key in listed.items())


def issue_again(project: Project, root: str, *, now: int) -> Issued | None:
    """Give a synced root a new stamp when its issue is past half its life; none where no sync has written it."""
    path = project.data / root / "data.json"
    if not path.is_file():
        return None
    data = path.read_bytes()
    current = stamp.of(data, where=str(path))
    if (
        current is not None
        and stamp.issue(current.digest, current, now=now, lifetime=lifetimes(project)[root]) == current
    ):
        return Issued(root, current, renewed=False)
    document = canonical.loads(data, where=str(path))
    document.pop("bundle", None)
    return issue_synced(project, root, document, now=now)
