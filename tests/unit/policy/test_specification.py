"""Which reasons a specification names."""

from __future__ import annotations

from pathlib import Path

import pytest

from livegate.errors import ConfigError
from livegate.policy.specification import parse, reasons

PAGE = Path(__file__).parents[3] / "rego/README.md"


def test_reasons_are_read_gate_by_gate() -> None:
    text = """## Gates
### one
`word` in the text.
Reasons: `a` `b_c` (needs `x`; in place of `y` and
`z`) `d`
`e`.

`f` stands after the list.
### two
Reasons: `a`.
### without
Nothing.
## Answer
Reasons: `g`
"""
    assert parse(text, where="page") == ("one.a", "one.b_c", "one.d", "one.e", "two.a")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("", "names no reason", id="empty"),
        pytest.param("### one\nReasons: none\n", "names no reason", id="no words"),
        pytest.param("### one\nReasons: `a` `b` `a`\n", "names one.a twice", id="twice"),
    ],
)
def test_page_without_them_is_refused(text: str, what: str) -> None:
    with pytest.raises(ConfigError, match=f"^page: {what}"):
        parse(text, where="page")


def test_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        reasons(tmp_path / "README.md")
    (tmp_path / "README.md").write_bytes(b"### one\nReasons: `\xff`")
    with pytest.raises(ConfigError, match="not UTF-8"):
        reasons(tmp_path / "README.md")


def test_the_specification_is_read_whole() -> None:
    """Every gate, first and last word of the lists that run over lines, and none of the asides."""
    found = reasons(PAGE)
    assert {id_.partition(".")[0] for id_ in found} == {
        *("request", "proof", "identity", "revocation", "freshness", "entitlement", "elevation", "mandate"),
        "transaction",
    }
    ends = {"request.malformed", "request.legacy_context", "proof.unavailable", "proof.transaction_mismatch"}
    assert ends | {"elevation.incident_missing", "mandate.chain_missing"} <= set(found)
    assert not {"request.asserts", "request.context", "proof.proofs"} & set(found)
