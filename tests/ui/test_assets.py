"""The build of the pages' assets: what is in it, what is not, and that it does nothing twice."""

import gzip
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "ui"


@pytest.fixture
def build_assets():
    spec = importlib.util.spec_from_file_location("build_assets", UI / "build_assets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def manifest(build_assets):
    return json.loads((build_assets.DIST / "manifest.json").read_text())


def test_a_second_build_with_nothing_changed_does_nothing(build_assets):
    build_assets.build(log=lambda _message: None)
    assert build_assets.build(log=lambda _message: None) is False


def test_seeing_that_nothing_has_changed_needs_no_build_tools(build_assets):
    build_assets.build(log=lambda _message: None)
    command = [sys.executable, "-X", "importtime", str(UI / "build_assets.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "up to date" in done.stdout
    assert "hatchling" not in done.stderr


def test_the_lock_names_no_registry(build_assets):
    lock = json.loads((UI / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)


def test_files_carry_a_hash_and_their_packed_form(build_assets, manifest):
    for name in ("app.js", "theme.js", "app.css", "app.rtl.css", "icons.svg"):
        file = build_assets.DIST / manifest["files"][name]
        assert re.search(r"-[0-9A-Z]{8}\.", file.name)
        assert gzip.decompress(file.with_name(f"{file.name}.gz").read_bytes()) == file.read_bytes()


def test_styles_load_nothing_from_elsewhere(build_assets, manifest):
    styles = (build_assets.DIST / manifest["files"]["app.css"]).read_text()
    assert [
        url for url in re.findall(r"url\(\"?([^\")]+)", styles) if not url.startswith((".", "data:"))
    ] == []


def test_every_icon_that_templates_and_shipped_documents_name_is_in_the_sprite(build_assets, manifest):
    asked = {name for path in build_assets.icon_sources() for name in build_assets.named_icons(path)}
    assert asked - set(manifest["icons"]) == set()


def test_licences_of_what_is_bundled_are_shipped(build_assets, manifest):
    licences = (build_assets.DIST / manifest["files"]["third-party.txt"]).read_text()
    for package in ("htmx.org", "idiomorph", "@tabler/core", "@tabler/icons", "@fontsource-variable/inter"):
        assert f"== {package} ==" in licences


def test_an_unreachable_registry_says_what_to_do(build_assets, monkeypatch, tmp_path):
    shutil.copytree(UI, tmp_path / "ui", ignore=shutil.ignore_patterns("node_modules", "dist"))
    monkeypatch.setattr(build_assets, "UI", tmp_path / "ui")
    monkeypatch.setattr(build_assets, "MODULES", tmp_path / "ui" / "node_modules")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(build_assets.AssetError, match="Is the npm registry reachable"):
        build_assets.install_modules(lambda _message: None)
