"""One sync: each source to a snapshot, all current snapshots to documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livegate import sources
from livegate.documents import iga, pam, tree, trust
from livegate.documents.directory import Directory
from livegate.documents.iga import Input, Part, Rules
from livegate.errors import DocumentError, LivegateError
from livegate.model.records import Identity
from livegate.model.snapshot import Domain, Quarantined
from livegate.pipeline.issue import SYNCED_TRUST, Issued, issue_kept, issue_synced, write_trust
from livegate.pipeline.lock import exclusively
from livegate.sources.run import Outcome, Preview, run
from livegate.sources.run import dry_run as preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from livegate.model.snapshot import Snapshot
    from livegate.project import Project
    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Effects
    from livegate.sources.store import SnapshotStore


@dataclass(slots=True)
class Result:
    """What a sync did.

    Attributes:
        outcomes: system to its new snapshot.
        previews: system to what it would do (dry run).
        failures: system to why nothing of it was published; its snapshot before ages on. `iga document` and `trust
            document`, which no system can be called, to why that was not written; the one before ages on.
        issued: the documents that stand now.
        unmatched: rows that no identity could be found for, or that two systems claimed.
        notes: what is no failure and somebody should know.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    previews: dict[str, Preview] = field(default_factory=dict)
    failures: dict[str, LivegateError] = field(default_factory=dict)
    issued: list[Issued] = field(default_factory=list)
    unmatched: list[Quarantined] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sync(
    project: Project,
    configs: Iterable[SourceConfig],
    everything: Iterable[SourceConfig],
    store: SnapshotStore,
    effects: Effects,
    *,
    accept_removals: bool = False,
    dry_run: bool = False,
    progress: Callable[[str], Callable[[int], None] | None] = lambda _: None,
) -> Result:
    """Read ``configs``, then write the documents of all current snapshots.

    A source that fails does not stop the others: its snapshot before stays and ages.

    Args:
        project: where documents go.
        configs: the sources to read now.
        everything: all sources; the documents are made of the current snapshots of all of them.
        store: snapshots.
        effects: clock and base folder.
        accept_removals: let a sharp fall pass.
        dry_run: say what would change, keep nothing.
        progress: gives the counter for a system.
    """
    result = Result()
    parts: dict[str, Part] = {}
    for config in configs:
        part = Part(config.system, config.correlate, _rules(config))
        try:
            source = sources.connect(config, effects)
            if dry_run:
                result.previews[config.system] = preview(
                    config, source, store, effects, progress=progress(config.system)
                )
            else:
                result.outcomes[config.system] = run(
                    config,
                    source,
                    store,
                    effects,
                    accept_removals=accept_removals,
                    progress=progress(config.system),
                    also=part.add if config.domain is Domain.IGA else None,
                )
                parts[config.system] = part
        except LivegateError as error:
            result.failures[config.system] = error
    if not dry_run:
        with exclusively(project):  # of two syncs at once, the later one sees the snapshots of both
            _document(project, list(everything), store, effects.now(), result, parts)
    return result


def _document(
    project: Project,
    configs: list[SourceConfig],
    store: SnapshotStore,
    now: int,
    result: Result,
    parts: dict[str, Part],
) -> None:
    touched = {config.domain for config in configs if config.system in result.outcomes}
    directory: Directory | None = None
    if Domain.IGA in touched or not (project.data / "iga" / "data.json").is_file():
        try:
            _all_listed(configs, store)
            built = iga.join(_parts(configs, store, result, parts))
        except DocumentError as error:
            result.failures["iga document"] = error
        else:
            directory = built.directory
            result.unmatched += built.quarantined
            result.issued.append(issue_synced(project, "iga", built.document, now=now))
    if touched or not (project.data / "pam" / "data.json").is_file():
        # who is who may have changed with the IGA, so the elevations are matched anew with either
        built = pam.build(_inputs(configs, Domain.PAM, store), directory or _directory(configs, store))
        result.unmatched += built.quarantined
        result.issued.append(issue_synced(project, "pam", built.document, now=now))
    _trust(project, configs, store, result)
    result.issued += [issue_kept(project, bundle, now=now) for bundle in ("policy", "trust", "revocations")]
    result.notes += trust.doubts(tree.load(project.data, "trust"))


def _trust(project: Project, configs: list[SourceConfig], store: SnapshotStore, result: Result) -> None:
    """Write the keys of all current snapshots; a source that is configured no more takes its keys with it."""
    listing = [config for config in configs if config.domain is Domain.TRUST]
    if not listing and not (project.data / "trust" / SYNCED_TRUST).is_file():
        return
    for config in listing:
        outcome = result.outcomes.get(config.system)
        result.notes += [f"{config.system} {note}" for note in (outcome.notes if outcome else ())]
    try:
        write_trust(project, trust.build(_keys(listing, store)))
    except DocumentError as error:
        result.failures["trust document"] = error


def _keys(configs: list[SourceConfig], store: SnapshotStore) -> Iterator[trust.Listed]:
    for config in configs:
        head = store.latest(config.system)
        if head is not None:
            issuer = config.settings.get("issuer") or config.settings["trust_domain"]
            yield trust.Listed(head, store.records(head), issuer)


def _all_listed(configs: list[SourceConfig], store: SnapshotStore) -> None:
    # a missing PAM source only takes rights away; a missing IGA source may be the one that denies or disables
    never = [config for config in configs if config.domain is Domain.IGA and store.latest(config.system) is None]
    if never:
        raise DocumentError(
            f"there is no complete listing of {', '.join(config.system for config in never)} yet, "
            "so what it denies or disables would be missing",
            where="iga",
            todo=f"mend the source and sync it; or take {', '.join(str(config.path) for config in never)} away",
        )


def _rules(config: SourceConfig) -> Rules:
    return Rules(
        secondary=config.secondary,
        guards=config.guards,
        ignore_unmatched_denies=config.ignore_unmatched_denies,
        names=config.names,
    )


def _parts(
    configs: list[SourceConfig], store: SnapshotStore, result: Result, parts: dict[str, Part]
) -> Iterator[tuple[Snapshot, Part]]:
    """Of each current IGA snapshot, what its run has just gathered, or else what is read from disk."""
    for source in _inputs(configs, Domain.IGA, store):
        outcome = result.outcomes.get(source.head.system)
        # another process may have published a newer one meanwhile, and its documents must not be rolled back
        fresh = outcome is not None and outcome.snapshot == source.head
        yield source.head, parts[source.head.system] if fresh else iga.gather(source)


def _inputs(configs: list[SourceConfig], domain: Domain, store: SnapshotStore) -> Iterable[Input]:
    for config in configs:
        head = store.latest(config.system) if config.domain is domain else None
        if head is not None:
            yield Input(head, store.records(head), config.correlate, _rules(config))


def _directory(configs: list[SourceConfig], store: SnapshotStore) -> Directory:
    directory = Directory()
    for source in _inputs(configs, Domain.IGA, store):
        for record in source.records if not source.rules.secondary else ():
            if isinstance(record, Identity):
                directory.add(record)
    return directory
