"""The package behind the book: what its chapters share.

Each subpackage loads when it is first used, so that ``import ganbook`` costs
next to nothing::

    from ganbook import data, losses, metrics, networks, training, viz
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

_PARTS = frozenset(
    {
        "augmentation",
        "budget",
        "data",
        "diffusion",
        "divergences",
        "experiments",
        "instruments",
        "likelihoods",
        "losses",
        "metrics",
        "nce",
        "networks",
        "regularizers",
        "restoration",
        "schedules",
        "training",
        "variational",
        "viz",
        "weights",
        "widgets",
    }
)


def __getattr__(name: str) -> ModuleType:
    """Import a part of the package when it is first asked for (PEP 562)."""
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PARTS})
