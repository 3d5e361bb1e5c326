"""Versions are ordered as SemVer orders them."""

import pytest

from livegate.opa.versions import Version


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("1.9.0", "1.21.3"),
        ("1.21.2", "1.21.3"),
        ("1.21.3-dev", "1.21.3"),
        ("1.21.3", "1.22.0-rc1"),
        ("1.99.99", "2.0.0"),
    ],
)
def test_order(less: str, more: str) -> None:
    assert Version.parse(less) < Version.parse(more)


def test_a_leading_v_and_build_metadata_mean_nothing() -> None:
    assert Version.parse("v1.22.2+build.5") == Version.parse(" 1.22.2\n") == Version(1, 22, 2)


@pytest.mark.parametrize("text", ["", "unknown", "1.22", "1.22.2.3", "1.x.2", "1.22.2 and more", "9" * 40 + ".0.0"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version.parse(text)


@pytest.mark.parametrize("text", ["1.22.2", "1.23.0-dev"])
def test_text_is_what_was_read(text: str) -> None:
    assert str(Version.parse(text)) == text
