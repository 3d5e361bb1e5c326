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


def _window(zone: str, *, start: int = 0, end: int = 60) -> dict[str, Any]:
    return {"zone": zone, "days": ["Monday"], "from": start, "to": end}


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("permits/payment/create", ["ledger:payments-clrek"], "'ledger:payments-clerk'"),
        ("permits/payment/aprove", ["ledger:viewer"], "'approve'"),
        ("actions/payment/read/application", "leger", "'ledger'"),
        ("entitlements/ledger:viewer/application", "zzz", "mail, orders, pipeline"),
        ("actions/payment/read/limits", {"windows": [_window("Europe/Viena")]}, "'Europe/Vienna'"),
        ("actions/payment/read/limits", {"windows": [_window("UTC", start=600, end=600)]}, "ends before it begins"),
        ("actions/payment/read/limits", {"ticket": "CHG-("}, "no regular expression"),
        (
            "combinations/more",
            {"title": "x", "after": "reads_personal_dat", "then": "sends_outside"},
            "'reads_personal_data'",
        ),
        (
            "combinations/more",
            {"title": "x", "after": "reads_personal_data", "then": "sends_outsid"},
            "'sends_outside'",
        ),
        ("applications/ledger/profile", "timesheet", "no profile"),
        ("profiles/more", {"pep": "x", "actions": {"payment": {"raed": True}}, "valid_for": 10**9}, "'read'"),
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


def test_profiles(data: Path) -> None:
    catalog, trust = tree.load(data, "catalog"), tree.load(data, "trust")
    references.check_profiles(catalog, trust, where="catalog")
    name = next(iter(catalog["profiles"]))
    with pytest.raises(DocumentError, match="no PEP 'db-prxy'"):
        references.check_profiles(put(catalog, f"profiles/{name}/pep", "db-prxy"), trust, where="catalog")


def test_gates(data: Path) -> None:
    config = tree.load(data, "config")
    references.check_gates(config, config["gates"], where="config")
    with pytest.raises(DocumentError, match="elevation"):
        references.check_gates(put(config, "gates/elevaton", {"pass": True}), config["gates"], where="config")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"workloads": {"spiffe://prod.example/api": {"pep": "db-prox"}}}, "workloads: no PEP 'db-prox'"),
        ({"keys": {"https://idp.example#a": {}}}, "keys: the issuer 'https://idp.example#a'"),
        ({"roots": {"a|b": "PEM"}}, "roots: the issuer 'a|b'"),
        ({"sources": {"": "idp"}}, "sources: the issuer ''"),
        ({"issuers": {"github": {"a#b": {}}}}, "issuers.github: the issuer 'a#b'"),
    ],
)
def test_who_is_trusted(data: Path, changes: dict[str, Any], says: str) -> None:
    trust = tree.load(data, "trust")
    references.check_trust(trust, where="trust")
    with pytest.raises(DocumentError) as caught:
        references.check_trust(trust | changes, where="trust")
    assert says in str(caught.value)
