"""Messages of schema errors where YAML reads a word as something else."""

from __future__ import annotations

import jsonschema
import pytest

from livegate import schema
from livegate.errors import ConfigError


@pytest.mark.parametrize("rule", [{"enum": ["on", "off"]}, {"type": "string"}])
def test_a_bare_on_is_told_apart_from_the_word(rule: dict[str, object]) -> None:
    checked = jsonschema.Draft7Validator({"properties": {"recording": rule}})
    with pytest.raises(ConfigError, match=r"recording: must be .*: YAML reads a bare .* in quotes"):
        schema.check({"recording": True}, checked, where="bao.yaml")
    with pytest.raises(ConfigError) as caught:
        schema.check({"recording": 1}, checked, where="bao.yaml")
    assert "quotes" not in str(caught.value)
