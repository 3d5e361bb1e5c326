"""JSON Schema (draft-07, the newest that OPA honours): one loader, and errors that name the key."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema

from livegate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable


@cache
def validator(package: str, name: str) -> jsonschema.Draft7Validator:
    """The validator of ``<package>/schemas/<name>.json``, formats checked."""
    text = resources.files(package).joinpath("schemas", f"{name}.json").read_text("utf-8")
    schema = json.loads(text)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)


def check(
    value: Any, schema: jsonschema.Draft7Validator, *, where: str, error: type[ConfigError] = ConfigError
) -> None:
    """Raise ``error`` naming ``where`` and the key of the first thing that is wrong with ``value``."""
    digest = _digest(value)
    if digest is not None and (id(schema), digest) in _good:
        return
    problem = jsonschema.exceptions.best_match(schema.iter_errors(value))
    if problem is not None:
        raise error(f"{key_path(problem.absolute_path)}: {_text(problem)}", where=where)
    if digest is not None and len(_good) < _MOST:
        _good[id(schema), digest] = schema  # held, so that its id stays its own


_MOST = 10_000
_good: dict[tuple[int, bytes], jsonschema.Draft7Validator] = {}
"""What was found good: a run of hundreds of cases checks the same documents each time, at some milliseconds each."""


def _digest(value: Any) -> bytes | None:
    try:
        return hashlib.sha256(json.dumps(value).encode()).digest()
    except (TypeError, ValueError, RecursionError):
        return None


def key_path(path: Iterable[str | int]) -> str:
    """``a.b[2]`` from a path of keys and positions; ``(top)`` for the whole value."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "(top)"


def _text(problem: jsonschema.ValidationError) -> str:
    # jsonschema repeats the whole value in its message; a person needs the rule, and a value may be private
    rule: Any = problem.validator_value
    schema: Any = problem.schema
    instance: Any = problem.instance
    match problem.validator:
        case "additionalProperties":
            known = ", ".join(sorted(schema.get("properties", {})))
            extra = sorted(set(instance) - set(schema.get("properties", {})))
            return f"unknown key {', '.join(map(repr, extra))}" + (f" (known: {known})" if known else "")
        case "enum":
            return f"must be one of {', '.join(map(str, rule))}{_bare(instance)}"
        case "type":
            return f"must be of type {rule}{_bare(instance)}"
        case "pattern":
            return f"must match {rule}"
    return problem.message if len(problem.message) < 160 else f"breaks the rule {problem.validator!r}"


def _bare(instance: Any) -> str:
    """What to say of a truth value where another was due, since its writer may see the very word that is asked for."""
    return (
        ": YAML reads a bare on, off, yes or no as true or false, write it in quotes"
        if isinstance(instance, bool)
        else ""
    )
