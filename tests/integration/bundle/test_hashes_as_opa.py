"""Our hashes and our merged documents against those of a real OPA, over odd documents."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livegate import canonical
from livegate.bundle import archive, hashing
from livegate.documents import tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ODD = {
    "empty-object": b"{}",
    "empty-list": b"[]",
    "null": b"null",
    "text": b'"x"',
    "spaces": b' { "b" : [ 1 , 2 ] , "a" : { } } \n',
    "order": b'{"b":1,"a":2,"B":3,"\xc3\xa9":4,"aa":5,"":6}',
    "astral-order": '{"\U0001f600":1,"\uffff":2,"é":3}'.encode(),
    "escapes": b'{"\\u0041\\n\\t\\"\\\\\\/":"\\u00e9\\ud83d\\ude00\\b\\f\\r"}',
    "controls": b'"\\u0000\\u0001\\u001f\\u007f\\u0080"',
    "html": b'"<script>&amp;</script>\'"',
    "u2028": '{"\u2028":"\u2029"}'.encode(),
    "u2028-escaped": b'"\\u2028\\u2029"',
    "surrogate": b'"\\ud800x\\udc00"',
    "surrogate-key": b'{"\\ud800":1}',
    "integers": b"[0,-0,1,-1,9007199254740993,9223372036854775807,9223372036854775808,18446744073709551616]",
    "big-integer": b"123456789012345678901234567890123456789012345678901234567890",
    "floats": b"[0.1,0.10,1.0,1e3,1E3,1e+3,1e-7,-0.0,3.141592653589793238462643383279,1e400,0.1e1]",
    "booleans": b"[true,false,null]",
    "deep": b'{"a":' * 150 + b"[]" + b"}" * 150,
    "bom": b'\xef\xbb\xbf{"a":1}',
    "nanoseconds": b'{"t":1795000000000000000}',
}
YAML = {
    "plain": b"a: 1\nb: [x, y z]\nc:\n  d: null\n  e: true\n",
    "quoted": b"a: 'yes'\nb: \"\\u2028\"\nc: '010'\n",
    "unicode": "é: ü\nlist:\n  - a\n  - b\n".encode(),
    "json-in-yaml": b'{"a": 1e3, "b": 0.10}',
    "block": b"text: |\n  one\n  two\nfold: >\n  a\n  b\n",
    "comment": b"# only\na: -5\n",
}
RAW = {
    "main.rego": b"package x\n\n# \xe2\x80\xa8 comment\nallow := true\n",
    "other.json": b' {"b" : 1} ',
    "readme.md": b"\x00\xff\r\n",
    "data.json.bak": b"{}",
}


def _signed_hashes(opa: Path, folder: Path, key: Path) -> dict[str, str]:
    """File name → hash, as ``opa sign`` has them."""
    command: list[str | Path] = [
        opa,
        "sign",
        "-b",
        folder.name,
        "--signing-key",
        key,
        "--signing-alg",
        "ES256",
        "-o",
        folder.parent,
    ]
    done = subprocess.run(command, cwd=folder.parent, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    [token] = json.loads((folder.parent / ".signatures.json").read_bytes())["signatures"]
    payload = jwt.decode(token, options={"verify_signature": False})
    return {item["name"].removeprefix(f"{folder.name}/"): item["hash"] for item in payload["files"]}


def _lay(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key as OPA's command line wants it."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  # here alone

    path = tmp_path / "key.pem"
    path.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def test_odd_documents_hash_as_opa_signs_them(opa: Path, key: Path, tmp_path: Path) -> None:
    files = {f"{name}/data.json": data for name, data in ODD.items()}
    files |= {f"yaml-{name}/data.yaml": data for name, data in YAML.items()}
    files |= {f"yml-{name}/data.yml": data for name, data in YAML.items()}
    files |= {f"raw/{name}": data for name, data in RAW.items()}
    files[".manifest"] = b'{ "roots": ["a"], "revision" : "x" }'
    _lay(tmp_path / "bd", files)
    theirs = _signed_hashes(opa, tmp_path / "bd", key)
    ours = {name: hashing.sha256_file(name, data) for name, data in files.items()}
    assert {name for name in ours if name not in theirs} <= {f"raw/{name}" for name in RAW}
    assert len(theirs) >= len(ODD) + 2 * len(YAML) + 2
    assert {name: ours[name] for name in theirs} == theirs


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(JSON, min_size=20, max_size=20))
def test_any_document_hashes_as_opa_signs_it(
    opa: Path, key: Path, tmp_path_factory: pytest.TempPathFactory, values: list[object]
) -> None:
    folder = tmp_path_factory.mktemp("any") / "bd"
    files = {f"c{n}/data.json": canonical.dumps(value) for n, value in enumerate(values)}
    files |= {f"l{n}/data.json": json.dumps(value, indent=1).encode() for n, value in enumerate(values)}
    _lay(folder, files)
    theirs = _signed_hashes(opa, folder, key)
    assert theirs == {name: hashing.sha256_file(name, data) for name, data in files.items()}
    vouched = {name: hashing.sha256_canonical(data) for name, data in files.items() if name.startswith("c")}
    assert vouched.items() <= theirs.items()


def test_a_bundle_of_opa_build_hashes_as_it_says(opa: Path, key: Path, tmp_path: Path) -> None:
    objects = {name: data for name, data in ODD.items() if name not in ("null", "text", "bom")}
    _lay(tmp_path / "in", {f"{name}/data.json": data for name, data in objects.items()} | {"main.rego": b"package q\n"})
    output = tmp_path / "b.tar.gz"
    done = subprocess.run(
        [opa, "build", "-b", tmp_path / "in", "--signing-key", key, "--signing-alg", "ES256", "-o", output],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    with output.open("rb") as stream:
        files = archive.read(stream, where="b")
    [token] = json.loads(files.pop(".signatures.json"))["signatures"]
    listed = jwt.decode(token, options={"verify_signature": False})["files"]
    assert {item["name"]: item["hash"] for item in listed} == {
        name: hashing.sha256_file(name, data) for name, data in files.items()
    }


TREES = {
    "names": {"r/a.json": b'{"x":{"p":1}}', "r/b.yaml": b"x: {q: 2}\n", "r/x/c.yml": b"s: [1]\n", "r/n.md": b"#"},
    "numbers": {"r/a.json": b'{"a":[1.5,-7,0,1795000000000000000]}'},
    "unicode": {"r/a.json": '{"é\u2028":"\U0001f600"}'.encode()},
    "folders": {"r/a/b/c/d.json": b'{"e":1}', "r/a/f.json": b'{"g":2}'},
    "conflict-value": {"r/a.json": b'{"x":1}', "r/b.json": b'{"x":1}'},
    "conflict-folder": {"r/a.json": b'{"x":1}', "r/x/b.json": b'{"y":1}'},
}


@pytest.mark.parametrize("name", TREES)
def test_the_tree_is_what_opa_makes_of_it(name: str, opa: Path, tmp_path: Path) -> None:
    _lay(tmp_path / "data", TREES[name])
    command: list[str | Path] = [opa, "eval", "-d", tmp_path / "data", "--format", "json", "data.r"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    if name.startswith("conflict"):
        assert done.returncode != 0
        with pytest.raises(Exception, match="another file"):
            tree.read_root(tmp_path / "data", "r")
        return
    theirs = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
    assert orjson.loads(tree.read_root(tmp_path / "data", "r")) == theirs
