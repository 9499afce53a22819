"""Trained weights that travel with the package: ``NAME.safetensors``, and its card.

A card, ``NAME.md``, says what the weights were trained on, for how long, with which
seed and on which machine, what was measured, and what they are not good for.
"""

from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import nn

Network = TypeVar("Network", bound=nn.Module)

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return what there is, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.safetensors"))


def card(name: str) -> str:
    """Return the card of the weights, as Markdown.

    Raises:
        ValueError: If there are no weights of that name.
    """
    return _path(name).with_suffix(".md").read_text(encoding="utf-8")


def load(network: Network, name: str) -> Network:
    """Put trained weights into ``network``; return it frozen and ready for use.

    The files hold half precision; the network gets the precision that it has.

    Args:
        network: Of the architecture that the card names.
        name: One of :func:`names`.

    Raises:
        ValueError: If there are no weights of that name, the file is damaged, or they
            are of another network; the network is unchanged then.
    """
    path = _path(name)
    try:
        stored = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    ours = network.state_dict()
    for key in sorted(ours.keys() | stored.keys()):
        expected, came = (
            tuple(side[key].shape) if key in side else None for side in (ours, stored)
        )
        if expected != came:
            raise ValueError(
                f"the weights {name!r} are of another network: "
                f"{key} has shape {came}, expected {expected}"
            )
    network.load_state_dict(stored)  # converts to the network's precision
    return network.requires_grad_(False).eval()


def save(network: nn.Module, name: str) -> Path:
    """Write a network's weights in half precision; its card is written by hand.

    What is measured of shipped weights should be measured after :func:`load`, since
    rounding moves them.

    Returns:
        Where the weights lie, for whoever writes the card.

    Raises:
        ValueError: If half precision cannot hold a weight (beyond 65,504, or no
            number); nothing is written then.
    """
    path = _FOLDER / f"{name}.safetensors"
    rounded = {
        key: value.detach().cpu().half().contiguous()
        if value.is_floating_point()
        else value.detach().cpu()
        for key, value in network.state_dict().items()
    }
    for key, value in rounded.items():
        if not value.isfinite().all():
            raise ValueError(f"{key} holds what half precision cannot")
    aside = path.with_suffix(".part")
    aside.write_bytes(to_bytes(rounded))
    aside.replace(path)
    return path


def _path(name: str) -> Path:
    path = _FOLDER / f"{name}.safetensors"
    if not path.is_file():
        raise ValueError(f"no weights {name!r}; there are {', '.join(names())}")
    return path
