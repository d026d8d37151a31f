"""A check takes time in proportion to the documents."""

from __future__ import annotations

import time

from fieldstone_metadata import File, Layer, check, core_layer


def generated(entities):
    fields = "\n".join(f"  f{n}: {{type: text, label: Field {n}, max_length: 80}}" for n in range(47))
    text = "\n---\n".join(
        f"kind: entity\nname: e{n}\nfields:\n  name: {{type: text, required: true}}\n"
        f"  up: {{type: reference, to: e{max(n - 1, 0)}, inverse: down{n}}}\n{fields}\n"
        f"  last: {{type: text, visible: up.name != null}}\n"
        f"order: [up.name]"
        for n in range(entities)
    )
    return Layer("local", (File("a.yaml", text),))


def seconds(entities):
    layer = generated(entities)
    started = time.process_time()
    assert check([core_layer(), layer]).problems == ()
    return time.process_time() - started


def test_four_times_as_many_entities_take_about_four_times_as_long():
    seconds(5)
    few, many = seconds(20), seconds(80)
    assert many < 4 * few * 2
