"""Know when the book must be executed again.

Jupyter Book caches executed chapters by the text of their cells alone. It does not see
that the package behind them changed, or a recorded run, or a version of PyTorch. So a
build asks this module first: `begin` removes what is stale when the fingerprint of all
that differs from the one that the last build saved.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("torch", "torchvision", "numpy", "matplotlib", "anywidget", "mlxtend")
EXECUTED = ("ganbook/**/*", "book/recorded/**/*")
# Sphinx copies assets only when it writes a page.
RENDERED = ("tools/**/*", "assets/**/*", "_config.yml", "_toc.yml", "*.bib")
CACHED = ("executed", "rendered")
PAGES = ("book/*.ipynb", "book/*.md", "*.md")


def files(root: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """Yield the files below `root` that match, sorted, without compiled ones."""
    found = {path for pattern in patterns for path in root.glob(pattern)}
    for path in sorted(found):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def digest(root: Path, patterns: Iterable[str], extra: Iterable[str] = ()) -> str:
    """Hash names and contents of the matching files, and the `extra` lines."""
    total = hashlib.sha256()
    for path in files(root, patterns):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root)} {content}\n".encode())
    for line in extra:
        total.update(f"{line}\n".encode())
    return total.hexdigest()


def surroundings(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Describe what decides the outputs of a chapter besides the repository's files."""
    lines = [f"python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            lines.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{name} -")
    ours = {key: value for key, value in environ.items() if key.startswith("GANBOOK_")}
    ours.setdefault("GANBOOK_BUDGET", "book")
    return lines + [f"{key}={value}" for key, value in sorted(ours.items())]


def fingerprints(
    root: Path = ROOT, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return what execution, rendering and the pages' own text depend on."""
    return {
        "executed": digest(root, EXECUTED, surroundings(environ)),
        "rendered": digest(root, RENDERED),
        "pages": digest(root, PAGES),
    }


def _saved(build: Path, name: str) -> str:
    path = build / f".fingerprint-{name}"
    return path.read_text() if path.exists() else ""


def _save(build: Path, now: Mapping[str, str], names: Iterable[str]) -> None:
    for name in names:
        (build / f".fingerprint-{name}").write_text(now[name])


def begin(build: Path, now: Mapping[str, str]) -> list[str]:
    """Remove what the present state makes stale, and return the names of it.

    From here on caches fill with what the present state gives: a build that fails, say
    for a reference to nothing, need not execute again what it executed.

    Args:
        build: The folder with `.doctrees`, `.jupyter_cache` and `html`.
        now: The present `fingerprints`.
    """
    stale = [name for name in CACHED if now[name] != _saved(build, name)]
    if stale:
        shutil.rmtree(build / ".doctrees", ignore_errors=True)
    if "executed" in stale:
        shutil.rmtree(build / ".jupyter_cache", ignore_errors=True)
        shutil.rmtree(build / "jupyter_execute", ignore_errors=True)
    build.mkdir(parents=True, exist_ok=True)
    (build / ".fingerprint-pages").unlink(missing_ok=True)
    _save(build, now, CACHED)
    return stale


def finish(build: Path, now: Mapping[str, str]) -> None:
    """Remember the state that a build began with, once it succeeded."""
    _save(build, now, ["pages"])


def is_fresh(build: Path, now: Mapping[str, str]) -> bool:
    """Say whether the book in `build` shows the state `now` of the repository."""
    complete = (build / "html" / "index.html").exists()
    return complete and all(_saved(build, name) == now[name] for name in now)
