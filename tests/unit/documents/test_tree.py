"""The data tree as one document, merged as OPA does (compared with OPA in tests/integration/bundle)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.documents import tree
from livegate.errors import ConfigError, DocumentError, LivegateError

if TYPE_CHECKING:
    from pathlib import Path


def _files(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_merges_names_folders_and_formats(tmp_path: Path) -> None:
    _files(
        tmp_path,
        r__a_json='{"x": {"p": 1}}',
        r__b_yaml="x: {q: 2}\nz: 'é'",
        r__x__c_yml="s: [1]",
        r__note_md="# nothing",
    )
    assert tree.read_root(tmp_path, "r") == '{"x":{"p":1,"q":2,"s":[1]},"z":"é"}'.encode()


def test_a_canonical_file_alone_is_taken_as_it_is(tmp_path: Path) -> None:
    _files(tmp_path, r__data_json='{"a":1,"b":2}')
    assert tree.read_root(tmp_path, "r") == b'{"a":1,"b":2}'


def test_another_form_is_made_canonical(tmp_path: Path) -> None:
    _files(tmp_path, r__data_json='{"b": 123456789012345678901234567890, "a": "\u2028"}')
    assert tree.read_root(tmp_path, "r") == b'{"a":"\\u2028","b":123456789012345678901234567890}'


def test_nothing_there_is_no_document(tmp_path: Path) -> None:
    assert tree.read_root(tmp_path, "r") == b""


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"r__a_json": '{"x":1}', "r__b_json": '{"x":1}'}, id="same-value-twice"),
        pytest.param({"r__a_json": '{"x":1}', "r__x__b_json": '{"y":1}'}, id="value-and-folder"),
        pytest.param({"r__a_json": '{"x":[1]}', "r__b_yaml": "x: [2]"}, id="lists"),
        pytest.param({"r__data_json": "[1]"}, id="list-at-top"),
        pytest.param({"r__data_json": ""}, id="empty"),
        pytest.param({"r__data_json": '{"a":1'}, id="cut-off"),
        pytest.param({"r__data_json": '{"a":1,"a":2}'}, id="key-twice"),
        pytest.param({"r__data_yaml": "a: {"}, id="bad-yaml"),
        pytest.param({"r__data_yaml": "1: a"}, id="integer-key"),
        pytest.param({"r__data_json": '{"a":NaN}'}, id="nan"),
        pytest.param({"r__data_yaml": "a: .nan"}, id="yaml-nan"),
    ],
)
def test_refuses(tmp_path: Path, files: dict[str, str]) -> None:
    _files(tmp_path, **files)
    with pytest.raises((DocumentError, ConfigError)):
        tree.read_root(tmp_path, "r")


def test_a_conflict_names_file_and_path(tmp_path: Path) -> None:
    _files(tmp_path, r__a_json='{"x":{"y":1}}', r__b_json='{"x":{"y":2}}')
    with pytest.raises(DocumentError, match=r"b\.json: r/x/y"):
        tree.read_root(tmp_path, "r")


def test_a_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    _files(tmp_path, outside_json='{"a":1}')
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "data.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(LivegateError, match="link"):
        tree.read_root(tmp_path, "r")
