"""Memory that a training step frees, kept for the next one."""

import ctypes
import sys

#: Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
#: Buffers up to a gigabyte come from the heap, and the heap does not shrink.
_GIGABYTE, _NEVER = 1 << 30, (1 << 31) - 1
#: The most that glibc before 2.35 takes from there.
_OLD_LIMIT = 32 << 20


def keep_freed_memory() -> bool:
    """Ask the C library to keep what is freed instead of giving it back to the system.

    A training step on the CPU allocates and frees the same few hundred megabytes each
    time. By default glibc returns every large buffer to the system and faults in
    fresh, zeroed pages for the next one: a tenth to a fifth of a convolutional step
    (measured in ``benchmarks/``). The price is that the process keeps its peak.

    It concerns the whole process, changes no number, and does nothing where the C
    library is not glibc.

    Returns:
        Whether the C library agreed.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has no such function
        return False
    kept = mallopt(_MMAP_THRESHOLD, _GIGABYTE) or mallopt(_MMAP_THRESHOLD, _OLD_LIMIT)
    return bool(kept and mallopt(_TRIM_THRESHOLD, _NEVER))
