"""Documents to declarations: loading with places, layers, checks, the built-in
`core` app and the templates.
"""

from fieldstone_metadata.checking import Checked, check
from fieldstone_metadata.declarations import Application
from fieldstone_metadata.document_schemas import schemas
from fieldstone_metadata.field_types import FIELD_TYPES, FieldTypeDeclaration
from fieldstone_metadata.layer_files import (
    File,
    Layer,
    core_layer,
    read_layer,
    read_layers,
    template_layer,
    template_names,
)
from fieldstone_metadata.names import label_from_name
from fieldstone_metadata.new_app import new_app
from fieldstone_metadata.problems import MetadataError, Problem, render_json, render_text
from fieldstone_metadata.shapes import SYSTEM_FIELDS

__all__ = [
    "FIELD_TYPES",
    "SYSTEM_FIELDS",
    "Application",
    "Checked",
    "FieldTypeDeclaration",
    "File",
    "Layer",
    "MetadataError",
    "Problem",
    "check",
    "core_layer",
    "label_from_name",
    "new_app",
    "read_layer",
    "read_layers",
    "render_json",
    "render_text",
    "schemas",
    "template_layer",
    "template_names",
]
