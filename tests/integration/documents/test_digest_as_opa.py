"""Our digest of parameters against OPA's own json.marshal and crypto.sha256, over odd values."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livegate.documents.digest import parameter_digest, text_digest

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ODD = [
    b"{}",
    b' { "b" : [ 1 , 2 ] , "a" : { } } ',
    b'{"b":1,"a":2,"B":3,"\xc3\xa9":4,"aa":5,"":6}',
    '{"\U0001f600":1,"\uffff":2,"é":3}'.encode(),
    b'{"\\u0041\\n\\t\\"\\\\\\/":"\\u00e9\\ud83d\\ude00\\b\\f\\r"}',
    b'{"a":"\\u0000\\u0001\\u001f\\u007f\\u0080"}',
    b'{"a":"<script>&amp;</script>\'","<&>":"\\u003c"}',
    '{"\u2028":"\u2029"}'.encode(),
    b'{"a":"\\u2028\\u2029"}',
    b'{"a":"\\ud800x\\udc00"}',
    b'{"a":[0,-0,1,-1,9007199254740993,9223372036854775808,18446744073709551616]}',
    b'{"a":123456789012345678901234567890123456789012345678901234567890}',
    b'{"a":[0.1,0.10,1.0,1e3,1E3,1e+3,1e-7,-0.0,3.141592653589793238462643383279,0.1e1]}',
    b'{"a":[true,false,null],"b":{"c":{"d":[[]]}}}',
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def theirs(opa: Path, folder: Path, values: list[bytes]) -> list[str]:
    """OPA's digests of these parameters, in one query."""
    given_ = folder / "input.json"
    given_.write_bytes(b'{"values":[' + b",".join(values) + b"]}")
    query = """[concat("", ["sha-256:", base64url.encode_no_pad(hex.decode(crypto.sha256(json.marshal(p))))]) |
        p := input.values[_]]"""
    done = subprocess.run(
        [opa, "eval", "--format", "json", "--input", given_, query], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    found: list[str] = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
    assert len(found) == len(values)
    return found


def test_odd_parameters(opa: Path, tmp_path: Path) -> None:
    assert [text_digest(value) for value in ODD] == theirs(opa, tmp_path, ODD)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    values=st.lists(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), JSON), min_size=8, max_size=12)
)
def test_any_parameters(opa: Path, tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, Any]]) -> None:
    texts = [json.dumps(value, ensure_ascii=number % 2 == 0).encode() for number, value in enumerate(values)]
    found = theirs(opa, tmp_path_factory.mktemp("any"), texts)
    assert [parameter_digest(value) for value in values] == found
    assert [text_digest(text) for text in texts] == found
