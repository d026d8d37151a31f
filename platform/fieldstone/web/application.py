"""The Flask application class: a request that met a model just replaced runs once more on the new one."""

from __future__ import annotations

from flask import Flask
from flask.typing import ResponseReturnValue

from fieldstone.errors import StaleModel
from fieldstone.web.request_context import forget_context
from fieldstone.web.runtime import current_runtime


class Application(Flask):
    """Flask, with the one retry that publishing under load needs."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; on `StaleModel`, which means that nothing was written, again on the new model."""
        try:
            return super().dispatch_request()
        except StaleModel:
            current_runtime().current.reload()
            forget_context()
            return super().dispatch_request()
