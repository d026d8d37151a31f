"""`fieldstone demo`: everything with one command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from rich import box
from rich.panel import Panel
from rich.table import Table

from fieldstone.cli.output import error_console
from fieldstone.cli.serving import open_for_serving, serve_installation, settings_with
from fieldstone.ports import free_port
from fieldstone_metadata import template_names

if TYPE_CHECKING:
    from fieldstone.cli.installation import Installation
    from fieldstone.model.model import Model


@click.command("demo")
@click.argument("template", default="sales")
@click.option(
    "--size", type=click.Choice(["small", "full"]), default="full", help="How many records to make."
)
@click.option("--host", help="Address to listen on. Default: FIELDSTONE_HOST, or 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Default: FIELDSTONE_PORT, or 8000; 0 takes a free one."
)
@click.option("--no-serve", is_flag=True, help="Only make the data; do not serve.")
def command(template: str, *, size: str, host: str | None, port: int | None, no_serve: bool) -> None:
    """Start everything with a template and its demo data, and print the address and the log-ins.

    The first start publishes the template and makes the records; later ones find them again. Ctrl+C stops
    everything, the embedded database included.

    \b
    Example:
      fieldstone demo
      fieldstone demo --port 8080
    """
    if template not in template_names():
        raise click.UsageError(f"There is no template {template}; known are {', '.join(template_names())}.")
    settings = settings_with(host=host, port=port)
    if not no_serve:
        # Before any work: nobody wants to wait for the data and then hear that the port is taken.
        free_port(settings.host, settings.port)
    os.environ.setdefault("FIELDSTONE_LOG_LEVEL", "warning")
    _tell("Starting the database")
    with open_for_serving(settings) as installation:
        model = _fill(installation, template, size)
        if not no_serve:
            serve_installation(installation, model, lambda address: _welcome(address, template))


def _fill(installation: Installation, template: str, size: str) -> Model:
    """Have the template published and its records made; the model in force."""
    from fieldstone import demonstration  # noqa: PLC0415  # see open_for_serving

    database = installation.database
    model = demonstration.publish_template(database, template)
    if demonstration.has_people(database, model):
        _tell(f"The demonstration of {template} is there")
        return model
    _tell(f"Published the template {template}; making people and records")
    made = demonstration.fill(database, model, template, size)
    _tell(f"Made {made:,} records")
    return model


def _tell(step: str) -> None:
    error_console().print(f"[dim]·[/dim] {step}")


def _welcome(address: str, template: str) -> None:
    from fieldstone import demonstration  # noqa: PLC0415  # see open_for_serving

    people = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Who", "Name", "E-mail", "Password"):
        people.add_column(heading)
    for person in demonstration.log_ins(template):
        people.add_row(person.title, person.name, person.email, demonstration.PASSWORD)
    out = error_console()
    out.print()
    out.print(
        Panel.fit(
            people,
            title=f"[bold]Fieldstone is at {address}[/bold]",
            subtitle="Ctrl+C stops everything",
            padding=(1, 3),
        )
    )
