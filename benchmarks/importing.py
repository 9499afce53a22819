"""Importing the package, over importing PyTorch.

`import ganbook` alone loads nothing else, not even PyTorch; so the parts that a chapter
uses are timed too (data, losses, metrics, networks, training, viz), which load it. Each
import is timed inside a fresh process, with the files in the system's cache.
"""

import subprocess
import sys

from benchmarks.race import Race, take_turns

STATEMENTS = {
    "ganbook": "import torch, ganbook",
    "ganbook's parts": (
        "from ganbook import data, losses, metrics, networks, training, viz"
    ),
    "torch": "import torch",
}


def run(*, rounds: int, quick: bool = False) -> Race:
    """Time all contenders ``rounds`` times; each time is quick enough."""

    def contender(statement: str):
        return lambda pieces: sum(_seconds(statement) for _ in range(pieces))

    contenders = {name: contender(text) for name, text in STATEMENTS.items()}
    for play in contenders.values():
        play(1)  # compiles what Python has not compiled yet
    times = take_turns(contenders, rounds=rounds, count=1)
    return Race("import", __doc__, "import", times, ["torch"], {})


def _seconds(statement: str) -> float:
    code = (
        "from time import perf_counter\n"
        f"began = perf_counter()\n{statement}\nprint(perf_counter() - began)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return float(done.stdout)
