"""A sync of the example: what it writes, what a failing source leaves, and that nothing is half there."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from livegate import canonical
from livegate.documents import stamp, tree
from livegate.errors import DocumentError, SourceError
from livegate.model.instants import HOUR, SECOND, parse
from livegate.pipeline import example
from livegate.pipeline.issue import issue_again, issue_kept, issue_synced, lifetimes
from livegate.pipeline.sync import Result, sync
from livegate.project import Project
from livegate.sources.config import load_all
from livegate.sources.protocol import Effects
from livegate.sources.store import SnapshotStore

if TYPE_CHECKING:
    from pathlib import Path

NOW = example.INSTANT


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """The example organisation, exported at its own instant."""
    return example.workspace(Project.at(pytestconfig.rootpath), tmp_path / "made", now=NOW)


def run(project: Project, *, now: int = NOW, **more: Any) -> Result:
    """One sync of every source with the clock at ``now``."""
    configs = load_all(project.sources)
    effects = Effects(now=lambda: now, sleep=lambda _: None, base=project.data)
    return sync(project, configs, configs, SnapshotStore(project.snapshots), effects, **more)


def sync_none(project: Project) -> Result:
    """The documents that are missing, of the snapshots on disk; no source is read."""
    configs = load_all(project.sources)
    effects = Effects(now=lambda: NOW, sleep=lambda _: None, base=project.data)
    return sync(project, [], configs, SnapshotStore(project.snapshots), effects)


def rewrite(project: Project, name: str, old: str, new: str, *, at: int = NOW) -> None:
    """Change an export, and its manifest with it."""
    path = project.data / "example" / name
    text = path.read_text().replace(old, new)
    assert text != path.read_text()
    example.write(path, text.encode(), system=example.SOURCES[name], exported_at=at)


def test_documents_are_valid_and_complete(project: Project) -> None:
    result = run(project)
    assert not result.failures
    for root in ("catalog", "config", "iga", "pam", "trust", "revocations"):
        tree.checked(tree.load(project.data, root), root, where=root)
    iga, pam = tree.load(project.data, "iga"), tree.load(project.data, "pam")
    assert len(iga["identities"]) == 21
    assert iga["identities"]["bob"] == "active|human||example-iga|alice"
    assert iga["proofs"]["spiffe://prod.example/ci/deploy"] == "ci-deploy"
    assert iga["listed"] == {"example-iga": "example-iga-1"}
    assert iga["grants"]["alice"] == {
        "orders:console@account:prod": "example-iga|g-026|9223372036|||role:dba",
        "orders:dba@account:prod": "example-iga|g-001|9223372036|||role:dba",
        "pipeline:deployer@account:prod": "example-iga|g-002|9223372036||eligible|role:platform",
    }
    assert iga["denies"] == {"frank": {"ledger:payments-approver@*": "example-iga|g-014|9223372036|||sod:payments"}}
    assert pam["elevations"]["alice"]["e-101"]["approvers"] == ["carol"]
    assert pam["mandates"]["agent-recon-fx"]["m-302"]["ancestors"] == [{"agent": "agent-recon", "id": "m-301"}]
    assert [row.where for row in result.unmatched] == ["example-pam: elevations e-108", "example-pam: mandates m-309"]


def test_nothing_of_the_checkout_is_written_to(project: Project, pytestconfig: pytest.Config) -> None:
    def digests() -> dict[str, str]:
        files = [path for path in (pytestconfig.rootpath / "data").rglob("*") if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = digests()
    run(project)
    assert digests() == before


def test_a_failing_source_publishes_nothing_and_the_other_goes_on(project: Project) -> None:
    run(project)
    before = tree.load(project.data, "pam")
    (project.data / "example" / "elevations.jsonl.manifest").unlink()
    later = NOW + 60 * SECOND
    rewrite(project, "grants.csv", "g-022,ci-deploy,pipeline:runner", "g-022,ci-deploy,pipeline:deployer", at=later)
    rewrite(project, "identities.csv", "heidi@", "heidi.k@", at=later)
    result = run(project, now=later)
    assert list(result.failures) == ["example-pam"]
    assert isinstance(result.failures["example-pam"], SourceError)
    assert list(result.outcomes) == ["example-iga"]
    after = tree.load(project.data, "pam")
    assert after["snapshots"] == before["snapshots"], "the old snapshot ages on"
    assert after["break_glass"] == {}, "and is matched against the identities of now: heidi goes by another name"


def test_a_dry_run_shows_and_keeps_nothing(project: Project) -> None:
    run(project)
    before = {path: path.read_bytes() for path in (project.data / "iga").iterdir()}
    rewrite(project, "grants.csv", "g-018,", "g-999,", at=NOW + SECOND)
    result = run(project, now=NOW + SECOND, dry_run=True)
    difference = result.previews["example-iga"].differences["grant"]
    assert (difference.added_ids, difference.removed_ids) == (("g-999",), ("g-018",))
    assert {path: path.read_bytes() for path in (project.data / "iga").iterdir()} == before


def test_a_sharp_fall_is_refused_until_someone_says_so(project: Project) -> None:
    run(project)
    path = project.data / "example" / "grants.csv"
    few = "".join(path.read_text().splitlines(keepends=True)[:10])
    example.write(path, few.encode(), system="example-iga", exported_at=NOW + SECOND)
    refused = run(project, now=NOW + SECOND)
    assert refused.failures["example-iga"].exit_code == 4
    assert "--accept-removals" in str(refused.failures["example-iga"])
    assert len(tree.load(project.data, "iga")["grants"]) == 21
    assert not run(project, now=NOW + SECOND, accept_removals=True).failures
    assert len(tree.load(project.data, "iga")["grants"]) < 21


def test_the_same_again_is_the_same_issue_until_half_its_life(project: Project) -> None:
    first = {item.bundle: item.stamp for item in run(project).issued}
    for bundle in ("policy", "trust", "revocations"):
        assert not issue_kept(project, bundle, now=NOW + 1).renewed
    again = issue_again(project, "pam", now=NOW + lifetimes(project)["pam"] // 2)
    assert again is not None
    assert again.renewed
    assert again.stamp.digest == first["pam"].digest
    assert again.stamp.sequence > first["pam"].sequence
    assert stamp.vouches((project.data / "pam" / "data.json").read_bytes())


def test_a_change_of_a_rule_is_a_new_policy(project: Project) -> None:
    first = issue_kept(project, "policy", now=NOW)
    rule = project.rego / "system" / "log" / "log.rego"
    rule.write_text(rule.read_text() + "\n# a remark\n")
    assert issue_kept(project, "policy", now=NOW + 1).stamp.digest != first.stamp.digest


def test_the_example_shifts_every_time_alike() -> None:
    text = '{"a":"2026-11-23T11:30:00Z","b":"2026-11-23T13:30:00Z","c":"2026-11-23"}'
    assert json.loads(example.shift(text, 26 * HOUR)) == {
        "a": "2026-11-24T13:30:00Z",
        "b": "2026-11-24T15:30:00Z",
        "c": "2026-11-23",
    }
    assert parse("2026-11-23T12:00:00Z") == example.INSTANT


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"a": 1},
        {"z": {"q": [1, "\u2028"]}},
        {"break_glass": {"x": 1}, "elevations": {}, "snapshots": {"s": 1}},
    ],
)
def test_a_stamp_is_put_where_canonical_json_has_it(project: Project, document: dict[str, Any]) -> None:
    issued = issue_synced(project, "iga", document, now=NOW)
    written = (project.data / "iga" / "data.json").read_bytes()
    assert written == canonical.dumps({**document, "bundle": msgspec.to_builtins(issued.stamp)})
    assert stamp.vouches(written) or not document
    assert not issue_synced(project, "iga", document, now=NOW + 1).renewed


def test_records_handed_over_by_the_run_make_the_document_that_the_snapshots_make(project: Project) -> None:
    run(project)
    handed_over = (project.data / "iga" / "data.json").read_bytes()
    (project.data / "iga" / "data.json").unlink()
    configs = load_all(project.sources)
    effects = Effects(now=lambda: NOW, sleep=lambda _: None, base=project.data)
    sync(project, [], configs, SnapshotStore(project.snapshots), effects)
    assert (project.data / "iga" / "data.json").read_bytes() == handed_over


def test_a_newer_snapshot_of_another_process_is_not_rolled_back(project: Project) -> None:
    class Overtaken(SnapshotStore):
        """Another process publishes a snapshot with a grant less, between our run and our documents."""

        done = False

        def retain(self, system: str, keep: int) -> None:
            super().retain(system, keep)
            if system == "example-iga" and not self.done:
                self.done = True
                ours = self.latest(system)
                assert ours is not None
                left = [record for record in self.records(ours) if record.id != "g-002"]
                with self.writing(system, ours.sequence + 1) as writer:
                    writer.extend(left)
                    digest = writer.finish()
                counts = ours.counts | {"grant": ours.counts["grant"] - 1}
                self.publish(
                    msgspec.structs.replace(
                        ours, id="example-iga-2", sequence=ours.sequence + 1, counts=counts, sha256=digest
                    )
                )

    configs = load_all(project.sources)
    effects = Effects(now=lambda: NOW, sleep=lambda _: None, base=project.data)
    sync(project, configs, configs, Overtaken(project.snapshots), effects)
    document = tree.load(project.data, "iga")
    assert document["snapshots"]["example-iga"]["id"] == "example-iga-2"
    assert "pipeline:deployer@account:prod" not in document["grants"]["alice"]


def second_source(project: Project, name: str, text: str, *, more: str = "") -> None:
    """Another IGA source, of one CSV of grants; without its export it has never been listed."""
    (project.sources / f"{name}.yaml").write_text(
        f"{name}:\n  domain: iga\n  kind: file\n  max_age: 24h\n{more}"
        f"  file:\n    exports:\n      grant: {{path: example/{name}.csv}}\n"
    )
    if text:
        example.write(project.data / "example" / f"{name}.csv", text.encode(), system=name, exported_at=NOW)


DENIES = "id,subject,entitlement,scope,effect\nd-1,bob,ledger:payments-approver,*,deny\nd-2,nobody,orders:dba,*,deny\n"


@pytest.mark.parametrize("before", [False, True], ids=["first", "again"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "no complete listing of app", id="never listed"),
        pytest.param(DENIES, "app: 'nobody'", id="deny"),
    ],
)
def test_no_identities_are_issued_without_the_denies_of_a_source(
    project: Project, text: str, says: str, before: bool
) -> None:
    if before:
        run(project)
    path = project.data / "iga" / "data.json"
    old = path.read_bytes() if before else None
    second_source(project, "app", text)
    result = run(project)
    refused = result.failures["iga document"]
    assert isinstance(refused, DocumentError)
    assert refused.exit_code == 1
    assert says in str(refused)
    assert (path.read_bytes() if path.exists() else None) == old, "the old one stays and ages"
    assert "iga" not in {item.bundle for item in result.issued}
    assert {"pam", "policy", "trust", "revocations"} == {item.bundle for item in result.issued}
    assert tree.load(project.data, "pam")["elevations"]["alice"]["e-101"]["approvers"] == ["carol"]


def test_what_the_configuration_says_of_a_source_reaches_the_document(project: Project) -> None:
    second_source(project, "app", DENIES, more="  unmatched_denies: ignore\n")
    second_source(project, "rights", "id,subject,entitlement,scope\ng-1,bob,orders:dba,*\n", more="  guards: true\n")
    for again in (False, True):  # from the run, and from the snapshots on disk
        result = sync_none(project) if again else run(project)
        assert not result.failures
        document = tree.load(project.data, "iga")
        assert document["guards"] == ["app", "example-iga", "rights"]
        assert document["denies"]["bob"] == {"ledger:payments-approver@*": "app|d-1|9223372036|||"}
        assert "app: subject nobody" in {row.where for row in result.unmatched}
        (project.data / "iga" / "data.json").unlink()


def test_the_identities_of_a_secondary_are_nobody_to_the_pam(project: Project) -> None:
    (project.sources / "ad.yaml").write_text(
        "ad:\n  domain: iga\n  kind: file\n  max_age: 24h\n  identities: secondary\n"
        "  file:\n    exports:\n      identity: {path: example/ad.csv}\n"
    )
    text = "id,type,status,user_name\nzoe,human,active,zoe@example.com\nbob,human,disabled,bob@example.com\n"
    example.write(project.data / "example" / "ad.csv", text.encode(), system="ad", exported_at=NOW)
    for again in (False, True):
        assert not (sync_none(project) if again else run(project)).failures
        iga, pam = tree.load(project.data, "iga"), tree.load(project.data, "pam")
        assert "zoe" not in iga["identities"]
        assert iga["identities"]["bob"].startswith("disabled|human||example-iga|")
        assert "zoe" not in pam["elevations"]
        (project.data / "iga" / "data.json").unlink()
        (project.data / "pam" / "data.json").unlink()
    sync_none(project)
    (project.data / "pam" / "data.json").unlink()
    sync_none(project)  # the elevations alone, so that the names are read from the snapshots
    assert "zoe" not in tree.load(project.data, "pam")["elevations"]
