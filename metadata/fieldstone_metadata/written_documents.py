"""Documents in force as one text: as they were written, or laid together where higher layers change them."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from fieldstone_metadata.checking import laid_over
from fieldstone_metadata.layer_files import Layer
from fieldstone_metadata.nodes import to_plain

_LONGEST_LINE = 100


def written_document(layers: Sequence[Layer], kind: str, name: str) -> str | None:
    """The whole document of a kind and name that `layers` declare together, as YAML (or as the JSON that it
    was written in); None if there is none. Comments stay where no higher layer changes the document.
    """
    document = laid_over(layers).get((kind, name))
    if document is None:
        return None
    root = document.root
    if not root.changed_by:
        return f"{root.source.text[root.start : root.end].rstrip()}\n"
    return str(yaml.safe_dump(to_plain(root), sort_keys=False, allow_unicode=True, width=_LONGEST_LINE))
