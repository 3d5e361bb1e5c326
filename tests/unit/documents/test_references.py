"""A name that nothing has is found when the documents are made, not by everybody being denied."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from livegate.documents import references, tree
from livegate.errors import DocumentError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(pytestconfig: pytest.Config) -> Path:
    """The repository's data."""
    return pytestconfig.rootpath / "data"


def put(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one value changed."""
    changed = copy.deepcopy(document)
    *parents, last = path.split("/")
    place = changed
    for part in parents:
        place = place[part]
    place[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("permits/payment/create", ["ledger:payments-clrek"], "'ledger:payments-clerk'"),
        ("permits/payment/aprove", ["ledger:viewer"], "'approve'"),
        ("actions/payment/read/application", "leger", "'ledger'"),
        ("entitlements/ledger:viewer/application", "zzz", "ledger, orders, pipeline"),
    ],
)
def test_the_catalogue(data: Path, path: str, value: Any, says: str) -> None:
    catalog = tree.load(data, "catalog")
    references.check_catalog(catalog, where="catalog")
    with pytest.raises(DocumentError) as caught:
        references.check_catalog(put(catalog, path, value), where="catalog")
    assert says in str(caught.value)


def test_callers(data: Path) -> None:
    trust = tree.load(data, "trust")
    references.check_trust(put(trust, "callers/" + "a" * 64, {"pep": "db-proxy"}), where="trust")
    references.check_trust(put(trust, "callers/" + "a" * 64, {"operator": True}), where="trust")
    with pytest.raises(DocumentError, match="db-proxy") as caught:
        references.check_trust(put(trust, "callers/" + "a" * 64, {"pep": "db-prxy"}), where="trust")
    assert "a" * 64 not in str(caught.value)


def test_gates(data: Path) -> None:
    config = tree.load(data, "config")
    references.check_gates(config, config["gates"], where="config")
    with pytest.raises(DocumentError, match="elevation"):
        references.check_gates(put(config, "gates/elevaton", {"pass": True}), config["gates"], where="config")
