"""What YAML takes bare words for is said, not silently believed."""

from __future__ import annotations

import pytest

from livegate import yamlfiles
from livegate.errors import ConfigError


@pytest.mark.parametrize("key", ["no", "yes", "on", "off", "true", "1", "1.5", "null", "~"])
def test_a_key_that_is_no_text_is_refused(key: str) -> None:
    """Read as ``false``, ``no: disabled`` would translate nothing that a source ever says."""
    with pytest.raises(ConfigError, match="is no text") as caught:
        yamlfiles.loads(f"status:\n  {key}: disabled\n", where="hr.yaml")
    assert caught.value.where == "hr.yaml:2:3"
    assert "in quotes" in str(caught.value)
    assert yamlfiles.loads(f'{{"{key}": disabled}}', where="hr.yaml") == {key: "disabled"}


def test_a_list_as_key_is_refused() -> None:
    with pytest.raises(ConfigError):
        yamlfiles.loads("? [a, b]\n: c\n", where="hr.yaml")


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        pytest.param("[" * 100_000, "1:65", "deeper than 64", id="brackets"),
        pytest.param("\n" + "- " * 100_000, "2:129", "deeper than 64", id="dashes"),
        pytest.param("{a: " * 65 + "1" + "}" * 65, "1:257", "deeper than 64", id="just-too-deep"),
        pytest.param("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a", "2:44", "deeper than 64", id="alias"),
        pytest.param("a: &a [1, *a]", "1:11", "inside what it names", id="inside-itself"),
        pytest.param(
            "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(
                f"{n}: &{n} [{', '.join([f'*{p}'] * 10)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            "5:",
            "aliases",
            id="laughs",
        ),
    ],
)
def test_what_would_take_the_process_down_is_refused_at_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        yamlfiles.loads(text, where="hr.yaml")
    assert caught.value.where is not None
    assert caught.value.where.startswith(f"hr.yaml:{place}")


def test_depth_and_aliases_within_bounds_are_read() -> None:
    assert yamlfiles.loads("[" * 64 + "]" * 64, where="hr.yaml")
    assert yamlfiles.loads("a: &a {x: 1}\nb: *a\n", where="hr.yaml") == {"a": {"x": 1}, "b": {"x": 1}}


def test_a_merge_key_is_refused_with_what_does_instead() -> None:
    with pytest.raises(ConfigError, match=r"f\.yaml:3:3: a merge key \(<<\) is not taken: .* alias") as caught:
        yamlfiles.loads("a: &a {b: 1}\nc:\n  <<: *a\n", where="f.yaml")
    assert caught.value.exit_code == 2
