"""A project of a population's own, in a folder that ends with the run: its rules, its documents, its sources, read."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.documents import stamp, tree
from livegate.errors import ConfigError, DocumentError, LivegateError, SuiteError
from livegate.files import write_bytes
from livegate.pipeline import example, revoke
from livegate.pipeline.issue import SYNCED, issue_kept, issue_synced
from livegate.pipeline.sync import sync
from livegate.regression import exports
from livegate.regression.issuers import Issuers
from livegate.regression.overlay import Overlay, patched
from livegate.regression.reading import near
from livegate.sources.config import load_all
from livegate.sources.protocol import Effects
from livegate.sources.store import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from livegate.pipeline.sync import Result
    from livegate.project import Project
    from livegate.regression.cases import Given
    from livegate.regression.overlay import Place

KEPT = ("catalog", "config", "trust", "revocations")
"""Roots that are kept by hand."""

_MINTED = ("keys", "roots", "sources", "snapshots", "listed")
"""What issuers of the run enter into ``trust``; what a document has of it is for keys that nobody here has."""


def made(
    project: Project,
    given: Given,
    folder: Path,
    *,
    issuers_of: Callable[[Mapping[str, Any]], Issuers] = Issuers.of,
) -> tuple[Project, Issuers, int]:
    """The population's project with all documents issued, who mints its credentials, and when that was (ns).

    Args:
        project: the checkout; nothing of it is written to. given: what to make. folder: an empty one.
        issuers_of: gives the issuers for a ``trust`` document.

    Raises:
        SuiteError: what the suite gives cannot be: an unknown id, a record that no sync would take, a patch that the
            document's schema refuses; names file, line and column.
        ConfigError: the population is not in this project, or is one that nobody can make.
        LivegateError: a source failed, or a document is wrong.
    """
    now = example.INSTANT if given.synced is None else given.synced
    overlay = Overlay.of(given.overlay)
    match given.made_of:
        case "example":
            work = example.workspace(project, folder, now=example.INSTANT)
        case "empty" | "synced" | "documents":
            work = example.rules(project, folder)
            work.sources.mkdir(parents=True)
        case other:
            raise ConfigError(
                f"no bundles can be made of the population {given.population!r}",
                where="population",
                todo="ask it where it runs: `livegate regress run --url`"
                if given.live
                else f"there is no base {other!r}",
            )
    work.state.mkdir(parents=True)
    _put(work, given)
    _patch(work, given, overlay)
    issuers = issuers_of(tree.load(work.data, "trust"))
    issuers.enter(work.data, now=now)
    if given.made_of == "synced":
        _as_synced(project, work)
    for revocation in given.revocations:
        revoke.add(work, revocation)
    if given.made_of in {"example", "empty"}:
        _synced(work, given, overlay, now=now)
    else:
        _issued(work, given, now=now)
    return work, issuers, now


def _issued(work: Project, given: Given, *, now: int) -> None:
    """Issue documents that no sync makes here: those of a population's file, or those of a sync that has been."""
    for root, document in _documents(given).items():
        if root in SYNCED:
            _checked(document, root, given)
            issue_synced(work, root, document, now=now)
    for bundle in ("policy", "trust", "revocations"):
        issue_kept(work, bundle, now=now)


def _documents(given: Given) -> dict[str, Any]:
    return canonical.loads(given.documents.encode(), where=given.population) if given.documents else {}


def _checked(document: dict[str, Any], root: str, given: Given) -> None:
    """See that a document whose stamp is still to come is what its schema says."""
    mark = {"revision": "-", "sequence": 1, "issued_at": stamp.LEAST, "expires_at": stamp.LEAST + 1}
    stamped = {**document, "bundle": mark} if root in SYNCED else document
    try:
        tree.checked(stamped, root, where=f"{given.population}: {root}")
    except DocumentError as error:
        raise SuiteError(error.what, where=error.where, todo="mend the population's documents") from error


def _put(work: Project, given: Given) -> None:
    """Put the population's own hand-kept documents in the place of the project's."""
    for root, document in _documents(given).items():
        if root not in SYNCED:
            _checked(document, root, given)
            _replace(work, root, _without_keys(document) if root == "trust" else document)


def _without_keys(trust: dict[str, Any]) -> dict[str, Any]:
    """A ``trust`` document without keys, which are minted for each run."""
    peps = {name: {key: value for key, value in pep.items() if key != "keys"} for name, pep in trust["peps"].items()}
    return {**{name: value for name, value in trust.items() if name not in _MINTED}, "peps": peps}


def _patch(work: Project, given: Given, overlay: Overlay) -> None:
    """Patch the hand-kept documents; each becomes one JSON file, which is read again and again from here on."""
    touched = {root for patch in overlay.patches for root in patch}
    for root in KEPT:
        document: Any = tree.load(work.data, root)
        if root not in touched:
            _replace(work, root, document)
            continue
        for patch in overlay.patches:
            document = patched(document, patch[root]) if root in patch else document
        where = exports.place(given, "documents", root)
        try:
            tree.checked(document, root, where=where)
        except DocumentError as error:
            raise SuiteError(f"documents.{root}: {error.what}", where=where, todo=error.todo) from error
        _replace(work, root, document)


def _replace(work: Project, root: str, document: Any) -> None:
    shutil.rmtree(work.data / root)
    write_bytes(work.data / root / "data.json", canonical.dumps(document))


def _as_synced(project: Project, work: Project) -> None:
    """Take over what the last sync and the revocations since have written."""
    for root in SYNCED:
        path = project.data / root / "data.json"
        if not path.is_file():
            raise ConfigError(
                f"there is no {root} document", where=str(path), todo="run `livegate sync` before; it writes it"
            )
        (work.data / root).mkdir(exist_ok=True)
        shutil.copy(path, work.data / root)
    revoked = project.data / "revocations" / "revoked.json"
    if revoked.is_file():
        shutil.copy(revoked, work.data / "revocations")


def _synced(work: Project, given: Given, overlay: Overlay, *, now: int) -> None:
    there: int | None = example.INSTANT
    if given.made_of == "empty":
        exports.empty(work)
        there = None
    lines = exports.exported(work, given, overlay, now=now, exported_at=there)
    configs = load_all(work.sources)
    effects = Effects(now=lambda: now, sleep=lambda _: None, base=work.data)
    try:
        result = sync(work, configs, configs, SnapshotStore(work.snapshots), effects)
    except DocumentError as error:
        if not overlay.patches:
            raise
        root = next(iter(overlay.patches[-1]))  # each by itself was right: the catalogue names what trust has not
        where = exports.place(given, "documents", root)
        raise SuiteError(f"{error.what} ({error.where})", where=where, todo=error.todo) from error
    _complete(result, given, overlay, lines)
    _there(work, given, overlay)


def _complete(result: Result, given: Given, overlay: Overlay, lines: Mapping[str, Place]) -> None:
    """See that every source was read, and that none of the overlay's rows was left out."""
    named = {**lines, **_named(overlay, result)}
    samples = [sample for outcome in result.outcomes.values() for sample in outcome.snapshot.samples]
    for sample in (*samples, *result.unmatched):
        if sample.where in named:
            section, name = named[sample.where]
            raise SuiteError(
                f"{section}: the sync leaves out {name!r}: {sample.reason}",
                where=exports.place(given, section, name),
                todo="a record that is left out gives nothing; mend it, or take it out as well",
            )
    if result.failures:
        system, error = next(iter(result.failures.items()))
        text = f"{error.where or ''} {error}"
        for line, (section, name) in lines.items():
            if re.search(rf"{re.escape(line)}(?!\d)", text):
                raise SuiteError(
                    f"{section}: the sync refuses {name!r}: {error.what}",
                    where=exports.place(given, section, name),
                    todo=error.todo,
                ) from error
        if given.overlay:
            raise SuiteError(
                f"the sync refuses what is given: {system}: {error.what}",
                where=exports.place(given, "given", ""),
                todo=error.todo,
            ) from error
        raise LivegateError(
            f"the population cannot be read: {error.what}", where=error.where or system, todo=error.todo
        ) from error


def _named(overlay: Overlay, result: Result) -> dict[str, Place]:
    """What a sync calls the overlay's records that it cannot match."""
    found: dict[str, Place] = {}
    for section, rows in overlay.rows.items():
        for name, row in rows.items():
            for system in result.outcomes:
                match section:
                    case "grants":
                        found[f"{system}: subject {row['subject']}"] = (f"with.{section}", name)
                    case "identities":
                        found[f"{system}: identity {name}"] = (f"with.{section}", name)
                        found[f"iga: identity {name}"] = (f"with.{section}", name)
                    case "mandates":
                        found[f"{system}: mandates {name}"] = (f"with.{section}", name)
                    case _:
                        found[f"{system}: {section} {name}"] = (f"with.{section}", name)
                        found[f"{system}: elevations {name}"] = (f"with.{section}", name)
    return found


def _there(work: Project, given: Given, overlay: Overlay) -> None:
    """See that the documents have each record of the overlay: what is silently absent proves nothing."""
    iga, pam = (tree.load(work.data, root) for root in SYNCED)
    granted = {key for part in ("grants", "denies") for held in iga[part].values() for key in held}
    known = {"identities": iga["identities"].keys(), "grants": granted}
    known |= {
        part: {id_ for held in pam[part].values() for id_ in held} for part in ("elevations", "break_glass", "mandates")
    }
    permits = tree.load(work.data, "catalog").get("permits", {})
    entitlements = {one for actions in permits.values() for listed in actions.values() for one in listed}
    for section, rows in overlay.rows.items():
        for name, row in rows.items():
            if (held := row.get("entitlement")) is not None and held not in entitlements:
                raise SuiteError(
                    f"with.{section}: {name!r} is of {held!r}, which permits nothing in the catalogue",
                    where=exports.place(given, f"with.{section}", name),
                    todo=near(held, sorted(entitlements)),
                )
            key = f"{row['entitlement']}@{row['scope']}" if section == "grants" else name
            if key not in known[section]:
                raise SuiteError(
                    f"with.{section}: {name!r} is not in the documents that the sync made",
                    where=exports.place(given, f"with.{section}", name),
                    todo="see `livegate sync` for what it leaves out",
                )
