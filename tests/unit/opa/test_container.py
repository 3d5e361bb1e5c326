"""The container way: hosts without a daemon, and what may come out of an archive.

No daemon runs here; the calls to one are exercised against a loopback server that speaks the Docker API's few paths.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.opa.container import ContainerImage, extract
from livegate.opa.engine import install
from livegate.opa.target import Target
from livegate.opa.tools import OPA

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.opa.conftest import WebServer

    from livegate.opa.surroundings import Surroundings


JSON = "application/json"


def quiet(line: str) -> None:
    """Takes progress and forgets it."""


def archive(*members: tuple[str, bytes, bytes]) -> bytes:
    """A tar of (name, type, content)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(content), "/etc/passwd"
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def test_one_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    extract([archive(("../../opa", tarfile.REGTYPE, b"content"))], tmp_path / "new", limit=1 << 20)
    assert (tmp_path / "new").read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize(
    "members",
    [
        [],
        [("opa", tarfile.SYMTYPE, b"")],
        [("opa", tarfile.DIRTYPE, b"")],
        [("opa", tarfile.REGTYPE, b"a"), ("other", tarfile.REGTYPE, b"b")],
    ],
)
def test_anything_else_is_refused(tmp_path: Path, members: list[tuple[str, bytes, bytes]]) -> None:
    with pytest.raises(EngineError, match="not one regular file"):
        extract([archive(*members)], tmp_path / "new", limit=1 << 20)
    assert list(tmp_path.iterdir()) == []


def test_larger_than_the_limit(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="larger than"):
        extract([b"x" * 1000] * 3, tmp_path / "new", limit=2500)


def test_not_for_other_hosts(around: Surroundings, tmp_path: Path) -> None:
    mac = replace(around, target=Target("darwin", "arm64"))
    with pytest.raises(EngineError, match="not one for darwin-arm64"):
        ContainerImage().fetch(OPA, tmp_path / "new", around=mac, report=quiet)


def test_no_daemon(around: Surroundings, tmp_path: Path) -> None:
    nobody = replace(around, environ={**around.environ, "DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})
    with pytest.raises(EngineError, match="no container daemon"):
        ContainerImage().fetch(OPA, tmp_path / "new", around=nobody, report=quiet)


@pytest.fixture
def daemon(web: WebServer, around: Surroundings, program: Callable[[str], bytes]) -> Surroundings:
    """Surroundings whose Docker API is the web server, with OPA's image."""
    stat = base64.b64encode(json.dumps({"name": "opa", "size": 1, "mode": 0o755}).encode()).decode()
    image = json.dumps({"Id": "sha256:i1", "RepoDigests": ["openpolicyagent/opa@sha256:d1"]}).encode()
    web.put("/version", json.dumps({"ApiVersion": "1.44"}).encode(), Content_Type=JSON)
    web.put("/v1.44/_ping", b"OK")
    web.put("/v1.44/images/create", b"{}\n", Content_Type=JSON)
    web.put("/v1.44/images/openpolicyagent/opa:1.22.2-static/json", image, Content_Type=JSON)
    web.put("/v1.44/images/sha256:i1/json", image, Content_Type=JSON)
    web.put("/v1.44/containers/create", b'{"Id": "c1"}', status=201, Content_Type=JSON)
    web.put("/v1.44/containers/c1/json", b'{"Id": "c1"}', Content_Type=JSON)
    tar = archive(("opa", tarfile.REGTYPE, program("1.22.2")))
    web.put("/v1.44/containers/c1/archive", tar, X_Docker_Container_Path_Stat=stat)
    web.put("/v1.44/containers/c1", status=204)
    return replace(around, environ={**around.environ, "DOCKER_HOST": web.url.replace("http", "tcp")})


def test_copied_out_of_the_image_and_the_container_removed(daemon: Surroundings, web: WebServer) -> None:
    engine = install(OPA, around=daemon, ways=[ContainerImage()])
    assert engine.origin == "container image"
    assert engine.notes[-1].endswith("openpolicyagent/opa:1.22.2-static, openpolicyagent/opa@sha256:d1")
    assert ("DELETE", "/v1.44/containers/c1") in [(verb, path.partition("?")[0]) for verb, path, _ in web.asked]
    assert not any("/start" in path for path in web.paths)


def test_no_such_image(daemon: Surroundings, web: WebServer, tmp_path: Path) -> None:
    web.put("/v1.44/images/create", b'{"message": "manifest unknown"}', status=404, Content_Type=JSON)
    with pytest.raises(EngineError, match="manifest unknown"):
        ContainerImage().fetch(OPA, tmp_path / "new", around=daemon, report=quiet)
