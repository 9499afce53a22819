"""How much computing a chapter may do: one environment variable, one helper.

``GANBOOK_BUDGET`` is ``smoke`` (does it run? seconds), ``book`` (the default: a
chapter executes in at most 90 s on two CPU cores) or ``full`` (what the
literature does; a GPU helps).
"""

import os
from typing import TypeVar

T = TypeVar("T")

BUDGETS = ("smoke", "book", "full")


def current() -> str:
    """Return the budget in force: ``"smoke"``, ``"book"`` or ``"full"``.

    Raises:
        ValueError: If ``GANBOOK_BUDGET`` holds anything else.
    """
    budget = os.environ.get("GANBOOK_BUDGET") or "book"
    if budget not in BUDGETS:
        raise ValueError(
            f"GANBOOK_BUDGET is {budget!r}; expected one of {', '.join(BUDGETS)}"
        )
    return budget


def choose(*, smoke: T, book: T, full: T) -> T:
    """Return the value for the budget in force.

    Example:
        >>> steps = choose(smoke=20, book=5_000, full=50_000)
    """
    return {"smoke": smoke, "book": book, "full": full}[current()]
