"""Last way: the binary out of the tool's container image. The container is created, never run.

The image is taken by tag, so its digest is shown; nothing here proves that the tag still names what it named.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tarfile
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from livegate.opa.surroundings import Surroundings
    from livegate.opa.tools import Tool
    from livegate.opa.ways import Report

_SOCKET = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerImage:
    """The way over a Docker-compatible daemon; the images hold Linux binaries.

    Args:
        answer: seconds for the daemon to answer at all. pull: seconds between two answers while it pulls.
        limit: bytes of the largest binary taken.
    """

    answer: float = 5.0
    pull: float = 300.0
    limit: int = 256 << 20
    name: str = "container image"

    def fetch(self, tool: Tool, into: Path, *, around: Surroundings, report: Report) -> str:
        """See :class:`livegate.opa.ways.Way`.

        Raises:
            EngineError: not a Linux host, no daemon, no image, or no such file in it.
        """
        if around.target.system != "linux":
            raise EngineError(f"the image has a Linux binary, not one for {around.target}")
        _expect_daemon(around.environ.get("DOCKER_HOST") or _SOCKET)
        # Imported here: it takes a fifth of a second that every other command would pay.
        import docker  # type: ignore[import-untyped]  # noqa: PLC0415  # no types published with it; see above
        import requests  # noqa: PLC0415  # what the docker package lets through when the daemon goes away

        image = tool.image.format(version=tool.version)
        try:
            client = docker.from_env(timeout=self.answer, environment=dict(around.environ))
            with contextlib.closing(client):
                client.ping()
                client.api.timeout = self.pull
                report(f"pulling {image}")
                pulled = client.images.pull(image, platform=f"linux/{around.target.machine}")
                self._copy(client, pulled, tool.member, into)
                return f"from {image}, {_digest(pulled)}"
        except docker.errors.DockerException as error:
            raise EngineError(f"no use of the container daemon: {_first_line(error)}", where=image) from error
        except (requests.RequestException, OSError, tarfile.TarError) as error:
            raise EngineError(f"the container daemon broke off ({type(error).__name__})", where=image) from error

    def _copy(self, client: Any, image: Any, member: str, into: Path) -> None:
        container = client.containers.create(image.id)
        try:
            chunks, _ = container.get_archive(member)
            extract(chunks, into, limit=self.limit)
        finally:
            container.remove(force=True)


def _expect_daemon(address: str) -> None:
    """Ask the socket before the docker package does: that leaves its own open when nobody answers."""
    if not address.startswith("unix://"):
        return
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(address.removeprefix("unix://"))
    except OSError as error:
        raise EngineError(f"no container daemon: {error.strerror or error}", where=address) from error


def extract(chunks: Iterable[bytes], into: Path, *, limit: int) -> None:
    """Write the one regular file of a tar stream to ``into``.

    Raises:
        EngineError: larger than ``limit`` bytes, or not exactly one regular file.
    """
    with tempfile.TemporaryFile(dir=into.parent) as spool:
        for chunk in chunks:
            spool.write(chunk)
            if spool.tell() > limit:
                raise EngineError(f"the archive is larger than {limit} bytes")
        spool.seek(0)
        with tarfile.open(fileobj=spool, mode="r:") as archive:
            members = archive.getmembers()
            if len(members) != 1 or not members[0].isreg():
                raise EngineError(f"the archive has {len(members)} members, not one regular file")
            source = archive.extractfile(members[0])
            if source is None:
                raise EngineError("the archive's file cannot be read")
            with source, into.open("xb") as stream:
                shutil.copyfileobj(source, stream)


def _digest(image: Any) -> str:
    digests = image.attrs.get("RepoDigests") or [image.id]
    return str(digests[0])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
