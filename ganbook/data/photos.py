"""Photographs: the few that installed packages bundle, or any folder of them."""

import importlib.util
import os
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ganbook.data.pillow import decode, to_bytes
from ganbook.data.pixels import from_pixels

#: Color photographs inside scikit-image and scikit-learn.
BUNDLED = {
    "train": (
        ("skimage/data", "astronaut.png"),
        ("skimage/data", "hubble_deep_field.jpg"),
        ("skimage/data", "ihc.png"),
        ("skimage/data", "motorcycle_left.png"),
        ("skimage/data", "retina.jpg"),
        ("skimage/data", "rocket.jpg"),
        ("sklearn/datasets/images", "flower.jpg"),
    ),
    "test": (
        ("skimage/data", "chelsea.png"),
        ("skimage/data", "coffee.png"),
        ("sklearn/datasets/images", "china.jpg"),
    ),
}
SUFFIXES = frozenset(
    {".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)


def photos(
    folder: str | PathLike[str] | None = None,
    *,
    split: str = "train",
    verbose: bool = True,
    as_pixels: bool = False,
    keep_gray: bool = False,
) -> list[Tensor]:
    """Load photographs, each with a size of its own.

    Without a folder these are the ten color photographs that scikit-image and
    scikit-learn bring along: seven to train with, three held out (a cat, a cup of
    coffee, a temple).

    Files are taken in the order of their names. Gray images get three equal
    channels; an alpha channel is dropped and the colors stay as stored; CMYK and
    palettes become RGB; 16 bits become 8; the orientation that a camera noted is
    applied. What cannot be read as an image, whole, is skipped; files with other
    suffixes are not looked at.

    Args:
        folder: A folder of images, as a path or within ``GANBOOK_DATA``
            (``"sr/Set5"``). If it has a subfolder named like the split, that one.
        split: ``"train"`` or ``"test"``: which of the bundled photographs, or which
            subfolder.
        verbose: Print a line for each file that is skipped, and one: how many
            photographs, of what size, from where.
        as_pixels: Return uint8 in 0..255, a quarter of the memory.
        keep_gray: Return images that are stored gray as (1, H, W).

    Returns:
        Images float32 (3, H, W) in [-1, 1].

    Raises:
        ValueError: If ``split`` is unknown, or the folder holds no readable image.
        FileNotFoundError: If there is no such folder, or the packages that bundle
            photographs are not installed.
    """
    if split not in BUNDLED:
        raise ValueError(f"split must be one of {', '.join(BUNDLED)}, got {split!r}")
    if folder is None:
        files = [_bundled(place, name) for place, name in BUNDLED[split]]
        origin = "from scikit-image, scikit-learn"
    else:
        place = _find(folder, split)
        files = _images(place)
        origin = f"from {Path(folder).as_posix()}"
    read = (_read_or_skip(file, keep_gray, verbose) for file in files)
    found = [image for image in read if image is not None]
    if not found:
        raise ValueError(f"{origin}: none of {len(files)} files could be read")
    if verbose:
        sides = sorted(min(image.shape[1:]) for image in found)
        skipped = f", {n} skipped" if (n := len(files) - len(found)) else ""
        print(
            f"photos: {len(found)} to {split} with, shorter side {sides[0]}-"
            f"{sides[-1]} px, {origin}{skipped}"
        )
    return found if as_pixels else [from_pixels(image) for image in found]


def _bundled(place: str, name: str) -> Path:
    """Find a file inside a package without importing it."""
    package, *folders = place.split("/")
    spec = importlib.util.find_spec(package)
    for root in (spec and spec.submodule_search_locations) or ():
        path = Path(root, *folders, name)
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"no {name} in {place}: the default photographs are part of scikit-image and "
        "scikit-learn (pip install scikit-image scikit-learn); or give a folder"
    )


def _find(folder: str | PathLike[str], split: str) -> Path:
    data = os.environ.get("GANBOOK_DATA")
    given = Path(folder).expanduser()
    places = [given, *([Path(data).expanduser() / given] if data else [])]
    for place in places:
        if (place / split).is_dir():
            return place / split
        if place.is_dir():
            return place
    looked = ", ".join(str(place) for place in places)
    hint = "" if data else "; GANBOOK_DATA is not set"
    raise FileNotFoundError(f"no folder of photographs at {looked}{hint}")


def _images(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(
            f"{folder} holds no images: expected files that end in "
            + ", ".join(sorted(SUFFIXES))
        )
    return files


def _read_or_skip(path: Path, keep_gray: bool, verbose: bool) -> Tensor | None:
    try:
        return read_photo(path, keep_gray=keep_gray)
    except ValueError as error:
        if verbose:
            print(f"photos: skipped {error}")
        return None


def read_photo(path: str | PathLike[str], *, keep_gray: bool = False) -> Tensor:
    """Read one image file by the rules of :func:`photos`: uint8 (3, H, W).

    Args:
        path: The file.
        keep_gray: Return an image that is stored gray as (1, H, W).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, cut short or no image.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no photograph at {path}")
    pixels, gray = decode(path.name, lambda: _open(path))
    image = torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
    return image[:1] if gray and keep_gray else image


def _open(path: Path) -> tuple[np.ndarray, bool]:
    """Return uint8 (H, W, 3), and whether the file holds gray alone."""
    with Image.open(path) as file:
        image = to_bytes(ImageOps.exif_transpose(file))
        return _colors(image), image.mode in ("1", "L", "LA")


def _colors(image: Image.Image) -> np.ndarray:
    """Return uint8 (H, W, 3)."""
    if image.mode in ("LA", "RGBA", "PA"):  # as stored, whatever the alpha says
        image = image.convert("RGBA" if image.mode == "PA" else image.mode)
        bands = image.split()[:-1]
        image = bands[0] if len(bands) == 1 else Image.merge("RGB", bands)
    return np.array(image.convert("RGB"))
