"""Somebody who calls what the OpenAPI document offers them, and checks each answer against it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fieldstone_testing.made_up_calls.known import Known
from fieldstone_testing.made_up_calls.meaning import Meaning, entity_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.get("FIELDSTONE_OPENAPI_EXAMPLES", "0"))
"""Made-up calls of each operation and kind of input; 0: a few calls of some operations."""
schemathesis.serializer.alias("application/zip", "application/octet-stream")
FEW = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}
USUAL = "opportunity"
MAKING = {"create", "upsert", "upload", "add_file", "comment", "share", "bulk"}
REMOVING = {"delete", "unshare", "merge", "undo"}


@dataclass
class Caller:
    """A caller with a token. answered: how often each operation was answered with each status."""

    schema: BaseSchema
    headers: dict[str, str]
    known: Known = field(default_factory=Known)
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)

    def tried(self) -> list[APIOperation]:
        """The operations that this run calls."""
        return self.operations() if EXAMPLES else self.some_operations(USUAL)

    def operations(self) -> list[APIOperation]:
        """All that the document offers: first what makes something, last what removes it."""
        return sorted((found.ok() for found in self.schema.get_all_operations()), key=_turn)

    def some_operations(self, entity: str) -> list[APIOperation]:
        """The same, but of those that each entity has only the one on `entity` and one on another."""
        found: dict[str, list[APIOperation]] = {}
        for operation in self.operations():
            found.setdefault(kind_of(operation), []).append(operation)
        return [one for turn, same in enumerate(found.values()) for one in _two(same, entity, turn)]

    def examine(self, operation: APIOperation, mode: GenerationMode) -> None:
        """Call an operation with made-up input. Fails at an answer that the document does not describe."""
        meaning = Meaning(self.schema.raw_schema, self.known)

        @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
        @settings(
            max_examples=EXAMPLES or FEW[mode],
            deadline=None,
            derandomize=not EXAMPLES,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def call(case: Case, data: st.DataObject) -> None:
            meaning.put_into(case, data.draw)
            self._call(case)

        call()

    def _call(self, case: Case) -> None:
        answer = case.call_and_validate(headers=self.headers, checks=CHECKS)
        self.known.learn(answer.headers)
        self.answered[str(case.operation.definition.raw["operationId"]), answer.status_code] += 1


def caller_of(web: Flask, token: str) -> Caller:
    """A caller who knows some records of each entity that they may list."""
    headers = {"Authorization": f"Bearer {token}"}
    caller = Caller(schemathesis.openapi.from_wsgi("/api/v1/openapi.json", web, headers=headers), headers)
    client = web.test_client()
    for operation in caller.operations():
        if operation.definition.raw["operationId"].endswith(".list"):
            entity = entity_of(operation.path)
            page = client.get(f"{operation.path}?limit=3&fields=id", headers=headers).get_json()
            for record in page["data"]:
                caller.known.know(entity, record["id"])
    return caller


def _two(same: Sequence[APIOperation], entity: str, turn: int) -> list[APIOperation]:
    first = [one for one in same if entity_of(one.path) == entity]
    rest = [one for one in same if one not in first]
    return [*first, *rest[turn % len(rest) :][:1]] if rest else first


def _turn(operation: APIOperation) -> int:
    kind = kind_of(operation)
    return 0 if kind in MAKING else 2 if kind in REMOVING else 1


def kind_of(operation: APIOperation) -> str:
    """What an operation does, whatever it does it to: `list`, `related`, `transition`."""
    _, dot, verb = str(operation.definition.raw["operationId"]).partition(".")
    general = verb.split("_")[0] if verb.startswith(("related_", "transition_", "upsert_")) else verb
    return general if dot else str(operation.definition.raw["operationId"])
