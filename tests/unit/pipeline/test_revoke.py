"""Revocations: entered once, never weaker, beside what is kept by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livegate.documents import tree
from livegate.errors import ConfigError, DocumentError
from livegate.model.instants import MOST
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import revoke
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

T = 1_795_000_000_000_000_000


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with an empty revocations document."""
    made = Project.at(tmp_path)
    (made.data / "revocations").mkdir(parents=True)
    made.state.mkdir()
    (made.data / "revocations" / "by-hand.yaml").write_text(
        f"subjects: {{dave: {{id: r-0, from: {T}, issued_until: {MOST}}}}}\n"
        + "".join(f"{kind}s: {{}}\n" for kind in RevocationKind if kind != "subject")
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
        "dave": {"id": "r-0", "from": T, "issued_until": MOST},
        "alice": {"id": f"r-alice-{T}", "from": T, "issued_until": MOST, "reason": "left"},
    }
    tree.checked(tree.load(project.data, "revocations"), "revocations", where="revocations")


@pytest.mark.parametrize(("first", "second"), [(T, T + 5), (T + 5, T), (T, T)])
def test_the_earlier_instant_stands_in_whatever_order(project: Project, first: int, second: int) -> None:
    revoke.add(project, revocation(at=first))
    assert revoke.add(project, revocation(at=second)) is (second < first)
    assert subjects(project)["alice"]["from"] == T


def test_one_kept_by_hand_is_not_changed_behind_its_back(project: Project) -> None:
    assert not revoke.add(project, revocation("dave", T))
    assert not revoke.add(project, revocation("dave", T + 1))
    with pytest.raises(ConfigError, match="by hand"):
        revoke.add(project, revocation("dave", T - 1))


def test_each_kind_has_its_collection(project: Project) -> None:
    for kind in RevocationKind:
        revoke.add(project, revocation(f"x-{kind.value}", kind=kind))
    document = tree.load(project.data, "revocations")
    assert {name: set(document[name]) for name in document} == {
        "subjects": {"dave", "x-subject"},
        "sessions": {"x-session"},
        "elevations": {"x-elevation"},
        "tokens": {"x-token"},
        "credentials": {"x-credential"},
        "mandates": {"x-mandate"},
        "keys": {"x-key"},
    }


def test_a_revocation_until_reissued_becomes_one_for_good_and_never_the_other_way(project: Project) -> None:
    until = Revocation(id="r-1", kind=RevocationKind.SUBJECT, target="alice", effective_at=T, issued_until=T)
    assert revoke.add(project, until)
    assert subjects(project)["alice"] == {"id": "r-1", "from": T, "issued_until": T}
    assert revoke.add(project, revocation(at=T + 5))
    assert subjects(project)["alice"] == {"id": "r-1", "from": T, "issued_until": MOST}
    later = Revocation(id="r-3", kind=RevocationKind.SUBJECT, target="alice", effective_at=T + 9, issued_until=T + 9)
    assert not revoke.add(project, later)


def test_an_entry_without_issued_until_reaches_to_its_start() -> None:
    bare = {"id": "r", "from": T}
    assert revoke.merge(bare, {"id": "s", "from": T + 5, "issued_until": T + 5}) == {
        "id": "r",
        "from": T,
        "issued_until": T + 5,
    }
    assert revoke.merge(bare, {"id": "s", "from": T - 5, "issued_until": T - 5}) == {
        "id": "s",
        "from": T - 5,
        "issued_until": T,
    }


INSTANTS = st.integers(T, T + 6)
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abc"), "from": INSTANTS},
        optional={"issued_until": INSTANTS, "reason": st.sampled_from(["x", "y"])},
    ),
    min_size=1,
    max_size=5,
)


def hits(entry: dict[str, Any], now: int, issued: int) -> bool:
    """Whether an entry revokes at ``now`` what was issued then, word for word as the specification has it."""
    return bool(entry["from"] <= now and issued <= entry.get("issued_until", entry["from"]))


@given(ENTRIES, st.randoms(use_true_random=False), INSTANTS, INSTANTS)
def test_of_any_number_in_any_order_one_stays_that_hits_what_any_hits(
    entries: list[dict[str, Any]], random: Random, now: int, issued: int
) -> None:
    def all_of(order: list[dict[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] | None = None
        for entry in order:
            merged = revoke.merge(found, entry)
            assert found is None or not hits(found, now, issued) or hits(merged, now, issued), "it never gets weaker"
            found = merged
        assert found is not None
        return found

    mixed = list(entries)
    random.shuffle(mixed)
    one, other = all_of(entries), all_of(mixed)
    assert (one["from"], one["id"], one.get("reason")) == (other["from"], other["id"], other.get("reason"))
    assert one.get("issued_until", one["from"]) == other.get("issued_until", other["from"])
    assert hits(one, now, issued) or not any(hits(entry, now, issued) for entry in entries)


HEX = "ab" * 32
THUMBPRINT = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"


@pytest.mark.parametrize(
    ("kind", "text", "target"),
    [
        (RevocationKind.CREDENTIAL, THUMBPRINT, THUMBPRINT),
        (RevocationKind.CREDENTIAL, HEX, THUMBPRINT),
        (RevocationKind.CREDENTIAL, ":".join(["AB"] * 32), THUMBPRINT),
        (RevocationKind.KEY, "https://i#k#1", "https://i#k#1"),
        (RevocationKind.SUBJECT, "a:b", "a:b"),
    ],
)
def test_a_target_is_written_as_the_decision_looks_it_up(kind: RevocationKind, text: str, target: str) -> None:
    assert revoke.target_of(kind, text) == target


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (RevocationKind.CREDENTIAL, "alice"),
        (RevocationKind.CREDENTIAL, HEX[:-2]),
        (RevocationKind.CREDENTIAL, THUMBPRINT + "="),
        (RevocationKind.CREDENTIAL, ""),
        (RevocationKind.KEY, "https://i"),
        (RevocationKind.KEY, "#k"),
        (RevocationKind.KEY, "i#"),
    ],
)
def test_a_target_that_would_stop_nobody_is_refused(kind: RevocationKind, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        revoke.target_of(kind, text)
    assert caught.value.todo


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
    assert revoke.known_targets(project, RevocationKind.KEY) is None, "no keys yet"
    for root, document in (
        ("iga", {"identities": {"Alice Doe": {}, "bob": {}}, "grants": {}}),
        (
            "pam",
            {
                "elevations": {"bob": {"e-1": {}}},
                "break_glass": {"bob": {"b-1": {}}},
                "mandates": {"bot": {"m-1": {}, "m-2": {}}, "app": {"m-3": {}}},
            },
        ),
        ("trust", {"keys": {"https://i": {"sig": {"k1": {}}, "jwt-svid": {"k2": {}}}, "j": {"sig": {"k1": {}}}}}),
    ):
        (project.data / root).mkdir()
        (project.data / root / "data.json").write_text(json.dumps(document))
    assert revoke.known_targets(project, RevocationKind.MANDATE) == frozenset({"m-1", "m-2", "m-3"})
    assert revoke.known_targets(project, RevocationKind.KEY) == frozenset({"https://i#k1", "https://i#k2", "j#k1"})
    known = revoke.known_targets(project, RevocationKind.SUBJECT)
    assert known == frozenset({"Alice Doe", "bob"})
    assert revoke.near("alice doe ", known) == ["Alice Doe"]
    assert revoke.near("carol", known) == []
    assert revoke.known_targets(project, RevocationKind.ELEVATION) == frozenset({"e-1", "b-1"})
    (project.data / "iga" / "data.json").write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        revoke.known_targets(project, RevocationKind.SUBJECT)
