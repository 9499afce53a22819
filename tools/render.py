"""Execute the chapters and render the book: `make book`, and the book that tests open.

A strict build: a failing cell, a reference to nothing or any other warning fails it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools import fingerprint
from tools.address import ROOT

BOOK = ROOT / "_build"
# Jupyter Book puts a folder `_build` of its own below the output path.
SMOKE = ROOT / "_build" / "smoke" / "_build"


class BuildError(RuntimeError):
    """The book could not be rendered without a warning."""


def render(build: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Bring the book below `build` up to date and return its first page.

    Raises:
        BuildError: If the strict build fails.
    """
    with _alone(build):
        now = fingerprint.fingerprints(environ=environ)
        known = (build / "html").exists()
        if "executed" in fingerprint.begin(build, now) and known:
            print("The package, a recorded run or a version changed: executing anew.")
        program = Path(sys.executable).with_name("jupyter-book")
        command = [str(program), "build", ".", "--path-output", str(build.parent)]
        flags = ["-W", "-n", "--keep-going"]
        done = subprocess.run(command + flags, cwd=ROOT, env=dict(environ), check=False)
        if done.returncode:
            raise BuildError("the book was not built: the messages above say why")
        fingerprint.finish(build, now)
    return build / "html" / "index.html"


def book_to_test() -> Path:
    """Return the first page of a rendered book that shows the present repository.

    The book of `make book` serves when nothing changed since. Else a second book is
    rendered at the smoke budget, in a folder of its own: testing must neither take the
    time of a full execution nor replace the reader's book by one that barely trained.
    """
    if fingerprint.is_fresh(BOOK, fingerprint.fingerprints()):
        return BOOK / "html" / "index.html"
    # One thread: other tests run beside it, and threads that wait for each other crawl.
    smoke = {"GANBOOK_BUDGET": "smoke", "OMP_NUM_THREADS": "1"}
    return render(SMOKE, {**os.environ, **smoke})


@contextmanager
def _alone(build: Path) -> Iterator[None]:
    """Let one process at a time write to `build`."""
    build.mkdir(parents=True, exist_ok=True)
    with (build / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test", action="store_true", help="the book that tests open")
    try:
        page = book_to_test() if parser.parse_args().test else render(BOOK)
    except BuildError as error:
        sys.exit(str(error))
    print(f"The book is in {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
