"""Memory that a training step frees is there for the next one."""

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys, torch
from ganbook.training import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def touch():
    torch.ones(2**24).add_(1)  # 64 MiB
touch()
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
