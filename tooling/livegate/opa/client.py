"""OPA's REST API, the calls that we make: decide, query, health, status, configuration, and a module for a trial.

Each answer is bounded in time and size; no proxy, cookie or ``.netrc`` of the environment takes part, and no redirect
is followed, since the bearer token would go along. Source: OPA's REST API reference,
https://www.openpolicyagent.org/docs/rest-api; the shape of a decision is AuthZEN 1.0's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import requests

from livegate.errors import EngineError
from livegate.opa.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.secrets import Secret

DECISION = "authz/evaluation"
"""Path of the entry point, below ``/v1/data`` and ``/v0/data``."""

_CHUNK = 1 << 16


def direct_session() -> requests.Session:
    """A session that takes nothing from the environment: OPA is asked directly."""
    session = requests.Session()
    session.trust_env = False
    return session


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaClient:
    """One OPA server. Use one client in one thread; its session keeps the connection.

    Args:
        url: of the API. diagnostic: of the diagnostic listener (health); the API's when left out.
        token: bearer token that ``system.authz`` judges, if it does.
        connect, read: seconds. limit: bytes of the largest answer.
    """

    url: str
    diagnostic: str | None = None
    token: Secret | None = None
    session: requests.Session = field(default_factory=direct_session, repr=False)
    connect: float = 5.0
    read: float = 60.0
    limit: int = 64 << 20

    def decide(self, request: object, *, v0: bool = False) -> dict[str, Any]:
        """The decision for one AuthZEN evaluation request.

        Args:
            request: whatever the caller sends; the policy answers malformed ones too. v0: post it bare.

        Returns:
            ``{"decision": bool, "context": {…}}``.

        Raises:
            EngineError: refused, not reached, or an answer without a decision. It never stands for an allow.
        """
        answer = self._json("POST", f"/v0/data/{DECISION}", body=request) if v0 else self.data(DECISION, request)
        if not isinstance(answer, dict) or not isinstance(answer.get("decision"), bool):
            raise EngineError(
                "answered without a decision",
                where=f"{self.url}/{'v0' if v0 else 'v1'}/data/{DECISION}",
                todo="treat it as a denial; check that the policy bundle is active (`livegate status`)",
            )
        return answer

    def data(self, path: str, given: object = None) -> Any:
        """The value of the document ``path`` (slashes between names) under an input.

        Raises:
            EngineError: refused, not reached, or undefined.
        """
        answer = self._json("POST", f"/v1/data/{path}", body={"input": given})
        if not isinstance(answer, dict) or "result" not in answer:
            raise EngineError(
                "is undefined", where=f"{self.url}/v1/data/{path}", todo="treat it as a denial; is its bundle loaded?"
            )
        return answer["result"]

    def query(self, query: str, given: object = None) -> list[dict[str, Any]]:
        """All solutions of a Rego query, each the bindings of its variables; none is an empty list.

        Bind what you ask for (``x := data.a.b``): a lone comparison that is false is answered like a true one, with
        one solution without bindings (measured on 1.22.2).

        Raises:
            EngineError: refused, not reached, or the query does not compile or fails.
        """
        answer = self._json("POST", "/v1/query", body={"query": query, "input": given})
        result = answer.get("result", []) if isinstance(answer, dict) else None
        if not isinstance(result, list):
            raise EngineError("answered something that is no list of solutions", where=f"{self.url}/v1/query")
        return result

    def metered(self, query: str, given: object = None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """As :meth:`query`, and OPA's metrics of it: ``timer_rego_query_eval_ns`` and others.

        Raises:
            EngineError: as :meth:`query`, or there are no metrics.
        """
        answer = self._json("POST", "/v1/query?metrics=true", body={"query": query, "input": given})
        result, metrics = (
            (answer.get("result", []), answer.get("metrics")) if isinstance(answer, dict) else (None, None)
        )
        if not isinstance(result, list) or not isinstance(metrics, dict):
            raise EngineError("answered without solutions or without metrics", where=f"{self.url}/v1/query")
        return result, metrics

    def healthy(self, *, bundles: bool = True) -> bool:
        """Whether OPA says that it is up, and with ``bundles`` that each was activated once (it never takes that back).

        Raises:
            EngineError: not reached, or neither 200 nor 500.
        """
        return self.ailment(bundles=bundles) is None

    def ailment(self, *, bundles: bool = True) -> str | None:
        """What OPA says against its health; None when it is healthy. See :meth:`healthy`.

        Where authorization is on, ``system.authz`` judges the diagnostic address too: it must allow ``health`` to
        callers without a token, and until the policy is loaded the answer is 500.

        Raises:
            EngineError: not reached, or neither 200 nor 500.
        """
        base = self.diagnostic or self.url
        status, body = self._send("GET", f"{base}/health", params={"bundles": "true"} if bundles else {})
        if status not in {200, 500}:
            self._refused(status, body, f"{base}/health")
        return None if status == 200 else self._hidden(_message(body))

    def status(self) -> dict[str, Any]:
        """What the status plugin knows: bundles, revisions, errors, decision log counters.

        Raises:
            EngineError: refused, not reached, or the plugin is not configured.
        """
        return self._object("/v1/status")

    def config(self) -> dict[str, Any]:
        """The active configuration; OPA leaves credentials out.

        Raises:
            EngineError: refused or not reached.
        """
        return self._object("/v1/config")

    def put_module(self, name: str, text: str) -> tuple[tuple[int, str], ...]:
        """Put Rego in the place of the module ``name``; line and words of what OPA has against it.

        Nothing where it compiles. Only an OPA without bundles and without authorization takes it: nobody signed it.

        Raises:
            EngineError: refused for another reason, or not reached.
        """
        url = f"{self.url}/v1/policies/{quote(name)}"
        status, body = self._send("PUT", url, data=text.encode())
        if status not in {200, 400}:
            self._refused(status, body, url)
        return () if status == 200 else _complaints(body)

    def put_data(self, path: str, value: object) -> None:
        """Put a document at ``path`` (slashes between names), where :meth:`put_module` is taken too.

        Raises:
            EngineError: refused or not reached.
        """
        url = f"{self.url}/v1/data/{path}"
        status, body = self._send("PUT", url, data=_encode(value, url))
        if status not in {204, 304}:
            self._refused(status, body, url)

    def _object(self, path: str) -> dict[str, Any]:
        answer = self._json("GET", path)
        if not isinstance(answer, dict) or not isinstance(answer.get("result"), dict):
            raise EngineError("answered without a result", where=f"{self.url}{path}")
        result: dict[str, Any] = answer["result"]
        return result

    def _json(self, method: str, path: str, *, body: object = None) -> Any:
        url = f"{self.url}{path}"
        data = None if method == "GET" else _encode(body, url)
        status, content = self._send(method, url, data=data)
        if status != 200:
            self._refused(status, content, url)
        try:
            return json.loads(content)
        except ValueError as error:
            raise EngineError(
                "answered something that is not JSON", where=url, todo="is this address really OPA's?"
            ) from error

    def _send(
        self, method: str, url: str, *, data: bytes | None = None, params: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.reveal()}"
        try:
            with self.session.request(
                method,
                url,
                data=data,
                params=params,
                headers=headers,
                timeout=(self.connect, self.read),
                stream=True,
                allow_redirects=False,
            ) as response:
                return response.status_code, self._bounded(response, url)
        except requests.Timeout as error:
            raise EngineError(
                f"gave no answer within {self.connect:g} s to connect and {self.read:g} s to read",
                where=url,
                todo="is OPA overloaded or stopped?",
            ) from error
        except requests.RequestException as error:
            raise EngineError(
                f"cannot be asked ({type(error).__name__})",
                where=url,
                todo="is OPA running there? `livegate opa run` starts one",
            ) from error

    def _bounded(self, response: requests.Response, url: str) -> bytes:
        parts, size = [], 0
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            if size > self.limit:
                raise EngineError(f"answered more than {self.limit} bytes", where=url)
            parts.append(chunk)
        return b"".join(parts)

    def _refused(self, status: int, body: bytes, where: str) -> NoReturn:
        todo = {
            400: "the request is malformed, or the query does not compile",
            401: "the token is missing, or system.authz does not accept it: which callers may is in the policy",
            403: "system.authz does not allow this path to this caller",
            404: "this address has no such path; is it the diagnostic one?",
            413: "the body is larger than OPA's server.decoding.max_length",
            500: "OPA failed to evaluate; its log has more",
        }.get(status)
        raise EngineError(f"answered {status}: {self._hidden(_message(body))}", where=where, todo=todo)

    def _hidden(self, message: str) -> str:
        return redact(message, secrets=(self.token.reveal(),) if self.token is not None else ())


def _encode(body: object, url: str) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EngineError(f"the input cannot be written as JSON ({type(error).__name__})", where=url) from error


def _message(body: bytes) -> str:
    """The messages of OPA's error object, else the beginning of whatever came."""
    text = body[:4096].decode(errors="replace")
    try:
        found = json.loads(body)
    except ValueError:
        return " ".join(text.split())[:200] or "no message"
    if not isinstance(found, dict):
        return "no message"
    errors = found.get("errors") if isinstance(found.get("errors"), list) else []
    inner = [str(error.get("message", "")) for error in errors or [] if isinstance(error, dict)][:3]
    first = found.get("message") or found.get("error") or "no message"
    return " · ".join(part[:300] for part in [str(first), *inner] if part)


def _complaints(body: bytes) -> tuple[tuple[int, str], ...]:
    """Line (0 where it says none) and words of each error of a module; never empty."""
    try:
        errors = json.loads(body)["errors"]
        return tuple(
            (int((error.get("location") or {}).get("row", 0)), str(error.get("message", ""))[:300]) for error in errors
        ) or ((0, _message(body)),)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ((0, _message(body)),)
