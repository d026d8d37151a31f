"""The answer to a bulk call: a line of JSON for each line that was sent, in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Any

from fieldstone import exact_json
from fieldstone.records.row_outcomes import REFUSED, RowOutcome
from fieldstone.web import problems

MEDIA_TYPE = "application/x-ndjson"
OPERATION = "Fieldstone-Operation"
IN_MEMORY = 2**20
_PART = 2**16


def told(line: int, outcome: RowOutcome) -> bytes:
    """One result: `line`, `status`, `action`, then `id` and `version`, or `code`, `detail` and `errors`."""
    result: dict[str, Any] = {"line": line, "status": outcome.status, "action": outcome.action}
    if outcome.action == REFUSED:
        first = outcome.errors[0]
        result |= {"code": first.code, "detail": first.message}
        result["errors"] = [problems.entry(error) for error in outcome.errors]
    else:
        result |= {"id": str(outcome.id), "version": outcome.version}
    return exact_json.dumps(result) + b"\n"


class Results:
    """Results that are sent later; they wait in a file."""

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # see `close`

    def forget(self) -> None:
        """Begin again."""
        self._file.seek(0)
        self._file.truncate()

    def add(self, text: bytes) -> None:
        """Keep one result."""
        self._file.write(text)

    def parts(self) -> Iterator[bytes]:
        """All results."""
        self._file.seek(0)
        while part := self._file.read(_PART):
            yield part

    def close(self) -> None:
        """Forget them all."""
        self._file.close()
