"""Puts the commands together and turns every failure into a message and an exit status.

Exit statuses: 0 fine, 1 problems found or a failure, 2 wrong usage.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import click

from fieldstone.cli.output import show_error
from fieldstone.errors import FieldstoneError
from fieldstone.plugins import plugin_manager
from fieldstone.settings import BadSettings, load_settings
from fieldstone_rules import limits

_COMMANDS = {
    "demo": "fieldstone.cli.demo",
    "new": "fieldstone.cli.new",
    "check": "fieldstone.cli.checking",
    "plan": "fieldstone.cli.planning",
    "apply": "fieldstone.cli.applying",
    "versions": "fieldstone.cli.versions",
    "diff": "fieldstone.cli.comparing",
    "rollback": "fieldstone.cli.rolling_back",
    "uninstall": "fieldstone.cli.uninstalling",
    "restore-archived": "fieldstone.cli.restoring_archived",
    "drift": "fieldstone.cli.drifting",
    "export": "fieldstone.cli.exporting",
    "test": "fieldstone.cli.testing",
    "import": "fieldstone.cli.importing",
    "eval": "fieldstone.cli.evaluating",
    "fmt": "fieldstone.cli.formatting",
    "serve": "fieldstone.cli.serving",
    "user": "fieldstone.cli.users",
    "token": "fieldstone.cli.tokens",
    "files": "fieldstone.cli.files",
    "secret": "fieldstone.cli.secrets",
    "templates": "fieldstone.cli.templates",
    "doctor": "fieldstone.cli.doctor",
}
"""Name of a command → the module that defines it as `command`; modules are imported when they are needed."""

_WITHOUT_INSTALLATION = frozenset({"check", "fmt"})


class Commands(click.Group):
    """All commands: the built-in ones, in this order, and those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click calls it so
        """Their names."""
        return [*_COMMANDS, *(name for name in sorted(_plugin_commands()) if name not in _COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        """The command of that name, or None."""
        if cmd_name in _COMMANDS:
            command: click.Command = importlib.import_module(_COMMANDS[cmd_name]).command
            return command
        return _plugin_commands().get(cmd_name)


def _plugin_commands() -> dict[str, click.Command]:
    found = plugin_manager().hook.fieldstone_commands()
    return {str(command.name): command for commands in found for command in commands}


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fieldstone", prog_name="fieldstone")
@click.pass_context
def commands(context: click.Context) -> None:
    """Fieldstone: declare entities, forms, permissions and workflows; it runs them.

    Settings come from FIELDSTONE_* variables or from fieldstone.toml in the current folder. Without
    FIELDSTONE_DATABASE_URL the embedded database in FIELDSTONE_HOME (.fieldstone) is used.

    \b
    Example:
      fieldstone new my_app
      fieldstone apply my_app --yes
      fieldstone user create ann@example.com --name Ann --password "a long phrase" --role admin
      fieldstone serve
    """
    _impose_limits(context.invoked_subcommand)


def _impose_limits(command: str | None) -> None:
    """Put the limits of rules in force that are set. Commands that need other settings tell of wrong ones."""
    try:
        limits.impose(load_settings().rule_limits)
    except BadSettings:
        if command in _WITHOUT_INSTALLATION:
            raise


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    sys.exit(exit_status(lambda: commands.main(args=arguments, standalone_mode=False)))


def exit_status(run: Callable[[], Any]) -> int:
    """The exit status of a command; failures are shown on standard error."""
    try:
        result = run()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2 if isinstance(error, click.UsageError) else 1
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        return 130
    except FieldstoneError as error:
        show_error(error)
        return 1
    return result if isinstance(result, int) else 0
