"""`fieldstone templates`: the industry templates that are shipped."""

from __future__ import annotations

import click

from fieldstone.cli.output import console, print_json
from fieldstone.publication.layers import combined_layers
from fieldstone_metadata import check, core_layer, template_layer, template_names
from fieldstone_metadata.declarations import App


@click.command("templates")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def command(as_json: bool) -> int:
    """List the shipped templates. A template can be applied by its name instead of a path.

    \b
    Example:
      fieldstone templates
      fieldstone apply sales
    """
    apps = [_app(name) for name in template_names()]
    if as_json:
        print_json([_as_json(app) for app in apps])
        return 0
    out = console()
    for app in apps:
        out.print(
            f"{app.name:<20} {app.version:<10} {_text(app.label)}: {_text(app.description)}", markup=False
        )
    return 0


def _app(name: str) -> App:
    application = check(combined_layers([core_layer(), template_layer(name)], ())).application
    if application is None:
        raise click.ClickException(f"the template `{name}` has errors; see `fieldstone check`")
    return application.apps[name]


def _as_json(app: App) -> dict[str, str]:
    return {
        "name": app.name,
        "label": _text(app.label),
        "version": app.version,
        "description": _text(app.description),
    }


def _text(label: object) -> str:
    return str(label.get("", next(iter(label.values()), ""))) if isinstance(label, dict) and label else ""
