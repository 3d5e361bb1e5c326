"""``livegate serve``: the bundle server."""

from __future__ import annotations

from pathlib import Path

import click

from livegate.bundle.server import Settings
from livegate.bundle.server import serve as run
from livegate.cli import options, output
from livegate.errors import ConfigError
from livegate.secrets import resolve


@click.command()
@click.option(
    "--token",
    "tokens",
    multiple=True,
    envvar="LIVEGATE_BUNDLE_TOKEN",
    help="Bearer token by reference (env:NAME, file:/path); twice while one is being replaced.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address; other than loopback only with TLS.")
@click.option("--port", type=click.IntRange(0, 65535), default=8888, show_default=True)
@click.option(
    "--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Certificate chain, PEM."
)
@click.option(
    "--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its private key, owner-only."
)
@options.project_option
def serve(
    tokens: tuple[str, ...],
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    project_folder: Path | None,
) -> None:
    """Serve bundles/dist to OPAs (long polling), and take in their decision logs and status."""
    project = options.project_of(project_folder)
    if not tokens:
        raise ConfigError("no bearer token was named", where="--token", todo="--token file:/path, or --token env:NAME")
    project.private_state()
    run(
        Settings(
            dist=project.dist,
            logs=project.logs,
            statuses=project.statuses,
            tokens=[resolve(token, where="--token") for token in tokens],
            host=host,
            port=port,
            certificate=tls_cert,
            key=tls_key,
        ),
        ready=lambda url: output.say(f"serving {project.dist} on {url}; stop with Ctrl-C"),
    )
