"""Memory that a training step frees is there for the next one."""

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ganbook.training import keep_freed_memory

FAULTS = """
import resource, sys, torch
from ganbook.training import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def touch():
    torch.ones(2**24).add_(1)  # 64 MiB
for _ in range(5):
    touch()  # the heap may grow once more
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    command = [sys.executable, "-c", FAULTS, mode]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone")
def test_kept_memory_is_not_faulted_in_again() -> None:
    without, kept = faults("not"), faults("keep")
    # Ten times 64 MiB in pages of 4 KiB, or of 2 MiB where the kernel has them.
    assert without >= 10 * 32
    assert kept < without / 10


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone")
def test_an_older_library_takes_less(monkeypatch) -> None:
    """Before 2.35 glibc refuses a threshold above 32 MiB."""
    taken = {}

    def mallopt(what, value):
        if what == -3 and value > 2**25:
            return 0
        taken[what] = value
        return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=mallopt))
    assert keep_freed_memory()
    assert taken == {-3: 2**25, -1: 2**31 - 1}
