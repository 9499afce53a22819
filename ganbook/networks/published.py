"""Weights that others publish: where their files are looked for, how they are read."""

import os
from pathlib import Path

import torch
from torch import Tensor


def places() -> list[Path]:
    """Return the folders that may hold them, the one for downloads first.

    These are ``GANBOOK_DATA`` (where it is set), ``~/.cache/ganbook``, and the folder
    that PyTorch keeps downloads in.
    """
    given = os.environ.get("GANBOOK_DATA")
    return [
        *([Path(given).expanduser()] if given else []),
        Path.home() / ".cache" / "ganbook",
        Path(torch.hub.get_dir()) / "checkpoints",
    ]


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors in a file of PyTorch's, by name.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or holds something else.
    """
    with path.open("rb") as file:
        try:
            return dict(torch.load(file, map_location="cpu", weights_only=True))
        except Exception as error:  # of a dozen kinds, as the bytes have it
            raise ValueError(
                f"{path} is damaged, or holds no weights: {error}"
            ) from error
