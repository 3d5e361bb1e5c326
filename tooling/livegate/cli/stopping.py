"""A command that runs other processes ends in order, whichever way it is told to: Ctrl-C, `kill`, a closed terminal."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # Windows has no SIGHUP
)


class Stop:
    """Whether the command has been told to stop. It is looked at between steps, so that no step is left half done."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Stop as soon as the step at hand is done."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait; true as soon as it is to stop."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Raise KeyboardInterrupt if it is to stop."""
        if self._event.is_set():
            raise KeyboardInterrupt

    def sleep(self, seconds: float) -> None:
        """As ``time.sleep``, for steps that wait for something; raises KeyboardInterrupt if it is to stop."""
        self._event.wait(seconds)
        self.check()


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """While inside, INT, TERM and HUP set the :class:`Stop` and interrupt nothing, cleaning up least of all."""
    stop = Stop()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
