"""Documents that are changed after all checks: in the order in which they are given, in bundles signed again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from livegate.bundle import archive, keys
from livegate.bundle.build import MANIFEST, pack
from livegate.bundle.signing import NAME as SIGNATURES
from livegate.bundle.signing import KeySigner
from livegate.errors import SuiteError
from livegate.opa.process import Local
from livegate.regression import spoilt
from livegate.regression.repack import repacked
from livegate.regression.suite import loads

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """suite: A
population: example
instant: 2026-11-23T12:00:00Z
given: {{spoilt: {suite}}}
cases:
  - name: a
    controls: [C3]
    given: {{spoilt: {case}}}
    request: {{}}
    expect: {{decision: deny, reasons: [request.malformed]}}
"""


def test_what_a_case_spoils_comes_on_top() -> None:
    text = SUITE.format(suite="{pam: null, iga: {grants: 7}}", case="{iga: {grants: {erin: {}}}}")
    (case,) = loads(text.encode(), file="s.yaml").cases
    sound: dict[str, Any] = {
        "pam": {"mandates": {}},
        "iga": {"grants": {"bob": {}}, "denies": {}},
        "trust": {"issuers": {}},
    }
    assert spoilt.documents(sound, case.given.spoilt) == {
        "pam": {},
        "iga": {"grants": {"erin": {}}, "denies": {}},
        "trust": {"issuers": {}},
    }
    assert sound["iga"]["grants"] == {"bob": {}}


def test_without_any_nothing_changes() -> None:
    assert spoilt.then("", None) == ""
    assert spoilt.documents({"pam": {"a": 1}}, "") == {"pam": {"a": 1}}


@pytest.mark.parametrize(
    ("given", "said"),
    [("{authz: null}", "unknown key 'authz'"), ("{}", "given.spoilt"), ("{pam: 1}", "given.spoilt.pam")],
)
def test_only_documents_can_be_spoilt(given: str, said: str) -> None:
    with pytest.raises(SuiteError, match=r"s\.yaml:\d+:\d+") as caught:
        loads(SUITE.format(suite="{pam: null}", case=given).encode(), file="s.yaml")
    assert said in str(caught.value)


def test_bundles_are_signed_again_and_those_that_are_sound_stay(tmp_path: Path) -> None:
    private, public = keys.new("test", tmp_path / "key", tmp_path / "public")
    signer = KeySigner.load("test", f"file:{private}")
    for name, root in (("one", "pam"), ("two", "iga")):
        with (tmp_path / f"{name}.tar.gz").open("wb") as stream:
            pack({f"{root}/data.json": b'{"a":1}'}, {"revision": "r", "roots": [root]}, signer, stream)
    local = Local(bundles=(tmp_path / "one.tar.gz", tmp_path / "two.tar.gz"), kid="test", key=public)
    text = spoilt.then(spoilt.then("", {"pam": {"b": 2}}), {"pam": {"a": None}})
    made = repacked(local, text, signer, tmp_path / "spoilt")
    assert made.bundles[1] == local.bundles[1]
    with made.bundles[0].open("rb") as stream:
        files = archive.read(stream, where="one")
    assert json.loads(files["pam/data.json"]) == {"b": 2}
    assert json.loads(files[MANIFEST]) == {"revision": "r", "roots": ["pam"]}
    with local.bundles[0].open("rb") as stream:
        assert archive.read(stream, where="one")[SIGNATURES] != files[SIGNATURES]
