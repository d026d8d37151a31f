"""Whatever a folder holds, a check ends soon, with problems and never with an exception."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldstone_metadata import File, Layer, check, core_layer, read_layer, template_layer
from fieldstone_testing.effort import soon

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SALES = [file.text for file in template_layer("sales").files]

YAML_PIECES = st.sampled_from(
    [
        *["kind: ", "name: ", "entity", "view", "fields:\n", "  a: ", "{type: ", "text", "formula"],
        *["}", "[", "]", "- ", "&a ", "*a", "!!x ", "<<: ", "'", '"', "|\n", ">\n", "? ", ": "],
        *["\n", "---\n", "...\n", "%YAML 1.1\n", "\t", "expression: ", "where: ", "a.b", "("],
        *["1e9", ".nan", "=", "true", "null", "#", "\\", "\u2028", "\xe9", "\U0001f600"],
    ]
)


def checked(layer):
    with soon():
        return check([core_layer(), layer]).problems


@given(st.binary(max_size=2000), st.sampled_from(["a.yaml", "a.json", "a.rules", "a.csv"]))
@SETTINGS
def test_any_bytes_in_a_file_give_problems_or_nothing(tmp_path_factory, content, name):
    folder = tmp_path_factory.mktemp("layer")
    (folder / name).write_bytes(content)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in checked(read_layer(folder)))


@given(st.lists(YAML_PIECES, max_size=60).map("".join))
@SETTINGS
def test_any_mixture_of_yaml_gives_problems_or_nothing(text):
    for name in ("a.yaml", "a.json"):
        problems = checked(Layer("local", (File(name, text),)))
        assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["name", "=today()", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEY_NAMES = """
    fields title order search unique states transitions entities layout items
    records columns where group settings requires options key entity field
    initial extends
"""
KEYS = st.sampled_from(KEY_NAMES.split())
KINDS = st.sampled_from(["app", "entity", "option_set", "role", "workflow", "form", "view", "menu", "data"])


@given(KINDS, st.dictionaries(KEYS, JSON_VALUES, max_size=6), st.sampled_from(["task", "user", "x"]))
@SETTINGS
def test_any_values_under_any_keys_give_problems_or_nothing(kind, values, name):
    import json

    text = json.dumps({"kind": kind, "name": name, **values})
    assert checked(Layer("local", (File("a.json", text),))) is not None


@given(st.sampled_from(SALES), st.data())
@SETTINGS
def test_a_template_with_a_piece_cut_out_gives_problems_or_nothing(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 80)))
    piece = data.draw(YAML_PIECES)
    assert checked(Layer("local", (File("a.yaml", text[:start] + piece + text[end:]),))) is not None
