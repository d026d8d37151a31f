"""What users try, over HTTP, and what the product makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from werkzeug.test import TestResponse

from fieldstone_testing import ApiClient
from fieldstone_testing.permissions.attempts import attempted
from fieldstone_testing.permissions.running import Running
from fieldstone_testing.permissions.seating import without_known_names
from fieldstone_testing.permissions.undoing import last_of
from fieldstone_testing.permissions.worlds import ABOVE, DONE, REFUSED, UNKNOWN, Operation
from fieldstone_testing.permissions.writes import taken_back

ACCEPTED = "?duplicates=accept"
MAKING = {"create", "upsert", "add line", "add seat"}
CHANGING = {"update", "change line", "change seat", "nested"}
REMOVING = {"delete": "", "drop line": "", "drop seat": "", "purge": "?purge=true"}


def act(running: Running) -> list[str]:
    """Try everything that is tried in a world; gives where the product decides otherwise than the oracle."""
    for place, planned in enumerate(running.state.world.operations):
        operation = without_known_names(running.state, planned)
        told = tried(running, operation)
        expected = attempted(running.state, operation)
        # Whether a bulk call ends before it comes to its line is a matter of capabilities and not of rights.
        alike = operation.what.startswith("bulk ") and {told, expected} == {REFUSED, UNKNOWN}
        if told != expected and not alike:
            # What follows would be judged on another world.
            return [f"operation {place} {operation}\n    oracle  {expected}\n    product {told}"]
        running.outcomes.append(f"{operation.what}: {told}")
        running.note_moment()
    return []


def tried(running: Running, operation: Operation) -> str:
    """What the product makes of an operation."""
    if operation.what.startswith("bulk "):
        return _tried_in_bulk(running, operation)
    if operation.what == "expire":
        _expire(running, operation)
        return DONE
    answer = _asked(running, operation)
    if operation.what in MAKING and answer.status_code == 201:
        running.ids[operation.record] = answer.json["id"]
    if answer.status_code < 300:
        running.note_within(operation)
    if answer.status_code == 404:
        return REFUSED if operation.what in MAKING else UNKNOWN
    if operation.what == "undo" and answer.status_code == 200:
        return DONE if answer.json["undone"] else REFUSED
    return _outcome(answer)


def _asked(running: Running, operation: Operation) -> TestResponse:
    client, values = running.clients[operation.user], running.sent(operation.values)
    if operation.what in MAKING:
        return _made(client, operation, values)
    if operation.what == "undo":
        return client.post(f"/operations/{_bulk_call(running, operation)}/undo")
    path = f"/data/{_entity(operation)}/{running.ids[operation.record]}"
    if operation.what in CHANGING:
        return client.patch(f"{path}{ACCEPTED}", values)
    if operation.what in REMOVING:
        return client.delete(f"{path}{REMOVING[operation.what]}")
    if operation.what == "restore":
        return client.post(f"{path}/restore")
    if operation.what == "merge":
        take = dict.fromkeys(values.get("take", ()), values["other"])
        body = {"records": [values["other"]], "take": take, "values": values.get("values", {})}
        answer = client.post(f"{path}/merge{ACCEPTED}", body)
        running.bulks.append(answer.headers.get("Fieldstone-Operation"))
        return answer
    if operation.what == "transition":
        return client.post(f"{path}/transitions/{operation.values['name']}", {})
    if operation.what == "unshare":
        return client.delete(f"{path}/shares/{_share_id(running, operation)}")
    shared = {"with": _receiver(running, operation), "verb": operation.values["verb"]}
    return client.post(f"{path}/shares", shared)


def _made(client: ApiClient, operation: Operation, values: dict[str, Any]) -> TestResponse:
    if operation.what == "create":
        return client.post(f"/data/deal{ACCEPTED}", {"name": operation.record, **values})
    if operation.what == "upsert":
        named = {"name": operation.record} if operation.record.startswith("made") else {}
        return client.put(f"/data/deal/by/code/{values['code']}{ACCEPTED}", {**named, **values})
    called = "name" if operation.what == "add seat" else "item"
    return client.post(f"/data/{_entity(operation)}", {called: operation.record, **values})


def _entity(operation: Operation) -> str:
    return operation.record.partition("_")[0].replace("made", "deal")


def _bulk_call(running: Running, operation: Operation) -> str:
    """The id of the operation that is to be undone, or of none."""
    at = last_of(running.state, running.state.person(operation.user))
    return str(UUID(int=0) if at is None else running.bulks[at])


def _share_id(running: Running, operation: Operation) -> str:
    """The id of the share that is to be taken back, or of none."""
    found = running.clients["observer"].get(f"/data/deal/{running.ids[operation.record]}/shares")
    for one in found.json.get("data", ()):
        receiver = one["with"].get("role") or running.name_of(one["with"]["id"])
        if (running.name_of(one["shared_by"]["id"]), operation.record, receiver) == taken_back(operation):
            return str(one["id"])
    return running.ids[operation.record]


def _expire(running: Running, operation: Operation) -> None:
    """Let the shares of a record end now, as time would."""
    running.app.sql(
        "UPDATE main_system.share SET expires_at = :now WHERE record = :record AND expires_at IS NULL",
        now=datetime.now(UTC),
        record=UUID(running.ids[operation.record]),
    )


def _receiver(running: Running, operation: Operation) -> object:
    name = str(operation.values["receiver"])
    if name.startswith("role_"):
        return {"role": name}
    return {"id": running.ids[name], "entity": "team" if name in ABOVE else "user"}


def _tried_in_bulk(running: Running, operation: Operation) -> str:
    """The same as the one line of a bulk call."""
    mode = operation.what.removeprefix("bulk ").replace("nested", "update")
    values = running.sent(operation.values) if mode != "delete" else {}
    line = (
        {"name": operation.record, **values}
        if mode == "create"
        else {"id": running.ids[operation.record], **values}
    )
    path = f"/data/deal/bulk{ACCEPTED}&partial=true&mode={mode}"
    headers = {"Content-Type": "application/x-ndjson"}
    answer = running.clients[operation.user].post(path, None, data=orjson.dumps(line), headers=headers)
    running.bulks.append(answer.headers.get("Fieldstone-Operation"))
    if answer.status_code != 200:
        return REFUSED
    result = orjson.loads(answer.data)
    if mode == "create" and result["status"] == 201:
        running.ids[operation.record] = result["id"]
    if result["status"] < 300:
        running.note_within(operation)
    return DONE if result["status"] < 300 else UNKNOWN if result["status"] == 404 else REFUSED


def _outcome(answer: TestResponse) -> str:
    """A refusal is a 4xx: anything else that is no success is told as it is."""
    if answer.status_code < 300:
        return DONE
    return REFUSED if answer.status_code < 500 else f"{answer.status_code} {answer.text}"
