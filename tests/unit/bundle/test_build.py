"""Building: signed, reproducible, whole or not at all."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import jwt
import orjson
import pytest

from livegate.bundle import archive, build, definition
from livegate.errors import BundleError, ConfigError, DocumentError
from livegate.project import Project

if TYPE_CHECKING:
    from livegate.bundle.signing import KeySigner


def _files(data: bytes) -> dict[str, bytes]:
    return archive.read(io.BytesIO(data), where="bundle")


def _named(project: Project, name: str) -> definition.Definition:
    return definition.load(project.bundles / f"{name}.yaml")


def test_a_data_bundle_holds_the_document_as_it_is(project: Project, signer: KeySigner) -> None:
    built = build.build(_named(project, "iga"), project, signer)
    data = built.path.read_bytes()
    files = _files(data)
    assert built.path == project.dist / "iga.tar.gz"
    assert (built.revision, built.sequence, built.size) == ("iga-7", 7, len(data))
    assert built.sha256 == hashlib.sha256(data).hexdigest()
    assert list(files) == [".signatures.json", ".manifest", "iga/data.json"]
    assert files["iga/data.json"] == (project.data / "iga" / "data.json").read_bytes()
    manifest = orjson.loads(files[".manifest"])
    assert manifest["roots"] == ["iga"]
    assert manifest["revision"] == "iga-7"
    assert manifest["rego_version"] == 1
    assert manifest["metadata"].keys() == {"sequence", "issued_at", "expires_at"}


def test_the_policy_bundle_holds_rules_without_tests_and_merged_documents(project: Project, signer: KeySigner) -> None:
    files = _files(build.build(_named(project, "policy"), project, signer).path.read_bytes())
    assert sorted(files) == [
        ".manifest",
        ".signatures.json",
        "authz/main.rego",
        "catalog/data.json",
        "config/data.json",
    ]
    assert orjson.loads(files["catalog/data.json"])["apps"] == {"ledger": {"tier": "high"}}
    assert files["config/data.json"] == b'{"leeway":5}'


def test_the_signature_names_key_and_files(project: Project, signer: KeySigner) -> None:
    files = _files(build.build(_named(project, "iga"), project, signer).path.read_bytes())
    [token] = orjson.loads(files[".signatures.json"])["signatures"]
    payload = orjson.loads(jwt.PyJWS().decode(token, signer.key.public_key(), algorithms=["ES256"]))
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "k1", "typ": "JWT"}
    assert payload["keyid"] == "k1"
    assert payload["files"] == [
        {"name": name, "hash": hashlib.sha256(files[name]).hexdigest(), "algorithm": "SHA-256"}
        for name in (".manifest", "iga/data.json")
    ]


@pytest.mark.parametrize("name", ["iga", "policy"])
def test_the_same_input_gives_the_same_bytes(name: str, project: Project, signer: KeySigner) -> None:
    first = build.build(_named(project, name), project, signer).path.read_bytes()
    for path in project.data.rglob("*.*"):
        path.touch()
    assert build.build(_named(project, name), project, signer).path.read_bytes() == first


def test_documents_given_are_taken_instead_of_the_tree(project: Project, signer: KeySigner) -> None:
    tree = (project.data / "iga" / "data.json").read_bytes()
    given = tree.replace(b'"ada"', b'"bob"')
    files = _files(build.build(_named(project, "iga"), project, signer, documents={"iga": given}).path.read_bytes())
    assert files["iga/data.json"] == given
    with pytest.raises(BundleError, match="no root"):
        build.build(_named(project, "iga"), project, signer, documents={"pam": given})


def test_without_a_stamp_it_says_what_to_do(project: Project, signer: KeySigner) -> None:
    (project.data / "iga" / "data.json").write_bytes(b'{"grants":{}}')
    with pytest.raises(DocumentError, match="livegate sync"):
        build.build(_named(project, "iga"), project, signer)
    (project.data / "iga" / "data.json").unlink()
    with pytest.raises(DocumentError, match="livegate sync"):
        build.build(_named(project, "iga"), project, signer)
    assert not project.dist.exists()


@pytest.mark.parametrize(
    "stamp",
    [
        {},
        {"revision": "a", "sequence": 0, "issued_at": 1, "expires_at": 2},
        {"revision": "a", "sequence": 1, "issued_at": 2, "expires_at": 2},
        {"revision": "", "sequence": 1, "issued_at": 1, "expires_at": 2},
        {"revision": "a", "sequence": 1.5, "issued_at": 1, "expires_at": 2},
        {"revision": "a", "sequence": 1, "issued_at": 1, "expires_at": 2, "more": 1},
        "stamp",
        None,
    ],
)
def test_a_malformed_stamp_is_refused(stamp: object, project: Project, signer: KeySigner) -> None:
    (project.data / "iga" / "data.json").write_bytes(orjson.dumps({"bundle": stamp}))
    with pytest.raises(DocumentError, match="stamp"):
        build.build(_named(project, "iga"), project, signer)


def test_a_failure_leaves_the_earlier_bundle(project: Project, signer: KeySigner) -> None:
    before = build.build(_named(project, "iga"), project, signer).path.read_bytes()
    (project.data / "iga" / "data.json").write_bytes(b'{"bundle":')
    with pytest.raises(DocumentError):
        build.build(_named(project, "iga"), project, signer)
    assert [path.name for path in project.dist.iterdir()] == ["iga.tar.gz"]
    assert (project.dist / "iga.tar.gz").read_bytes() == before


def test_no_rules_is_an_error(project: Project, signer: KeySigner) -> None:
    (project.rego / "authz" / "main.rego").unlink()
    with pytest.raises(BundleError, match="no rules"):
        build.build(_named(project, "policy"), project, signer)


@pytest.mark.parametrize(
    "text",
    [
        "roots: [iga]",
        "roots: []\nrego: false",
        "roots: ['']\nrego: false",
        "roots: [/iga]\nrego: false",
        "roots: [a, a]\nrego: false",
        "roots: [iga]\nrego: 1",
        "roots: [iga]\nrego: false\nrgo: true",
        "[]",
        "",
    ],
)
def test_a_malformed_definition_is_refused_by_name(text: str, project: Project) -> None:
    path = project.bundles / "iga.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"iga\.yaml"):
        definition.load(path)


def test_two_bundles_do_not_share_a_root(project: Project) -> None:
    assert [each.name for each in definition.load_all(project)] == ["iga", "policy"]
    (project.bundles / "other.yaml").write_text("roots: [authz/gates]\nrego: false\n")
    with pytest.raises(ConfigError, match="overlaps"):
        definition.load_all(project)


def test_the_projects_own_definitions_are_the_five(pytestconfig: pytest.Config) -> None:
    found = {each.name: each for each in definition.load_all(Project.at(pytestconfig.rootpath))}
    assert set(found) == {"policy", "iga", "pam", "trust", "revocations"}
    assert [name for name, each in found.items() if each.rego] == ["policy"]
    assert all(each.roots == (name,) for name, each in found.items() if name != "policy")


def test_what_lies_in_a_folder_called_testing_ships_too(project: Project) -> None:
    path = project.rego / "authz" / "testing" / "open.rego"
    path.parent.mkdir(parents=True)
    path.write_text("package authz.testing\n")
    (path.parent / "open_test.rego").write_text("package authz.testing_test\n")
    assert "authz/testing/open.rego" in build.rules(project.rego)
    assert "authz/testing/open_test.rego" not in build.rules(project.rego)


@pytest.mark.parametrize(
    "line",
    [
        "allow if opa.runtime().config.decision_logs",
        'allow if opa["runtime"]().config',
        'allow if http.send({"method": "get", "url": input.url}).body',
        'allow if rand.intn("x", 2) == 1',
        'id := uuid.rfc4122("x")',
        "allow if net.lookup_ip_addr(input.host)",
    ],
)
def test_what_does_not_follow_from_the_question_does_not_ship(line: str, project: Project) -> None:
    path = project.rego / "authz" / "odd.rego"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"package authz.odd\n\n# http.send is only spoken of\n{line}\n")
    with pytest.raises(BundleError, match=r"odd\.rego:4: uses "):
        build.rules(project.rego)
