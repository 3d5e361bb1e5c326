"""The hand-kept documents of this repository are what their schemas say, and the schemas say no to what is not."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from livegate.documents import tree
from livegate.errors import DocumentError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(pytestconfig: pytest.Config) -> Path:
    """The repository's data."""
    return pytestconfig.rootpath / "data"


@pytest.mark.parametrize("root", ["catalog", "config", "trust", "revocations"])
def test_hand_kept_documents_are_valid(data: Path, root: str) -> None:
    assert tree.checked(tree.load(data, root), root, where=root)


@pytest.mark.parametrize(
    ("root", "path", "value", "says"),
    [
        pytest.param("catalog", "actions.database.query.tier", "extreme", "must be one of", id="unknown tier"),
        pytest.param("catalog", "actions.database.query.privileged", True, "elevation", id="privileged without needs"),
        pytest.param("catalog", "actions.database.query.typo", 1, "unknown key 'typo'", id="unknown key"),
        pytest.param("config", "tiers.low.ages.pam", 3600, "3600", id="seconds for nanoseconds"),
        pytest.param("config", "leeway", 10**12, "1000000000000", id="leeway of a quarter of an hour"),
        pytest.param("trust", "callers.hunter2", {"pep": "x"}, "callers", id="a token instead of its hash"),
        pytest.param("revocations", "subjects.alice", {"id": "r", "from": 5}, "5", id="an instant in seconds"),
    ],
)
def test_what_is_wrong_is_refused_by_name(data: Path, root: str, path: str, value: Any, says: str) -> None:
    document = copy.deepcopy(tree.load(data, root))
    *parents, last = path.split(".")
    place = document
    for part in parents:
        place = place[part]
    place[last] = value
    with pytest.raises(DocumentError) as caught:
        tree.checked(document, root, where=f"data/{root}")
    assert says in str(caught.value)
    assert path.split(".", maxsplit=1)[0] in str(caught.value)
    assert "hunter2" not in str(caught.value)
