"""A folder of images of any size and kind, read as squares of one size.

The rule, for every file whose name does not begin with a dot:

- The middle square is cut out and resized, antialiased (Lanczos); a JPEG much larger
  than that is decoded at a fraction of its size. The orientation that a camera noted
  is applied. Of a moving picture the first frame counts.
- Gray, palette, CMYK and 16 bits become RGB of 8 bits; transparent pixels become
  white, half transparent ones paler.
- What is not an image, is damaged or cut short, or has a shorter side under half the
  size that is asked for, is skipped and reported. Smaller images than asked for are
  enlarged, up to twice.
"""

import math
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ganbook.data.pillow import decode, to_bytes

MOST_PIXELS = 2**27  # of one image: 400 MB once decoded


class Skipped(NamedTuple):
    """A file that could not be used."""

    name: str
    reason: str


class ImageFiles:
    """Images that stay in their files until they are asked for.

    An index gives uint8 (3, size, size), several give (N, 3, size, size), so that it
    serves wherever a tensor of all images would, and as a data set of PyTorch. A file
    that turns out damaged when read is answered with the next one that can be read.

    Args:
        files: Where they are.
        size: Of the squares.

    Raises:
        ValueError: If there is no file, or ``size`` is not positive.
    """

    def __init__(self, files: Sequence[Path], size: int) -> None:
        if not files or size < 1:
            raise ValueError(
                f"got {len(files)} files and size {size}; expected at least 1 of each"
            )
        self.files, self.size = list(files), size

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape that the tensor of all images would have."""
        return len(self.files), 3, self.size, self.size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int | slice | Sequence[int] | Tensor) -> Tensor:
        places = torch.arange(len(self))[index]  # of one file, or of several
        images = torch.empty(places.numel(), *self.shape[1:], dtype=torch.uint8)
        for image, place in zip(images, places.flatten().tolist(), strict=True):
            image.copy_(self._read(place))
        return images.view(*places.shape, *self.shape[1:])

    def _read(self, first: int) -> Tensor:
        """Read one image, or the next that can be read: a batch must be whole."""
        reasons = []
        for i in range(first, first + min(len(self), 100)):
            try:
                return read_square(self.files[i % len(self)], self.size)
            except ValueError as error:
                reasons.append(str(error))
        raise ValueError(
            f"{len(reasons)} files in a row cannot be used, first {reasons[0]}"
        )


def list_files(folder: Path) -> list[Path]:
    """Return the files of a folder in the order of their names, hidden ones left out.

    Raises:
        FileNotFoundError: If there is no such folder.
        NotADirectoryError: If it is a file.
        ValueError: If it holds no file.
    """
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; expected a folder of images")
    files = sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.is_file()
    )
    if not files:
        inside = sorted(path.name for path in folder.iterdir())
        raise ValueError(
            f"{folder} holds no files; expected images"
            + (f", found the folders {', '.join(inside[:5])}" if inside else "")
        )
    return files


def read_squares(
    files: Sequence[Path], size: int, *, workers: int | None = None
) -> tuple[Tensor, list[Skipped]]:
    """Read images into memory, by the rule of this module.

    Args:
        files: Where they are.
        size: Of the squares.
        workers: Threads; as many as there are cores, 8 at most, unless told.

    Returns:
        uint8 (N, 3, size, size), in the order of the files, and the files skipped.
    """
    images = np.empty((len(files), 3, size, size), np.uint8)
    skipped, kept = [], 0
    for path, result in zip(files, _each(files, size, workers), strict=True):
        if isinstance(result, Tensor):
            images[kept] = result
            kept += 1
        else:
            skipped.append(Skipped(path.name, result))
    return torch.from_numpy(images[:kept]), skipped


def _each(files: Iterable[Path], size: int, workers: int | None) -> Iterable:
    """Yield an image or a reason for each file; decoding runs beside Python's lock."""

    def read(path: Path) -> Tensor | str:
        try:
            return read_square(path, size)
        except ValueError as error:
            return str(error).removeprefix(f"{path}: ")

    with ThreadPoolExecutor(workers or min(os.cpu_count() or 1, 8)) as pool:
        yield from pool.map(read, files)


def check_headers(files: Sequence[Path], size: int) -> tuple[list[Path], list[Skipped]]:
    """Tell files that can be used from others by how they begin, without decoding.

    Damage further inside is found when a file is read.
    """
    good, skipped = [], []
    for path in files:
        try:
            with _open(path, size):
                good.append(path)
        except ValueError as error:
            skipped.append(Skipped(path.name, str(error).removeprefix(f"{path}: ")))
    return good, skipped


def read_square(path: Path, size: int) -> Tensor:
    """Read the middle square of one image, uint8 (3, size, size).

    Raises:
        ValueError: If it cannot be used; says why.
    """
    with _open(path, size) as file:
        file.draft(None, (2 * size, 2 * size))  # at least that; JPEG alone heeds it
        image = decode(path, lambda: _to_rgb(ImageOps.exif_transpose(file)))
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    # Cut first: a filter would look over the edge of a box.
    image = image.crop((left, top, left + side, top + side))
    if side != size:
        # Pixels are averaged first, down to three times the size: hard to tell apart
        # from filtering all of them, and twice as fast.
        image = image.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def _open(path: Path, size: int) -> Image.Image:
    """Read a header and judge by it."""
    image = decode(path, lambda: Image.open(path))
    side, pixels = min(image.size), math.prod(image.size)
    if 2 * side < size or pixels > MOST_PIXELS:
        image.close()
        shape = "x".join(map(str, image.size))
        if pixels > MOST_PIXELS:
            raise ValueError(f"{path}: too large, {shape} pixels")
        raise ValueError(f"{path}: too small, {shape} pixels for {size}x{size}")
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB: 16 bits are scaled, transparency is laid on white."""
    image = to_bytes(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
