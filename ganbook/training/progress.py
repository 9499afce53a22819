"""A progress bar that leaves one line behind."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

from ganbook.training.processes import is_first_process

T = TypeVar("T")

SECONDS_BETWEEN_UPDATES = 0.5
_REMAINING = "{n_fmt} of {total_fmt} steps, {rate_fmt}, {remaining} left"


def progress(
    steps: Iterable[T], *, total: int | None = None, label: str = "training"
) -> Iterator[T]:
    """Iterate over ``steps``; show how far, how fast and how much longer.

    In a terminal this is tqdm's bar. In a notebook (JupyterLab, Colab) it is an
    output that is replaced in place and ends as one line of plain text: nothing
    that would be dead in a rendered page. Of several processes the first shows it.

    Args:
        steps: What to iterate over.
        total: How many there are; by default ``len(steps)``.
        label: What is going on.

    Example:
        >>> for step in progress(trainer.steps(1000)):
        ...     pass
    """
    if total is None and isinstance(steps, Sized):
        total = len(steps)
    if not is_first_process():
        return iter(steps)
    if _in_notebook():
        return _in_page(steps, total, label)
    return iter(tqdm(steps, label, total, unit=" steps", dynamic_ncols=True))


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def _in_page(steps: Iterable[T], total: int | None, label: str) -> Iterator[T]:
    from IPython.display import display

    output = display({"text/plain": label}, raw=True, display_id=True)
    began = shown = time.perf_counter()
    count = 0
    try:
        for step in steps:
            count += 1  # before the loop may end with this step
            yield step
            now = time.perf_counter()
            if now - shown > SECONDS_BETWEEN_UPDATES:
                output.update(_bar(count, total, now - began, label), raw=True)
                shown = now
    finally:
        seconds = max(time.perf_counter() - began, 1e-9)
        rate = f"{count:,} steps in {seconds:.1f} s, {count / seconds:.0f} a second"
        output.update({"text/plain": f"{label}: {rate}"}, raw=True)


def _bar(count: int, total: int | None, seconds: float, label: str) -> dict[str, str]:
    text = tqdm.format_meter(
        count, total, seconds, unit=" steps", bar_format=_REMAINING
    )
    return {
        "text/plain": f"{label}: {text}",
        "text/html": f'{label} <progress value="{count}" max="{total or count}" '
        f'aria-label="{label}" style="width: 40%"></progress> {text}',
    }
