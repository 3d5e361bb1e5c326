"""Servers that go away: OPA decides on what it has, starts from what it kept, and denies once that is too old."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.model.instants import SECOND
from livegate.opa.process import Configured, Limits, OpaProcess
from livegate.pipeline.running import Deployment

from .conftest import V1, dump, reasons, repacked, restarted, until, wrapped

if TYPE_CHECKING:
    from livegate.opa.engine import Engine

    from .conftest import Organisation


AWAY = Limits(stop=1.0)
"""An OPA that cannot get rid of its log would use all the time that it has to stop in order."""


def test_without_the_bundle_server_opa_decides_and_starts_again(organisation: Organisation, opa_engine: Engine) -> None:
    organisation.publish()
    with Deployment(organisation.project, opa_engine, limits=AWAY) as running:
        organisation.url = running.opa.url
        before = organisation.ask(dump())
        assert reasons(before) == set()
        running.server.__exit__()
        until(lambda: organisation.bundle_status("iga").get("code"), "OPA says that the server is away")
        assert reasons(organisation.ask(dump())) == set()
        assert organisation.ready()
    with restarted(organisation, opa_engine):
        after = organisation.ask(dump())
        assert reasons(after) == set()
        assert after["context"]["revisions"] == before["context"]["revisions"]
        assert organisation.bundle_status("iga")["code"], "the server is away still"
        assert organisation.ready()
        stranger = dump(subject={"type": "human", "id": "mallory"})
        assert "identity.unknown" in reasons(organisation.ask(stranger))
        assert organisation.call("POST", V1, wrapped(V1, json.dumps(dump())), caller=None).status_code == 401


def test_a_kept_bundle_that_was_changed_on_disk_is_not_started_from(
    organisation: Organisation, opa_engine: Engine
) -> None:
    organisation.publish()
    with Deployment(organisation.project, opa_engine, limits=AWAY) as running:
        running.server.__exit__()
    kept = organisation.project.state / "opa" / "bundles" / "iga" / "bundle.tar.gz"

    def promote(files: dict[str, bytes]) -> None:
        before = files["iga/data.json"]
        files["iga/data.json"] = before.replace(b"svc-legacy", b"svc-mallory")
        assert files["iga/data.json"] != before

    repacked(kept, promote)
    run = organisation.project.state / "run"
    limits = Limits(start=2.0, stop=1.0)
    opa = OpaProcess(opa_engine.path, Configured(config=run / "opa.json"), folder=run / "again", limits=limits)
    with pytest.raises(EngineError, match="not healthy within"):
        opa.start()
    assert "digest mismatch" in (run / "again" / "opa.log").read_text()


def test_freshness_denies_and_readiness_is_red_once_revocations_are_too_old(
    organisation: Organisation, opa_engine: Engine
) -> None:
    """The revocations count for 3 s here. Nothing is measured: each state is waited for."""
    config = organisation.project.data / "config" / "config.yaml"
    text = config.read_text()
    short = text.replace("revocations: 3600000000000   #", f"revocations: {3 * SECOND}   #")
    assert short != text
    config.write_text(short)
    organisation.publish()
    with Deployment(organisation.project, opa_engine, limits=AWAY) as running:
        organisation.url = running.opa.url

        def fresh() -> bool:
            organisation.publish("revocations")  # past half of its life it is issued again
            return organisation.ready() and organisation.ask(dump())["decision"]

        until(fresh, "allowed and ready while revocations are issued again and again")
        running.server.__exit__()
        until(lambda: not organisation.ask(dump())["decision"], "denied once they are too old")
        assert reasons(organisation.ask(dump())) == {"freshness.revocations_stale"}
        (reason,) = organisation.ask(dump())["context"]["reasons"]
        assert (reason["gate"], reason["next_action"]) == ("freshness", "retry")
        until(lambda: not organisation.ready(), "readiness is red")
        health = organisation.call("GET", "/health?bundles", caller=None)
        assert health.status_code == 200, "OPA's own health does not see age"
        assert organisation.call("GET", "/health/live", caller=None).status_code == 200, "nobody is to restart it"
    with restarted(organisation, opa_engine):
        assert reasons(organisation.ask(dump())) == {"freshness.revocations_stale"}
        assert not organisation.ready()


def test_opa_killed_in_the_middle_is_noticed_and_comes_again(organisation: Organisation, opa_engine: Engine) -> None:
    organisation.publish()
    with Deployment(organisation.project, opa_engine, limits=AWAY) as running:
        organisation.url = running.opa.url
        assert reasons(organisation.ask(dump())) == set()
        running.opa.ensure_running()
        pid = running.opa.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda: running.opa.poll() is not None, "it has ended")
        with pytest.raises(EngineError, match="SIGKILL") as caught:
            running.opa.ensure_running()
        assert str(running.opa.log) in str(caught.value)
        assert organisation.token("db-proxy") not in str(caught.value)
    with Deployment(organisation.project, opa_engine, limits=AWAY) as running:
        organisation.url = running.opa.url
        running.opa.ensure_running()
        assert reasons(organisation.ask(dump())) == set()
