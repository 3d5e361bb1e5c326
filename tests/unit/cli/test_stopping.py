"""Every signal that asks for an end is heard, and what was there before comes back."""

from __future__ import annotations

import signal

import pytest

from livegate.cli.stopping import SIGNALS, stopping


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_between_steps(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stopping() as stop:
        stop.check()
        assert not stop.wait(0)
        signal.raise_signal(number)
        assert stop.wait(0)
        for step in (stop.check, lambda: stop.sleep(60)):
            with pytest.raises(KeyboardInterrupt):
                step()
    assert signal.getsignal(number) is before
