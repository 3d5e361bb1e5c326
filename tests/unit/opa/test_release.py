"""Release assets over real HTTP: checksums, redirects, cuts and sizes."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError, VerificationError
from livegate.opa.download import Downloader
from livegate.opa.engine import install
from livegate.opa.release import Release
from livegate.opa.target import Target
from livegate.opa.tools import OPA, REGAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.opa.conftest import WebServer

    from livegate.opa.surroundings import Surroundings

UNLOCKED = replace(OPA, assets={})
ASSET = "/open-policy-agent/opa/releases/download/v1.22.2/opa_linux_amd64_static"
OTHER = "0" * 64


def quiet(line: str) -> None:
    """Takes progress and forgets it."""


@pytest.fixture
def binary(program: Callable[[str], bytes]) -> bytes:
    """What the release serves."""
    return program("1.22.2")


@pytest.fixture
def sha256(binary: bytes) -> str:
    """Its checksum."""
    return hashlib.sha256(binary).hexdigest()


@pytest.fixture
def release(web: WebServer, binary: bytes, sha256: str) -> Release:
    """The way to a release as it should be."""
    web.put(ASSET, binary)
    web.put(f"{ASSET}.sha256", f"{sha256}  opa_linux_amd64_static\n".encode())
    return Release(base=web.url)


def test_held_against_the_release_s_own_checksum_which_is_shown(
    release: Release, around: Surroundings, binary: bytes, sha256: str
) -> None:
    engine = install(UNLOCKED, around=around, ways=[release])
    assert engine.path.read_bytes() == binary
    assert engine.origin == "official release"
    assert engine.notes[-1] == (
        f"official release: SHA-256 {sha256} of opa_linux_amd64_static, as the release's own checksum file says"
    )


def test_the_lock_goes_before_the_release_s_checksum(
    release: Release, web: WebServer, around: Surroundings, sha256: str
) -> None:
    locked = replace(OPA, assets={"opa_linux_amd64_static": sha256.upper()})
    engine = install(locked, around=around, ways=[release])
    assert engine.notes[-1].endswith("as engine.lock.json says")
    assert web.paths == [ASSET]


@pytest.mark.parametrize("locked", [True, False])
def test_a_wrong_checksum_installs_nothing_and_says_what_to_do(
    release: Release, web: WebServer, around: Surroundings, sha256: str, locked: bool
) -> None:
    tool = replace(OPA, assets={"opa_linux_amd64_static": OTHER}) if locked else UNLOCKED
    web.put(f"{ASSET}.sha256", f"{OTHER}  opa_linux_amd64_static\n".encode())
    with pytest.raises(VerificationError) as caught:
        install(tool, around=around, ways=[release])
    for part in (sha256, OTHER, ASSET, "nothing was installed", "LIVEGATE_OPA"):
        assert part in str(caught.value)
    assert not around.cached(OPA).exists()


@pytest.mark.parametrize(
    ("checksums", "count"),
    [
        (b"<html>sign in</html>", 0),
        (b"", 0),
        (b"%s  another_asset\n" % OTHER.encode(), 0),
        (b"%s  opa_linux_amd64_static\n%s  opa_linux_amd64_static\n" % (OTHER.encode(), b"1" * 64), 2),
    ],
)
def test_without_exactly_one_checksum_nothing_is_downloaded(
    *, release: Release, web: WebServer, around: Surroundings, tmp_path: Path, checksums: bytes, count: int
) -> None:
    web.put(f"{ASSET}.sha256", checksums)
    with pytest.raises(EngineError, match=f"has {count} checksums"):
        release.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)
    assert web.paths == [f"{ASSET}.sha256"]


def test_regal_has_one_file_for_all_checksums(
    web: WebServer, around: Surroundings, program: Callable[[str], bytes]
) -> None:
    folder = "/open-policy-agent/regal/releases/download/v0.42.0"
    content = program("0.42.0")
    sums = f"{OTHER}  regal_Darwin_arm64\n{hashlib.sha256(content).hexdigest()} *regal_Linux_x86_64\n"
    web.put(f"{folder}/regal_Linux_x86_64", content)
    web.put(f"{folder}/checksums.txt", sums.encode())
    engine = install(replace(REGAL, assets={}), around=around, ways=[Release(base=web.url)])
    assert str(engine.version) == "0.42.0"


def test_no_asset_for_the_platform(release: Release, web: WebServer, around: Surroundings, tmp_path: Path) -> None:
    strange = replace(around, target=Target("plan9", "mips"))
    with pytest.raises(EngineError, match="no asset for plan9-mips"):
        release.fetch(UNLOCKED, tmp_path / "new", around=strange, report=quiet)
    assert web.paths == []


def test_a_redirect_on_loopback_is_followed(
    release: Release, web: WebServer, around: Surroundings, binary: bytes
) -> None:
    web.put("/elsewhere", binary)
    web.put(ASSET, status=302, Location="/elsewhere")
    assert install(UNLOCKED, around=around, ways=[release]).path.read_bytes() == binary


@pytest.mark.parametrize(
    "to",
    [
        "https://example.com/opa",
        "http://github.com/opa",
        "https://github.com.example.com/opa",
        "https://github.com@example.com/opa",
        "file:///etc/passwd",
        "//example.com/opa",
        "",
    ],
)
def test_a_redirect_to_another_host_is_refused(
    release: Release, web: WebServer, around: Surroundings, tmp_path: Path, to: str
) -> None:
    web.put(ASSET, status=302, Location=to)
    with pytest.raises(EngineError, match=r"not allowed|more than 5 times"):
        release.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)


def test_from_the_network_no_redirect_leads_to_this_machine() -> None:
    allowed = Downloader()._allowed
    assert allowed("https://release-assets.githubusercontent.com/x", loopback=False)
    assert not allowed("http://127.0.0.1:8181/x", loopback=False)
    assert not allowed("http://github.com/x", loopback=False)


def test_redirects_end(release: Release, web: WebServer, around: Surroundings, tmp_path: Path) -> None:
    web.put(ASSET, status=302, Location=ASSET)
    with pytest.raises(EngineError, match="redirected more than 5 times"):
        release.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)


def test_a_body_cut_off(release: Release, web: WebServer, around: Surroundings, tmp_path: Path, binary: bytes) -> None:
    web.put(ASSET, binary, declared=len(binary) + 100)
    with pytest.raises(EngineError, match="cut off"):
        release.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)


def test_larger_than_the_limit(release: Release, web: WebServer, around: Surroundings, tmp_path: Path) -> None:
    web.put(ASSET, b"x" * 300_000)
    small = replace(release, limit=100_000)
    with pytest.raises(EngineError, match="larger than 100000 bytes"):
        small.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)
    assert (tmp_path / "new").stat().st_size <= 100_000


def test_slower_than_the_limit(release: Release, around: Surroundings, tmp_path: Path) -> None:
    ticks = iter([0.0, 100.0, 100.0, 1001.0])
    slow = replace(release, downloader=Downloader(clock=lambda: next(ticks)))
    with pytest.raises(EngineError, match="longer than 900 s"):
        slow.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)


@pytest.mark.parametrize("status", [404, 403, 500, 204])
def test_any_other_status(release: Release, web: WebServer, around: Surroundings, tmp_path: Path, status: int) -> None:
    web.put(ASSET, status=status)
    with pytest.raises(EngineError, match=f"answered {status}"):
        release.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)


def test_nothing_listens(around: Surroundings, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # held, not listening: nobody else can take it
        release = Release(base=f"http://127.0.0.1:{holder.getsockname()[1]}")
        with pytest.raises(EngineError, match="no connection"):
            release.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)


def test_what_netrc_holds_for_the_host_is_not_sent(
    release: Release, web: WebServer, around: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password S3CRET\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    release.fetch(UNLOCKED, tmp_path / "new", around=around, report=quiet)
    assert [headers.get("Authorization") for _, _, headers in web.asked] == [None, None]
