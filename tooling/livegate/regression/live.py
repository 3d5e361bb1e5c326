"""Cases asked of an OPA that runs elsewhere: smoke tests after a deployment, by nothing but the decision API.

It only reads: one ``POST /v1/data/authz/evaluation`` a case, as an application does, with the caller's own token or
certificate. The clock and the documents are that OPA's own, so only suites of the population ``live`` can be asked.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from livegate.errors import ConfigError, EngineError, SuiteError
from livegate.model.instants import SECOND, show
from livegate.opa.client import OpaClient, direct_session
from livegate.regression.compare import Difference, compare, instant, malformed
from livegate.regression.results import CaseResult, Outcome, SuiteResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from livegate.regression.cases import Case, Suite
    from livegate.secrets import Secret

APART = 60 * SECOND
"""How far the clock of an OPA may be from ours (ns); further, windows open and end at other times than people think."""

_GIVE_UP = 3
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def client(
    url: str,
    *,
    token: Secret | None = None,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> OpaClient:
    """A client of the OPA at ``url``.

    Args:
        url: of its API. token: the caller's bearer token. ca: file with the authorities that its certificate leads to.
        certificate, key: files of the caller's own, where OPA asks for one.

    Raises:
        ConfigError: no such address or file, or a token would travel in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise ConfigError("is no http(s) address without a user name", where="--url", todo="as http://127.0.0.1:8181")
    if token is not None and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ConfigError("would carry the token in the clear", where="--url", todo="use https")
    if (certificate is None) != (key is None):
        raise ConfigError("go together", where="--cert and --key", todo="name both files")
    session = direct_session()
    for option, file in (("--ca", ca), ("--cert", certificate), ("--key", key)):
        if file is not None and not file.is_file():
            raise ConfigError("is not there", where=f"{option} {file}")
    if ca is not None:
        session.verify = str(ca)
    if certificate is not None:
        session.cert = (str(certificate), str(key))
    return OpaClient(url=url.rstrip("/"), token=token, session=session, connect=5.0, read=15.0)


def ask(
    opa: OpaClient,
    suites: Iterable[Suite],
    *,
    revisions: Mapping[str, str] | None = None,
    now: Callable[[], int] = time.time_ns,
    check: Callable[[], None] = lambda: None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[SuiteResult, ...]:
    """Decide every case; results in the order of the suites.

    Args:
        opa: whom to ask. suites: of the population ``live``. revisions: bundle → revision that each answer must name.
        now: our clock, ns. check: called between cases. progress: told each suite.

    Raises:
        SuiteError: a suite is judged at an instant or on documents that no running OPA has.
    """
    everything = tuple(suites)
    for suite in everything:
        _askable(suite)
    unreached = 0
    found = []
    for suite in everything:
        progress(f"{suite.title}: {len(suite.cases)} cases")
        results = []
        for case in suite.cases:
            check()
            if unreached >= _GIVE_UP:
                text = f"not asked: {_GIVE_UP} cases in a row had no answer from {opa.url}"
                results.append(CaseResult(case=case, outcome=Outcome.ERROR, error=text))
                continue
            result = _one(opa, case, revisions or {}, now)
            unreached = unreached + 1 if result.outcome is Outcome.ERROR and result.answer is None else 0
            results.append(result)
        found.append(SuiteResult(suite=suite, results=tuple(results)))
    return tuple(found)


def skipped(suite: Suite) -> SuiteResult:
    """The results of a live suite when there is no OPA to ask."""
    why = "for a running OPA: asked with --url"
    return SuiteResult(
        suite=suite,
        results=tuple(CaseResult(case=case, outcome=Outcome.SKIPPED, error=why) for case in suite.cases),
    )


def _askable(suite: Suite) -> None:
    for case in suite.cases:
        if not case.given.live:
            raise SuiteError(
                f"is judged at its own instant, on the population {case.given.population!r}: a running OPA has "
                "neither, so its answers would say nothing of these cases",
                where=f"{suite.file}:{case.line}",
                todo="ask suites with `population: live`, or leave --url out",
            )
        if case.credential is not None or case.signed is not None:
            raise SuiteError(
                "has a credential or signature that would be minted, by a key that no running OPA trusts",
                where=f"{suite.file}:{case.line}",
                todo="ask as an enforcement point, with its own --token",
            )


def _one(opa: OpaClient, case: Case, revisions: Mapping[str, str], now: Callable[[], int]) -> CaseResult:
    begun = now()
    try:
        answer: Any = opa.decide(case.request)
    except EngineError as error:
        return CaseResult(case=case, outcome=Outcome.ERROR, error=str(error))
    except OSError as error:  # what requests does not turn into its own: a certificate that cannot be read
        return CaseResult(case=case, outcome=Outcome.ERROR, error=f"cannot be asked: {error.strerror or error}")
    if wrong := malformed(answer):
        return CaseResult(
            case=case, outcome=Outcome.ERROR, answer=answer, error=f"OPA's answer is no decision: {wrong}"
        )
    at = instant(answer["context"]["evaluated_at"]) or 0
    if not begun - APART <= at <= now() + APART:
        text = f"decided at {show(at)}, when our clock said {show(begun)}: one of the two clocks is wrong"
        return CaseResult(case=case, outcome=Outcome.ERROR, answer=answer, error=text)
    differences = (*compare(case.expect, answer), *_revisions(answer, revisions))
    result = CaseResult(case=case, outcome=Outcome.PASSED, answer=answer)
    return replace(result, outcome=Outcome.FAILED, differences=differences) if differences else result


def _revisions(answer: Mapping[str, Any], expected: Mapping[str, str]) -> Iterable[Difference]:
    told = answer["context"].get("revisions")
    actual = told if isinstance(told, dict) else {}
    for name, revision in sorted(expected.items()):
        if actual.get(name) != revision:
            yield Difference(f"revisions.{name}", revision, str(actual.get(name, "absent")))
