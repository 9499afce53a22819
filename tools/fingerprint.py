"""Know when the book must be executed again.

Jupyter Book caches executed chapters by the text of their cells alone. It does not see
that the package behind them changed, or a recorded run, or a version of PyTorch. So
`make book` asks this module first: `clear` removes the cache when the fingerprint of
all that differs from the one that the last build saved.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("torch", "torchvision", "numpy", "matplotlib", "anywidget", "mlxtend")
EXECUTED = ("ganbook/**/*", "book/recorded/**/*")
RENDERED = ("tools/*.py", "templates/**/*", "_config.yml", "_toc.yml", "*.bib")
PAGES = ("book/*.ipynb", "book/*.md", "*.md", "assets/**/*")


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


def surroundings() -> list[str]:
    """Describe what decides the outputs of a chapter besides the repository's files."""
    lines = [f"python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            lines.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{name} -")
    lines += [f"{k}={v}" for k, v in sorted(os.environ.items()) if _counts(k)]
    return lines


def _counts(variable: str) -> bool:
    return variable.startswith("GANBOOK_") or variable == "CUDA_VISIBLE_DEVICES"


def fingerprints(root: Path = ROOT) -> dict[str, str]:
    """Return what execution, rendering and the pages' own text depend on."""
    return {
        "executed": digest(root, EXECUTED, surroundings()),
        "rendered": digest(root, RENDERED),
        "pages": digest(root, PAGES),
    }


def _saved(build: Path, name: str) -> str:
    path = build / f".fingerprint-{name}"
    return path.read_text() if path.exists() else ""


def save(build: Path, root: Path = ROOT) -> None:
    """Remember the present state after a build that succeeded."""
    for name, value in fingerprints(root).items():
        (build / f".fingerprint-{name}").write_text(value)


def clear(build: Path, root: Path = ROOT) -> list[str]:
    """Remove what the present state makes stale, and return the names of it."""
    now = fingerprints(root)
    stale = [
        name for name in ("executed", "rendered") if now[name] != _saved(build, name)
    ]
    if stale:
        shutil.rmtree(build / ".doctrees", ignore_errors=True)
    if "executed" in stale:
        shutil.rmtree(build / ".jupyter_cache", ignore_errors=True)
        shutil.rmtree(build / "jupyter_execute", ignore_errors=True)
    return stale


def is_fresh(build: Path, root: Path = ROOT) -> bool:
    """Say whether the book in `build` shows the present state of the repository."""
    now = fingerprints(root)
    complete = (build / "html" / "index.html").exists()
    return complete and all(_saved(build, name) == now[name] for name in now)


def main() -> None:
    """Run the command line: `clear` before a build, `save` after it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["clear", "save"])
    parser.add_argument("--build", type=Path, default=ROOT / "_build")
    options = parser.parse_args()
    if options.action == "save":
        save(options.build)
    elif "executed" in clear(options.build) and options.build.exists():
        print("The package, a recorded run or the environment changed: executing anew.")


if __name__ == "__main__":
    main()
