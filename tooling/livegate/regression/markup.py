"""Text that others chose (names, answers, errors) in Markdown, workflow commands and XML, without becoming them."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"[\\`*_{}\[\]()+!|~$^]|#(?!\u2060)")
_LINKED = re.compile(r"[@#](?=\w)|(?i:https?|ftp|www)(?=:|\.)|(?i:gh-)(?=\d)")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JOINER = "\u2060"


def plain(text: str) -> str:
    """``text`` on its lines, with control characters and bidirectional overrides shown as escapes."""
    return "".join(char if char == "\n" or char.isprintable() else repr(char)[1:-1] for char in text)


def short(text: str, most: int) -> str:
    """At most ``most`` characters of it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def markdown(text: str) -> str:
    """One line of GitHub's Markdown that reads as ``text``: no markup, no HTML, no link, nobody mentioned."""
    return _MARKDOWN.sub(lambda match: "\\" + match[0], html(text))


def html(text: str) -> str:
    """The same inside an HTML element of Markdown, where a backslash would be shown."""
    line = " ".join(plain(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return _LINKED.sub(lambda match: match[0] + _JOINER, line)


def block(text: str, *, language: str = "") -> str:
    """A fenced block of Markdown; its fence is longer than any in ``text``, so that nothing in there ends it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{plain(text)}\n{fence}"


def command(name: str, message: str, **properties: str) -> str:
    """A workflow command of GitHub's (``::error file=…::message``), escaped as its toolkit does.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {given}::{_data(message)}" if given else f"::{name}::{_data(message)}"


def xml(text: str) -> str:
    r"""``text`` with what XML 1.0 cannot hold written as ``\x1b`` or ``\ud800``."""
    return _NOT_XML.sub(
        lambda match: (
            match[0].encode("ascii", "backslashreplace").decode() if ord(match[0]) > 127 else f"\\x{ord(match[0]):02x}"
        ),
        text,
    )


def _data(text: str) -> str:
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
