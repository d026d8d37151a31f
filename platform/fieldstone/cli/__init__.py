"""The command line, `fieldstone`: one module per command or group of commands."""

from fieldstone.cli.main import main

__all__ = ["main"]
