"""The bundle server over real sockets: protocol, many and slow clients, hostile requests, start and stop."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import gzip
import hashlib
import json
import os
import resource
import socket
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from livegate.bundle.server import BundleServer, Settings, serve
from livegate.errors import BundleError, ConfigError
from livegate.files import write_bytes
from livegate.secrets import Secret

from .conftest import until

if TYPE_CHECKING:
    from pathlib import Path

BUNDLES = "application/vnd.openpolicyagent.bundles"


def _headers(server: BundleServer, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token.reveal()}"} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def _get(server: BundleServer, path: str = "/bundles/iga.tar.gz", **headers: str) -> requests.Response:
    return requests.get(server.url + path, headers=_headers(server, **headers), timeout=30)


@pytest.fixture
def etag(settings: Settings) -> str:
    """The ETag of the bundle ``iga``, which is there."""
    write_bytes(settings.dist / "iga.tar.gz", b"one")
    return f'"{hashlib.sha256(b"one").hexdigest()}"'


@pytest.mark.parametrize("path", ["/bundles/iga.tar.gz", "/bundles/iga"])
def test_gives_the_bundle_with_its_hash_as_etag(path: str, server: BundleServer, etag: str) -> None:
    answer = _get(server, path)
    assert (answer.status_code, answer.content) == (200, b"one")
    assert answer.headers["ETag"] == etag
    assert answer.headers["Content-Type"] == BUNDLES
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Server" not in answer.headers
    head = requests.head(server.url + path, headers=_headers(server), timeout=30)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", "3")
    assert head.headers["ETag"] == etag


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "{}, {}"])
def test_304_when_it_is_known(form: str, server: BundleServer, etag: str) -> None:
    answer = _get(server, If_None_Match=form.replace("{}", etag))
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)


@pytest.mark.parametrize("header", ["*", "abc", '"abc"', ""])
def test_200_when_it_is_not(header: str, server: BundleServer, etag: str) -> None:
    assert _get(server, If_None_Match=header).status_code == 200


def test_no_wait_without_a_known_etag(server: BundleServer, etag: str) -> None:
    assert _get(server, Prefer="modes=snapshot,delta;wait=600").content == b"one"


@pytest.mark.parametrize("prefer", ["modes=snapshot,delta", "wait=0", "wait=x", "await=5", "wait=-1"])
def test_no_wait_unless_it_is_asked_for(prefer: str, server: BundleServer, etag: str) -> None:
    assert _get(server, If_None_Match=etag, Prefer=prefer).status_code == 304


@pytest.mark.parametrize("prefer", ["modes=snapshot,delta;wait=1", "wait=1", "respond-async, wait=1"])
def test_304_when_the_wait_ends(prefer: str, server: BundleServer, etag: str) -> None:
    began = time.monotonic()
    answer = _get(server, If_None_Match=etag, Prefer=prefer)
    assert answer.status_code == 304
    assert answer.headers["Content-Type"] == BUNDLES
    assert time.monotonic() - began >= 0.9, "it waited"


def test_the_wait_is_capped(settings: Settings, etag: str) -> None:
    with BundleServer(replace(settings, most_wait=1)) as server:
        assert _get(server, If_None_Match=etag, Prefer="wait=600").status_code == 304


def _waiting(server: BundleServer) -> int:
    return server.waiting("iga")


@pytest.mark.parametrize("told", [pytest.param(True, id="notified"), pytest.param(False, id="seen-by-itself")])
def test_200_clients_wait_and_all_wake(told: bool, server: BundleServer, settings: Settings, etag: str) -> None:
    count = 200
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        waits = [
            pool.submit(_get, server, If_None_Match=etag, Prefer="modes=snapshot,delta;wait=60") for _ in range(count)
        ]
        until(lambda: _waiting(server) == count, "all wait")
        assert not any(wait.done() for wait in waits)
        write_bytes(settings.dist / "iga.tar.gz", b"two")
        if told:
            server.publish("iga")
        answers = [wait.result(30) for wait in waits]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"two")}
    assert {answer.headers["ETag"] for answer in answers} == {f'"{hashlib.sha256(b"two").hexdigest()}"'}
    until(lambda: _waiting(server) == 0, "nobody waits any more")


def test_the_same_bytes_again_wake_nobody(server: BundleServer, settings: Settings, etag: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        wait = pool.submit(_get, server, If_None_Match=etag, Prefer="wait=2")
        until(lambda: _waiting(server) == 1, "it waits")
        write_bytes(settings.dist / "iga.tar.gz", b"one")
        server.publish("iga")
        assert wait.result(30).status_code == 304


def test_a_removed_bundle_does_not_wake_and_its_return_does(
    server: BundleServer, settings: Settings, etag: str
) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        wait = pool.submit(_get, server, If_None_Match=etag, Prefer="wait=60")
        until(lambda: _waiting(server) == 1, "it waits")
        (settings.dist / "iga.tar.gz").unlink()
        assert _get(server).status_code == 404
        assert not wait.done()
        write_bytes(settings.dist / "iga.tar.gz", b"two")
        assert wait.result(30).content == b"two"


def test_a_client_that_leaves_is_forgotten(server: BundleServer, etag: str) -> None:
    with pytest.raises(requests.ReadTimeout):
        requests.get(
            f"{server.url}/bundles/iga", headers=_headers(server, If_None_Match=etag, Prefer="wait=600"), timeout=0.3
        )
    until(lambda: _waiting(server) == 0, "forgotten")


def _raw(server: BundleServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_slow_clients_hold_nothing_up_and_take_no_memory(server: BundleServer, settings: Settings) -> None:
    big = os.urandom(1 << 20) * 40
    write_bytes(settings.dist / "big.tar.gz", big)
    write_bytes(settings.dist / "iga.tar.gz", b"one")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    request = f"GET /bundles/big HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token.reveal()}\r\n\r\n".encode()
    slow = [_raw(server) for _ in range(20)]
    try:
        for client in slow:
            client.sendall(request)
            assert client.recv(64).startswith(b"HTTP/1.1 200")
        assert _get(server).content == b"one"
        # 20 times 40 MB are on their way, a piece of each is in memory
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 200_000, "KiB"
        # what was begun is finished from the version it began with
        write_bytes(settings.dist / "big.tar.gz", b"small")
        received = b""
        while part := slow[0].recv(1 << 20):
            received += part
            if len(received) > len(big):
                break
        assert received.endswith(big[-1000:])
    finally:
        for client in slow:
            client.close()


def test_publications_and_downloads_at_once_never_mix(server: BundleServer, settings: Settings) -> None:
    versions = [bytes([65 + n]) * (200_000 + n) for n in range(8)]
    write_bytes(settings.dist / "iga.tar.gz", versions[0])
    stop = threading.Event()

    def publish() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            write_bytes(settings.dist / "iga.tar.gz", versions[turn % len(versions)])
            stop.wait(0.005)

    writer = threading.Thread(target=publish)
    writer.start()
    try:
        answers = [_get(server) for _ in range(60)]
    finally:
        stop.set()
        writer.join()
    assert {answer.status_code for answer in answers} <= {200, 503}
    for answer in answers:
        if answer.status_code == 200:
            assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert sum(answer.status_code == 200 for answer in answers) > 30


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {}", "{}", "Bearer {}x"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/bundles/iga"), ("POST", "/logs"), ("POST", "/status")])
def test_401_without_the_token(value: str | None, method: str, path: str, server: BundleServer, etag: str) -> None:
    headers = {} if value is None else {"Authorization": value.replace("{}", server.token.reveal())}
    answer = requests.request(method, server.url + path, headers=headers, timeout=30)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "error" in answer.json()
    assert server.token.reveal() not in answer.text


def test_two_tokens_while_one_is_replaced(settings: Settings, etag: str) -> None:
    both = (Secret("old-token", "env:OLD"), Secret("new-token", "env:NEW"))
    with BundleServer(replace(settings, tokens=both)) as server:
        for token, status in (("old-token", 200), ("new-token", 200), ("other", 401)):
            answer = requests.get(f"{server.url}/bundles/iga", headers={"Authorization": f"bearer {token}"}, timeout=30)
            assert answer.status_code == status
    assert "old-token" not in repr(replace(settings, tokens=both))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/bundles/none", 404),
        ("GET", "/bundles/", 404),
        ("GET", "/bundles", 404),
        ("GET", "/", 404),
        ("GET", "/bundles/.iga", 404),
        ("GET", "/bundles/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/bundles/%2e%2e/x", 404),
        ("GET", "/bundles/IGA", 404),
        ("GET", "/bundles/link", 404),
        ("GET", "/bundles/folder", 404),
        ("GET", "/bundles/iga%00", 404),
        ("GET", "/bundles/" + "x" * 5000, 404),
        ("POST", "/bundles/iga", 405),
        ("DELETE", "/bundles/iga", 405),
        ("GET", "/logs", 405),
        ("PUT", "/health", 405),
    ],
)
def test_what_is_not_there(method: str, path: str, status: int, server: BundleServer, settings: Settings) -> None:
    write_bytes(settings.dist / "iga.tar.gz", b"one")
    write_bytes(settings.dist / "outside.txt", b"secret")
    (settings.dist / "link.tar.gz").symlink_to("outside.txt")
    (settings.dist / "folder.tar.gz").mkdir()
    session = requests.Session()
    prepared = session.prepare_request(requests.Request(method, server.url, headers=_headers(server)))
    prepared.url = server.url + path  # as it stands: requests would tidy it up
    answer = session.send(prepared, timeout=30)
    assert answer.status_code == status
    assert "error" in answer.json()


def test_health_needs_no_token(server: BundleServer) -> None:
    assert requests.get(f"{server.url}/health", timeout=30).json() == {"status": "ok"}


def _post(server: BundleServer, path: str, body: bytes, **headers: str) -> requests.Response:
    return requests.post(server.url + path, data=body, headers=_headers(server, **headers), timeout=60)


def test_decision_logs_are_kept_as_lines(server: BundleServer, settings: Settings) -> None:
    text = '[ {"decision_id": "a", "n": 12345678901234567890123, "f": 1.10,\n "t": "x\\ny é"},{"decision_id":"b"} ]'
    answer = _post(server, "/logs", gzip.compress(text.encode()), Content_Encoding="gzip")
    assert answer.json() == {"events": 2}
    [path] = settings.logs.rglob("*.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert lines == [
        '{"decision_id":"a","n":12345678901234567890123,"f":1.10,"t":"x\\ny é"}',
        '{"decision_id":"b"}',
    ]
    assert path.parent.name == datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(settings.logs.stat().st_mode) == 0o700
    assert _post(server, "/logs/part", b"[]").json() == {"events": 0}
    assert len(list(settings.logs.rglob("*.gz"))) == 1


@pytest.mark.parametrize(
    ("path", "body", "encoding", "status"),
    [
        ("/logs", b"{}", "", 400),
        ("/logs", b"[1]", "", 400),
        ("/logs", b'[{"a":1},', "", 400),
        ("/logs", b"", "", 400),
        ("/logs", b"\xff", "", 400),
        ("/logs", b"[" * 100_000, "", 400),
        ("/logs", b"[]", "gzip", 400),
        ("/logs", gzip.compress(b"[]", mtime=0)[:-3], "gzip", 400),
        ("/logs", gzip.compress(b"[]", mtime=0) * 2, "gzip", 400),
        ("/logs", b"[]", "br", 415),
        ("/logs", b" " * (17 << 20), "", 413),
        ("/logs", gzip.compress(bytes(300 << 20), 1, mtime=0), "gzip", 413),
        ("/status", b"[]", "", 400),
        ("/status", b"{}", "", 400),
        ("/status", b'{"labels":{}}', "", 400),
        ("/status", b'{"labels":{"id":7}}', "", 400),
        ("/status", b'{"labels":{"id":"../../x"}}', "", 400),
        ("/status", b'{"labels":{"id":".hidden"}}', "", 400),
    ],
)
def test_a_bad_upload_is_refused_and_nothing_kept(
    path: str, body: bytes, encoding: str, status: int, server: BundleServer
) -> None:
    try:
        answer = _post(server, path, body, Content_Encoding=encoding)
        assert answer.status_code == status
        assert "error" in answer.json()
    except requests.ConnectionError:
        assert status == 413, "only an upload that is too large may be cut off"
    assert not list(server.settings.logs.rglob("*.*")) + list(server.settings.statuses.rglob("*.*"))
    assert requests.get(f"{server.url}/health", timeout=30).ok


def test_an_endless_upload_is_cut_off(server: BundleServer) -> None:
    with _raw(server) as client:
        head = f"POST /logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token.reveal()}\r\n"
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
        taken = 0
        with contextlib.suppress(OSError):
            while taken < 200:
                client.sendall(piece)
                taken += 1
        assert taken < 200, "MiB"


def test_the_last_status_of_each_opa_is_kept(server: BundleServer, settings: Settings) -> None:
    for reporter, turn in (("opa-1", 1), ("opa-2", 1), ("opa-1", 2)):
        body = json.dumps({"labels": {"id": reporter}, "turn": turn}).encode()
        assert _post(server, "/status", body).ok
    found = {path.name: json.loads(path.read_bytes())["turn"] for path in settings.statuses.iterdir()}
    assert found == {"opa-1.json": 2, "opa-2.json": 1}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in settings.statuses.iterdir())


def test_what_cannot_be_kept_is_not_taken(server: BundleServer, settings: Settings) -> None:
    settings.logs.write_text("a file where the folder should be")
    answer = _post(server, "/logs", b'[{"a":1}]')
    assert answer.status_code == 503, "so that OPA keeps it and sends it again"
    assert str(settings.logs) not in answer.text


def test_stopping_ends_the_waits(settings: Settings, etag: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        with BundleServer(settings) as server:
            waits = [pool.submit(_get, server, If_None_Match=etag, Prefer="wait=600") for _ in range(20)]
            until(lambda: _waiting(server) == 20, "all wait")
        assert {wait.result(30).status_code for wait in waits} == {304}
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/health", timeout=5)


def test_a_taken_port_is_named(server: BundleServer, settings: Settings) -> None:
    port = int(server.url.rpartition(":")[2])
    with (
        pytest.raises(BundleError, match=f"127.0.0.1:{port}: cannot listen") as caught,
        BundleServer(replace(settings, port=port)),
    ):
        pass
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104  # what must be refused
def test_only_loopback_without_tls(host: str, settings: Settings) -> None:
    with pytest.raises(ConfigError, match="loopback"), BundleServer(replace(settings, host=host)):
        pass


def test_no_token_no_server(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="token"):
        serve(settings)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begins = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_bytes(tmp_path / "c.pem", made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_bytes(tmp_path / "k.pem", pem, mode=0o600)
    return tmp_path / "c.pem", tmp_path / "k.pem"


def test_tls(settings: Settings, certificate: tuple[Path, Path], etag: str) -> None:
    chosen = replace(settings, host="localhost", certificate=certificate[0], key=certificate[1])
    with BundleServer(chosen) as server:
        url = server.url.replace("127.0.0.1", "localhost").replace("[::1]", "localhost")
        assert url.startswith("https://")
        answer = requests.get(f"{url}/bundles/iga", headers=_headers(server), verify=str(certificate[0]), timeout=30)
        assert answer.content == b"one"


def test_a_handshake_that_does_not_come_is_not_waited_for(settings: Settings, certificate: tuple[Path, Path]) -> None:
    chosen = replace(settings, certificate=certificate[0], key=certificate[1], header=0.3)
    with BundleServer(chosen) as server:
        client = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30)
        with client, contextlib.suppress(ConnectionError):
            assert client.recv(1) == b"", "asyncio alone waits a minute"


def test_tls_files_that_do_not_fit(settings: Settings, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    for chain, private in ((cert, None), (None, key), (key, key), (cert, cert)):
        with pytest.raises(ConfigError), BundleServer(replace(settings, certificate=chain, key=private)):
            pass
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"), BundleServer(replace(settings, certificate=cert, key=key)):
        pass


PROGRAM = """
import sys
from pathlib import Path
from livegate.bundle.server import Settings, serve
from livegate.secrets import Secret
folder = Path(sys.argv[1])
serve(
    Settings(dist=folder / "dist", logs=folder / "l", statuses=folder / "s", tokens=[Secret("t", "env:T")], drain=2),
    ready=lambda url: print(url, flush=True),
)
"""


def test_as_a_process_it_says_where_and_stops_when_told(settings: Settings, etag: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path], stdout=subprocess.PIPE, env=environment)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        headers: dict[str, Any] = {"Authorization": "Bearer t", "If-None-Match": etag, "Prefer": "wait=600"}
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            wait = pool.submit(requests.get, f"{url}/bundles/iga", headers=headers, timeout=30)
            time.sleep(0.3)
            process.terminate()
            assert wait.result(30).status_code == 304
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        process.communicate()
