"""stub until written."""
import click

@click.group()
def regress() -> None:
    """Decision regression."""
