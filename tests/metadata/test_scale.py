"""A check takes work in proportion to the documents, counted in calls, which no busy machine changes."""

from __future__ import annotations

import sys

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


def calls(entities):
    """How many functions a check of so many entities calls."""
    layer = generated(entities)
    counted = 0

    def count(_frame, event, _argument):
        nonlocal counted
        counted += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        problems = check([core_layer(), layer]).problems
    finally:
        sys.setprofile(before)
    assert problems == ()
    return counted


def test_four_times_as_many_entities_take_about_four_times_the_work():
    calls(5)
    few, many = calls(20), calls(80)
    assert many < 4 * few
