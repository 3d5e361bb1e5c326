"""``livegate opa``: find or install the engine, and run it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click

from livegate import documents
from livegate.bundle import keys
from livegate.cli import options, output
from livegate.errors import ConfigError, EngineError, VerificationError
from livegate.files import write_bytes
from livegate.opa import config as opa_config
from livegate.opa.engine import Engine, find
from livegate.opa.engine import install as install_engine
from livegate.opa.process import Configured
from livegate.opa.surroundings import Surroundings, plain_environment
from livegate.opa.tools import OPA, REGAL


@click.group()
def opa() -> None:
    """OPA (and Regal, its linter): install, check, run, version."""


@opa.command("install")
@click.option("--regal", is_flag=True, help="Regal too.")
@options.project_option
def install(regal: bool, project_folder: Path | None) -> None:
    """Find OPA, or install the pinned version, and say where it came from."""
    project = options.project_of(project_folder)
    around = Surroundings.here(modules=project.engine)
    for tool in (OPA, REGAL) if regal else (OPA,):
        _tell(tool.name, install_engine(tool, around=around, report=output.say))


@opa.command("version")
@click.option("--regal", is_flag=True, help="Regal instead.")
@click.option("--path", "only_path", is_flag=True, help="Print the path alone, for scripts.")
@options.project_option
def version(regal: bool, only_path: bool, project_folder: Path | None) -> None:
    """Which OPA would be used."""
    project = options.project_of(project_folder)
    tool = REGAL if regal else OPA
    engine = find(tool, around=Surroundings.here(modules=project.engine))
    if only_path:
        click.echo(engine.path)
    else:
        _tell(tool.name, engine)


@opa.command("check")
@options.project_option
@click.pass_context
def check(ctx: click.Context, project_folder: Path | None) -> None:
    """See that the project's Rego is in form, and compiles: strictly, and against the schemas of the documents.

    Exit codes: 0 it does · 3 it does not, OPA says where.
    """
    project = options.project_of(project_folder)
    engine = options.engine_of(project).path
    schemas = Path(documents.__file__).parent / "schemas"
    wanted = (["fmt", "--fail", "--list"], ["check", "--strict", "--schema", str(schemas)])
    found = False
    for arguments in wanted:
        try:
            done = subprocess.run(
                [str(engine), *arguments, str(project.rego)], env=plain_environment(os.environ), check=False
            )
        except OSError as error:
            raise EngineError(f"OPA cannot be started: {error.strerror or error}", where=str(engine)) from error
        found = found or done.returncode != 0
    if found:
        output.say("livegate: the Rego is not in form (`opa fmt --write rego`), or does not compile")
        ctx.exit(VerificationError.exit_code)


@opa.command("run")
@click.option("--service", required=True, help="URL of the bundle server, see `livegate serve`.")
@click.option(
    "--token",
    "token",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="File with the bearer token for it.",
)
@click.option("--addr", default="127.0.0.1:8181", show_default=True, help="Address of OPA's API.")
@click.option(
    "--diagnostic-addr", default="127.0.0.1:8282", show_default=True, help="Address for /health and /metrics."
)
@click.option("--print-config", is_flag=True, help="Print the generated configuration and stop.")
@options.project_option
def run(
    service: str, token: Path, addr: str, diagnostic_addr: str, print_config: bool, project_folder: Path | None
) -> None:
    """Run OPA with the generated configuration, in the place of this process.

    Every bundle must be signed by a key of bundles/keys/; callers show a token that data/trust knows.
    """
    project = options.project_of(project_folder)
    engine = options.engine_of(project)
    public = keys.load_public(project.keys)
    if not public:
        raise ConfigError("no public key", where=str(project.keys), todo="make one with `livegate keys new KEY_ID`")
    text = opa_config.text(
        opa_config.Settings(
            service=service, token=token, keys=public, version=engine.version, persistence=project.state / "opa"
        )
    )
    if print_config:
        click.echo(text, nl=False)
        return
    path = project.private_state() / "run" / "opa.json"
    write_bytes(path, text.encode(), mode=0o600)
    os.execve(  # noqa: S606  # a program by its path, without a shell: signals reach OPA itself
        engine.path,
        [
            str(engine.path),
            "run",
            "--server",
            *Configured(config=path).arguments(),
            f"--addr={addr}",
            f"--diagnostic-addr={diagnostic_addr}",
            "--skip-version-check",
        ],
        plain_environment(os.environ),
    )


def _tell(name: str, engine: Engine) -> None:
    click.echo(f"{name} {engine.version}  {engine.origin}  {engine.path}")
    for note in engine.notes:
        output.say(f"  {note}")
