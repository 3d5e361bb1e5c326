"""Revocations: entered once, never weaker, beside what is kept by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from livegate.documents import tree
from livegate.errors import ConfigError, DocumentError
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import revoke
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path

T = 1_795_000_000_000_000_000


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with an empty revocations document."""
    made = Project.at(tmp_path)
    (made.data / "revocations").mkdir(parents=True)
    made.state.mkdir()
    (made.data / "revocations" / "by-hand.yaml").write_text(
        f"subjects: {{dave: {{id: r-0, from: {T}}}}}\nsessions: {{}}\nelevations: {{}}\n"
    )
    return made


def revocation(target: str = "alice", at: int = T, kind: RevocationKind = RevocationKind.SUBJECT) -> Revocation:
    """A revocation with a reason."""
    return Revocation(id=f"r-{target}-{at}", kind=kind, target=target, effective_at=at, reason="left")


def subjects(project: Project) -> dict[str, dict[str, object]]:
    """What the document says of subjects."""
    found: dict[str, dict[str, object]] = tree.load(project.data, "revocations")["subjects"]
    return found


def test_it_joins_what_is_kept_by_hand(project: Project) -> None:
    assert revoke.add(project, revocation())
    assert subjects(project) == {
        "dave": {"id": "r-0", "from": T},
        "alice": {"id": f"r-alice-{T}", "from": T, "reason": "left"},
    }
    tree.checked(tree.load(project.data, "revocations"), "revocations", where="revocations")


@pytest.mark.parametrize(("first", "second"), [(T, T + 5), (T + 5, T), (T, T)])
def test_the_earlier_instant_stands_in_whatever_order(project: Project, first: int, second: int) -> None:
    revoke.add(project, revocation(at=first))
    assert revoke.add(project, revocation(at=second)) is (second < first)
    assert subjects(project)["alice"]["from"] == T


def test_one_kept_by_hand_is_not_changed_behind_its_back(project: Project) -> None:
    assert not revoke.add(project, revocation("dave", T + 1))
    with pytest.raises(ConfigError, match="by hand"):
        revoke.add(project, revocation("dave", T - 1))


def test_each_kind_has_its_collection(project: Project) -> None:
    revoke.add(project, revocation("s-1", kind=RevocationKind.SESSION))
    revoke.add(project, revocation("e-1", kind=RevocationKind.ELEVATION))
    document = tree.load(project.data, "revocations")
    assert list(document["sessions"]) == ["s-1"]
    assert list(document["elevations"]) == ["e-1"]


@pytest.mark.parametrize(
    ("text", "key"), [("subjects: {alice: {}}\n", "subjects.alice"), ("subjects: {alice: 3}\n", "subjects.alice")]
)
def test_a_file_with_a_mistake_is_named_with_its_key(project: Project, text: str, key: str) -> None:
    path = project.data / "revocations" / "mistake.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError, match=key) as caught:
        revoke.add(project, revocation())
    assert caught.value.where == str(path)
    path.unlink()
    assert revoke.add(project, revocation())


def test_what_a_revocation_can_hit(project: Project) -> None:
    assert revoke.known_targets(project, RevocationKind.SUBJECT) is None, "no sync yet"
    assert revoke.known_targets(project, RevocationKind.SESSION) is None, "sessions are nobody's list"
    for root, document in (
        ("iga", {"identities": {"Alice Doe": {}, "bob": {}}, "grants": {}}),
        ("pam", {"elevations": {"bob": {"e-1": {}}}, "break_glass": {"bob": {"b-1": {}}}}),
    ):
        (project.data / root).mkdir()
        (project.data / root / "data.json").write_text(json.dumps(document))
    known = revoke.known_targets(project, RevocationKind.SUBJECT)
    assert known == frozenset({"Alice Doe", "bob"})
    assert revoke.near("alice doe ", known) == ["Alice Doe"]
    assert revoke.near("carol", known) == []
    assert revoke.known_targets(project, RevocationKind.ELEVATION) == frozenset({"e-1", "b-1"})
    (project.data / "iga" / "data.json").write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        revoke.known_targets(project, RevocationKind.SUBJECT)
