"""A real OPA server as a child: started, watched, stopped; what it said is in its error.

Two modes: :class:`Configured` is a deployment's (configuration file, authentication and authorization, bundles over
HTTP), :class:`Local` loads signed bundle files, for regression and tests, without authorization. Both verify every
signature. Addresses are loopback's. Example::

    with OpaProcess(engine.path, Local(bundles=(path,), kid="k1", key=public), folder=tmp) as opa:
        opa.client().decide(request)
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from livegate.errors import EngineError
from livegate.opa.client import OpaClient, direct_session
from livegate.opa.redact import tail
from livegate.opa.surroundings import plain_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    import requests

    from livegate.secrets import Secret

HOST = "127.0.0.1"
_IN_USE = "address already in use"
_TAIL = 64 << 10
_ATTEMPTS = 3
ENDING = 0.5
"""Seconds between a connection that OPA drops because it ends and its exit status, at the most."""


_BOUND = """
import os, sys
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, 15)  # PR_SET_PDEATHSIG, SIGTERM; see prctl(2)
except (ImportError, OSError, AttributeError):
    pass  # then only an orderly end takes OPA with it
if os.getppid() != int(sys.argv[1]):
    sys.exit(143)  # whoever started us is gone already
os.environ.pop("LC_CTYPE", None)  # Python's own addition where the locale is C (PEP 538)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What becomes OPA, in the same process."""


class Mode(Protocol):
    """How a server is started: what stands on its command line beside addresses and logging."""

    @property
    def scheme(self) -> str:
        """``http`` or ``https``, of the API."""
        ...

    def arguments(self) -> list[str]:
        """The arguments."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files in PEM that OPA's server speaks TLS 1.3 with; it reads them again when they change.

    Args:
        certificate: the server's chain, leaf first. key: its private key.
        callers: with it every caller shows a certificate that leads to one in here, or the handshake fails; without
            it, callers show tokens. OPA does not say to which one it led, and ``system.authz`` goes by the SPIFFE ID
            in the certificate: so in here are the authorities of **one** trust domain, or one could speak for another.
    """

    certificate: Path
    key: Path
    callers: Path | None = None

    def arguments(self) -> list[str]:
        """As OPA's command line names them, https://www.openpolicyagent.org/docs/security."""
        own = [f"--tls-cert-file={self.certificate}", f"--tls-private-key-file={self.key}", "--min-tls-version=1.3"]
        return own if self.callers is None else [*own, f"--tls-ca-cert-file={self.callers}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A deployment's server. ``config``: file written from :mod:`livegate.opa.config`. ``tls``: plain HTTP without."""

    config: Path
    tls: Tls | None = None

    @property
    def scheme(self) -> str:
        """``https`` with ``tls``."""
        return "http" if self.tls is None else "https"

    def arguments(self) -> list[str]:
        """Callers prove themselves with a token or a certificate and ``system.authz`` says what each may ask."""
        by = "token" if self.tls is None or self.tls.callers is None else "tls"
        named = [f"--config-file={self.config}", f"--authentication={by}", "--authorization=basic"]
        return named if self.tls is None else [*named, *self.tls.arguments()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Signed bundle files, all by one key. ``key``: file with the public key (PEM, ES256) called ``kid``.

    ``small``: they are, so that the store may keep their values as the evaluation wants them: a tenth of its time, and
    several times the memory.
    """

    bundles: tuple[Path, ...]
    kid: str
    key: Path
    small: bool = False

    @property
    def scheme(self) -> str:
        """Plain."""
        return "http"

    def arguments(self) -> list[str]:
        """Verification is on: the regression runs against what would ship, signature included."""
        verify = [f"--verification-key={self.key}", f"--verification-key-id={self.kid}", "--signing-alg=ES256"]
        stored = ["--optimize-store-for-read-speed"] if self.small else []
        return [*stored, *verify, "--bundle", *(str(path) for path in self.bundles)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds to start, seconds to stop before it is killed, and what Go's runtime may take.

    Args:
        gogc: Go's GOGC; smaller takes less memory and more time. processors: GOMAXPROCS. memory: GOMEMLIMIT, bytes.
    """

    start: float = 60.0
    stop: float = 5.0
    gogc: int | None = None
    processors: int | None = None
    memory: int | None = None

    def environment(self) -> dict[str, str]:
        """The variables that Go's runtime reads."""
        named = {"GOGC": self.gogc, "GOMAXPROCS": self.processors, "GOMEMLIMIT": self.memory}
        return {name: str(value) for name, value in named.items() if value is not None}


class OpaProcess:
    """One OPA server, a context manager: entered it is healthy with every bundle active, left it is gone.

    Args:
        engine: OPA's binary. mode: Configured or Local. folder: for its log; made when missing.
        port, diagnostic_port: on 127.0.0.1; 0 chooses free ones. log_level: debug, info or error. At ``info`` OPA
            writes two lines a request, at ``debug`` whole inputs.
        limits: times and memory. environ: of which only what a program needs to start is passed on.
        secrets: values to hide in errors beyond what looks like a token. clock, sleep: seconds.
    """

    def __init__(
        self,
        engine: Path,
        mode: Mode,
        *,
        folder: Path,
        port: int = 0,
        diagnostic_port: int = 0,
        log_level: str = "error",
        limits: Limits | None = None,
        environ: Mapping[str, str] | None = None,
        secrets: tuple[Secret, ...] = (),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._engine, self._mode, self._folder = engine, mode, folder
        self._asked = (port, diagnostic_port)
        self._port, self._diagnostic_port = self._asked
        self._log_level, self._limits = log_level, limits or Limits()
        self._environ = {**plain_environment(os.environ if environ is None else environ), **self._limits.environment()}
        self._secrets = secrets
        self._clock, self._sleep = clock, sleep
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the API, without a slash at the end."""
        return f"{self._mode.scheme}://{HOST}:{self._port}"

    @property
    def diagnostic_url(self) -> str:
        """Of health, always without TLS: with certificates for callers, nothing else can be asked there."""
        return f"http://{HOST}:{self._diagnostic_port}"

    @property
    def log(self) -> Path:
        """Everything that OPA wrote, JSON a line, readable by its owner only."""
        return self._folder / "opa.log"

    @property
    def pid(self) -> int | None:
        """Process id, while there is one."""
        return None if self._child is None else self._child.pid

    def client(self, *, token: Secret | None = None, session: requests.Session | None = None) -> OpaClient:
        """A client of this server. ``session``: what it trusts and shows (``verify``, ``cert``) where there is TLS."""
        return OpaClient(url=self.url, diagnostic=self.diagnostic_url, token=token, session=session or direct_session())

    def start(self) -> None:
        """Start, and wait until OPA is healthy and every bundle is active.

        Raises:
            EngineError: a port is taken, OPA ended early (the end of its log is in the error), or the time is over.
        """
        if self._child is not None:
            raise EngineError("is started already", where=self.url)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._launch()
                self._await()
            except _PortTakenError as error:
                self.stop()
                # A free port that we chose can be taken before OPA listens; one that was asked for is not replaced.
                if all(self._asked) or attempt == _ATTEMPTS:
                    raise EngineError(error.what, where=error.where, todo=error.todo) from error
            except BaseException:
                self.stop()
                raise
            else:
                return

    def poll(self) -> int | None:
        """None while OPA runs, else how it ended: its exit status, or minus the signal that killed it."""
        return None if self._child is None else self._child.poll()

    def ensure_running(self, *, within: float = 0.0) -> None:
        """Nothing while OPA runs.

        Args:
            within: seconds in which it may end yet; a connection that it has dropped tells of its end before its
                exit status is there.

        Raises:
            EngineError: it was not started, or has ended; how, and the end of its log.
        """
        if self._child is None:
            raise EngineError("is not started", where=self.url)
        try:
            code = self._child.wait(within) if within else self._child.poll()
        except subprocess.TimeoutExpired:
            return
        if code is not None:
            raise EngineError(f"OPA {_ending(code)}{self._said()}", where=self.url, todo=f"the whole log: {self.log}")

    def stop(self) -> None:
        """End OPA: asked first, so that it uploads the last decisions, then killed. Does nothing twice."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(self._limits.stop)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        self._port, self._diagnostic_port = _ports(*self._asked)
        command = [
            str(self._engine),
            "run",
            "--server",
            f"--addr={HOST}:{self._port}",
            f"--diagnostic-addr=http://{HOST}:{self._diagnostic_port}",
            "--skip-version-check",
            f"--log-level={self._log_level}",
            "--log-format=json",
            # In whole seconds, and less than we wait before killing.
            f"--shutdown-grace-period={max(1, int(self._limits.stop) - 1)}",
            *self._mode.arguments(),
        ]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:  # noqa: PTH123  # Path.open takes no descriptor
                self._child = subprocess.Popen(
                    self._bound(command),
                    cwd=self._folder,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C reaches us alone, and we stop OPA in order
                )
        except OSError as error:
            raise EngineError(
                f"OPA cannot be started: {error.strerror or error}",
                where=str(error.filename or self._engine),
                todo="check the file and its permissions",
            ) from error

    def _bound(self, command: list[str]) -> list[str]:
        """On Linux, ``command`` by way of a few lines that have the kernel end it when we end without a chance to."""
        # the kernel goes by the thread that started it, so only the one that lasts as long as we do will serve
        if sys.platform != "linux" or not sys.executable or threading.current_thread() is not threading.main_thread():
            return command
        if not os.access(self._engine, os.X_OK):
            raise OSError(errno.ENOENT, "no program is there", str(self._engine))
        # not as Popen's preexec_fn, which may deadlock where there are threads, such as the bundle server's
        return [sys.executable, "-I", "-S", "-c", _BOUND, str(os.getpid()), *command]

    def _await(self) -> None:
        client = OpaClient(url=self.url, diagnostic=self.diagnostic_url, connect=1.0, read=2.0)
        ends = self._clock() + self._limits.start
        ailment: str | None = "it does not listen"
        with contextlib.closing(client.session):
            while True:
                self._alive()
                try:
                    ailment = client.ailment()
                except EngineError as error:  # not listening yet, or system.authz does not let us ask
                    ailment = error.what
                if ailment is None:
                    # Whoever else could have answered on our port, our OPA could not have listened and has ended.
                    self._alive()
                    return
                if self._clock() > ends:
                    raise EngineError(
                        f"OPA was not healthy within {self._limits.start:g} s ({ailment}){self._said()}",
                        where=self.url,
                        todo=f"is the bundle server up, each bundle signed by a key that OPA knows? Log: {self.log}",
                    )
                self._sleep(0.02)

    def _alive(self) -> None:
        if self.poll() is not None and _IN_USE in self._tail():
            raise _taken(self._port, self._diagnostic_port)
        self.ensure_running()

    def _tail(self) -> str:
        try:
            with self.log.open("rb") as stream:
                stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
                return stream.read().decode(errors="replace")
        except OSError:
            return ""

    def _said(self) -> str:
        hidden = tuple(secret.reveal() for secret in self._secrets)
        said = tail(self._tail(), lines=5, secrets=hidden)
        return f". It said last:\n{said}" if said else ", without a word"


class _PortTakenError(EngineError):
    """Between choosing a port and listening on it, or because it was asked for."""


def _taken(*ports: int) -> _PortTakenError:
    named = " or ".join(str(port) for port in ports)
    return _PortTakenError(
        f"port {named} is in use", where=HOST, todo="end what listens there, or choose another port (0: any free one)"
    )


def _ports(*asked: int) -> tuple[int, int]:
    """Free ports, each as asked or chosen; held together while choosing, so that they differ."""
    with contextlib.ExitStack() as held:
        chosen = []
        for port in asked:
            holder = held.enter_context(socket.socket())
            # As Go's net does: an old connection in TIME_WAIT is no reason to refuse.
            if os.name == "posix":
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                holder.bind((HOST, port))
            except OSError as error:
                raise _taken(port) from error
            chosen.append(holder.getsockname()[1])
    return chosen[0], chosen[1]


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was ended by signal {-code}"
