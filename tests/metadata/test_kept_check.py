"""A check goes on from one that another process left in a file, with the verdict of a whole check."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings

from fieldstone_metadata import check, core_layer, template_layer, template_names
from fieldstone_metadata.documents import parse_file
from fieldstone_metadata.kept_check import CheckStore, keep_check, recall_check
from fieldstone_rules import limits
from fieldstone_testing.changing_app import ENTITY, FORMULA, FUNCTION, STEPS, layers_with, result

AS_IT_IS = frozenset[int]()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of a check of the app as it is."""
    layers = layers_with(AS_IT_IS, None)
    application = check(layers).application
    assert application is not None
    keep_check(tmp_path / "kept", layers, application)
    return tmp_path / "kept"


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
@example([(FORMULA, None), (ENTITY, None)])
@example([(FUNCTION, None)])
@example([(AS_IT_IS, "entities/account.yaml")])
def test_a_check_after_one_that_was_kept_finds_what_one_from_scratch_finds(kept, steps):
    for changes, gone in steps:
        layers = layers_with(changes, gone)
        assert result(check(layers, earlier=recall_check(kept).application)) == result(check(layers))


def test_what_was_kept_is_what_was_checked(kept):
    layers = layers_with(AS_IT_IS, None)
    recalled, checked = recall_check(kept), check(layers)
    assert recalled.layers == tuple(layers)
    assert result(replace(checked, application=recalled.application)) == result(checked)


def test_files_that_were_kept_are_not_read_again_and_what_is_made_of_them_is_taken_over(kept):
    recalled = recall_check(kept)
    layers = layers_with(FORMULA, None)
    read = {
        file.path
        for layer in layers
        for file in layer.files
        if parse_file(layer.name, file) is not recalled.parsed.get((layer.name, file))
    }
    after = check(layers, earlier=recalled.application).application
    same = {name for name, entity in after.entities.items() if entity is recalled.application.entities[name]}
    assert read == {"entities/account.yaml"}
    assert same == {"user", "team", "apart"}


@pytest.mark.parametrize("template", template_names())
def test_every_template_can_be_kept(template, tmp_path):
    layers = [core_layer(), template_layer(template)]
    checked = check(layers)
    keep_check(tmp_path / "kept", layers, checked.application)
    recalled = recall_check(tmp_path / "kept")
    assert result(replace(checked, application=recalled.application)) == result(checked)


def test_only_its_owner_can_read_it(kept):
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["kept"]


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_somebody_else_could_have_written_counts_as_none(kept, mode):
    os.chmod(kept, mode)
    assert recall_check(kept) is None


@pytest.mark.parametrize("length", [0, 10, 32, 40, 64, 500])
def test_a_file_that_was_cut_off_counts_as_none(kept, length):
    kept.write_bytes(kept.read_bytes()[:length])
    assert recall_check(kept) is None


def test_a_file_that_was_damaged_counts_as_none(kept):
    body = bytearray(kept.read_bytes())
    body[-100] ^= 1
    kept.write_bytes(body)
    assert recall_check(kept) is None


def test_a_check_under_other_limits_counts_as_none(kept):
    usual = limits.current
    limits.impose(replace(usual, depth=usual.depth - 1))
    try:
        assert recall_check(kept) is None
    finally:
        limits.impose(usual)
    assert recall_check(kept) is not None


def test_a_store_keeps_nothing_of_little_and_nothing_anew_of_what_is_nearly_the_same(tmp_path):
    def written(changes: frozenset[int], least: int) -> int | None:
        layers = layers_with(changes, None)
        CheckStore(tmp_path / "kept", least=least).keep(layers, check(layers).application)
        return (tmp_path / "kept").stat().st_ino if (tmp_path / "kept").exists() else None

    assert written(AS_IT_IS, 1_000_000) is None
    first = written(AS_IT_IS, 0)
    assert first is not None
    assert written(FORMULA, 0) == first
    assert written(FORMULA | ENTITY | FUNCTION, 0) != first


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    (tmp_path / "file").write_text("in the way")
    layers = layers_with(AS_IT_IS, None)
    CheckStore(tmp_path / "file" / "kept", least=0).keep(layers, check(layers).application)
    assert CheckStore(tmp_path / "file" / "kept").recall() is None
