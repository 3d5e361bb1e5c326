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
