"""Errors: each says what happened, where, and what to do; each family has one exit code.

Nothing below ``cli`` prints or exits. Foreign exceptions are converted at the boundary with
``raise … from``. A message never holds a secret: it names where one was looked for.
"""

from __future__ import annotations


class LivegateError(Exception):
    """Something failed. ``str()`` is for a person: what, where, and on a second line what to do.

    Args:
        what: what happened, a full sentence without a final stop.
        where: file, file:line, URL (without credentials), document path or key. Optional.
        todo: what the reader can do about it. Optional.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  → {self.todo}" if self.todo else text


class ConfigError(LivegateError):
    """A configuration or hand-kept file is wrong; the message names file and key."""

    exit_code = 2


class SourceError(LivegateError):
    """A source could not be read completely, so nothing of it is published."""


class IncompleteError(SourceError):
    """A listing could not be proven complete (count, hash, paging, change under the reader)."""


class RefusedError(LivegateError):
    """A safety limit refused to go on; the message names the limit and the override."""

    exit_code = 4


class DocumentError(LivegateError):
    """A data document is not what its schema says."""


class BundleError(LivegateError):
    """A bundle could not be built, signed, read or served."""


class VerificationError(BundleError):
    """A bundle is not what its signature says. The check found something."""

    exit_code = 3


class EngineError(LivegateError):
    """OPA or Regal could not be found, installed, started or asked."""


class SuiteError(ConfigError):
    """A regression suite is malformed; the message names file and place."""
