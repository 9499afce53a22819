"""Execute one chapter in place and leave it normal: `make chapter NAME=vanilla-gan`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.address import repository_url
from tools.notebooks import chapters, dumps, normalize, read

TIMEOUT = 1200


def execute(path: Path, url: str) -> float:
    """Execute a notebook from its own folder, write it back normal, return the seconds.

    Raises:
        CellExecutionError: If a cell fails; the file is then left as it was.
    """
    notebook = read(path)
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=TIMEOUT, resources=resources)
    start = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - start
    path.write_text(dumps(normalize(notebook, url)))
    return seconds


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="")
    name = parser.parse_args().name.removesuffix(".ipynb").removeprefix("book/")
    found = {path.stem: path for path in chapters()}
    if name not in found:
        asked = (
            f"no chapter {name!r}" if name else "which chapter? make chapter NAME=..."
        )
        sys.exit("\n  ".join([f"{asked}; there are:", *found]))
    try:
        seconds = execute(found[name], repository_url())
    except CellExecutionError as error:
        sys.exit(str(error))
    budget = os.environ.get("GANBOOK_BUDGET", "book")
    print(f"{name}: {seconds:.0f} s at the {budget} budget")


if __name__ == "__main__":
    main()
