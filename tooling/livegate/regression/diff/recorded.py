"""Questions that are not generated: the cases of both sides' suites, and captured requests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.errors import ConfigError, DocumentError
from livegate.files import read_bytes
from livegate.model.instants import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from livegate.regression.cases import Given, Suite

_LIMIT = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One of them.

    Attributes:
        source: ``file:line``. variant: ``case`` or ``request``. instant: ns; None for that of the comparison.
        given: the organisation of a case; None for the documents of each side.
        credential, signed: what is minted, in a suite's words.
    """

    source: str
    variant: str
    request: Any = field(repr=False)
    instant: int | None = None
    given: Given | None = None
    credential: Mapping[str, Any] | None = field(default=None, repr=False)
    signed: Mapping[str, Any] | None = None


def cases(suites: Iterable[Suite]) -> list[Recorded]:
    """The cases of suites, each once, however many sides have it. Those of a live OPA cannot be asked here."""
    found: dict[Any, Recorded] = {}
    for suite in suites:
        for case in suite.cases:
            if case.given.base == "live" or case.given.population == "live":
                continue
            said = json.dumps(
                [case.request, case.instant, case.credential, case.signed], sort_keys=True, ensure_ascii=False
            )
            found.setdefault(
                (said, case.given),
                Recorded(
                    source=f"{suite.file}:{case.line}",
                    variant="case",
                    request=case.request,
                    instant=case.instant,
                    given=case.given,
                    credential=case.credential,
                    signed=case.signed,
                ),
            )
    return list(found.values())


def requests(paths: Iterable[Path]) -> Iterator[Recorded]:
    """Captured requests, JSON a line: a bare request, or ``{"request", "instant", "credential", "signed"}``.

    Raises:
        ConfigError: a line that is neither; names file and line.
    """
    for path in paths:
        for number, line in enumerate(read_bytes(path, limit=_LIMIT).split(b"\n"), 1):
            if line.strip():
                yield _request(line, f"{path}:{number}")


def _request(line: bytes, where: str) -> Recorded:
    try:
        value = canonical.loads(line, where=where)
    except DocumentError as error:
        raise ConfigError(error.what, where=where, todo="one JSON value a line") from error
    if not isinstance(value, dict):
        raise ConfigError("is no object", where=where, todo="a request, or {request, instant} around one")
    if "subject" in value or "request" not in value:
        return Recorded(source=where, variant="request", request=value)
    instant = value.get("instant")
    if instant is not None:
        try:
            instant = parse(instant)
        except (ValueError, AttributeError) as error:
            raise ConfigError("instant is no RFC 3339 time", where=where) from error
    for name in ("credential", "signed"):
        if not isinstance(value.get(name, {}), dict):
            raise ConfigError(f"{name} is no object", where=where, todo="as in a suite")
    return Recorded(
        source=where,
        variant="request",
        request=value["request"],
        instant=instant,
        credential=value.get("credential"),
        signed=value.get("signed"),
    )
