"""A suite against its schema: quickly that it holds, and slowly what is wrong, where, and what was probably meant."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import jsonschema

from livegate import schema
from livegate.errors import SuiteError
from livegate.regression.reading import near

if TYPE_CHECKING:
    from livegate.regression.places import At
    from livegate.regression.places import Path as Place

_PACKAGE = "livegate.regression"


def check(value: Any, name: str, at: At, *, under: Place = (), definition: str | None = None) -> None:
    """See that ``value`` is what the schema ``name`` says, or one of its definitions.

    Args:
        value: of a whole file, or of the part that stands at ``under``.
        name: ``suite``, ``population``. definition: of the schema. at: places, for errors.

    Raises:
        SuiteError: it is not; names file, line and column of one thing that is wrong, and the near miss.
    """
    errors = list(_validator(name, definition).iter_errors(value))
    if not errors:
        return
    # a key that is misspelt is also a key that is missing: what is there tells more than what is not
    problem = min(
        errors, key=lambda error: (error.validator != "additionalProperties", at.mark((*under, *error.absolute_path)))
    )
    path = (*under, *problem.absolute_path)
    text = schema.key_path(path)
    within = problem.schema if isinstance(problem.schema, dict) else {}
    if problem.validator == "additionalProperties":
        known = sorted(within.get("properties", {}))
        extra = min(set(map(str, problem.instance)) - set(known))
        raise SuiteError(f"{text}: unknown key {extra!r}", where=at.of_key((*path, extra)), todo=near(extra, known))
    if problem.validator == "enum":
        words = [str(word) for word in problem.validator_value]
        what = f"{text}: {str(problem.instance)[:60]!r} is not known{_bare(problem.instance)}"
        raise SuiteError(what, where=at.of(path), todo=near(problem.instance, words))
    raise SuiteError(f"{text}: {_said(problem)}", where=at.of(path), todo=within.get("description"))


def _said(problem: jsonschema.ValidationError) -> str:
    if problem.schema is False:
        return "cannot be here"
    if problem.validator == "pattern":
        return "is not of the form that is asked for"
    return "is of no form that is asked for" if problem.validator in {"anyOf", "oneOf"} else problem.message[:160]


def _bare(value: Any) -> str:
    return (
        ": YAML reads a bare on, off, yes or no as true or false, write it in quotes" if isinstance(value, bool) else ""
    )


@cache
def _validator(name: str, definition: str | None) -> jsonschema.Draft7Validator:
    whole = schema.validator(_PACKAGE, name)
    if definition is None:
        return whole
    part = {"definitions": cast("dict[str, Any]", whole.schema)["definitions"], "$ref": f"#/definitions/{definition}"}
    return jsonschema.Draft7Validator(part, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)


def as_json(value: Any, at: At, path: Place) -> None:
    """See that ``value``, which stands at ``path``, can be written as JSON.

    Raises:
        SuiteError: YAML knows more than JSON: bytes, sets, numbers that are none.
    """
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SuiteError(f"{schema.key_path(path)}: cannot be written as JSON ({error})", where=at.of(path)) from error
