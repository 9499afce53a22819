"""Grids of images."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import pad

from ganbook.data.pixels import to_pixels


def montage(images: Tensor, *, columns: int | None = None, gap: int = 2) -> np.ndarray:
    """Lay images out in one array, row by row, on a gray mount.

    Args:
        images: Float images (N, C, H, W) in [-1, 1], with C = 1 or 3.
        columns: Images in a row; by default as many as make a square.
        gap: Pixels between two images.

    Returns:
        Pixels of type uint8, (H', W') for gray images and (H', W', 3) for color.

    Raises:
        ValueError: If there is no image, C is neither 1 nor 3, or ``columns`` is
            below 1.
    """
    if images.ndim != 4 or not len(images) or images.shape[1] not in (1, 3):
        raise ValueError(
            f"images have shape {tuple(images.shape)}; expected (N, C, H, W) "
            "with N >= 1 and C = 1 or 3"
        )
    if columns is None:
        columns = ceil(len(images) ** 0.5)
    if columns < 1:
        raise ValueError(f"columns is {columns}; expected at least 1")
    rows = ceil(len(images) / columns)
    tiles = pad(to_pixels(images).cpu(), (0, gap, 0, gap), value=128)
    empty = rows * columns - len(tiles)
    tiles = pad(tiles, (0, 0, 0, 0, 0, 0, 0, empty), value=128)
    _, channels, height, width = tiles.shape
    tiles = tiles.view(rows, columns, channels, height, width)
    sheet = tiles.permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, -1)
    sheet = sheet[: rows * height - gap, : columns * width - gap]
    return sheet.squeeze(-1).numpy()


def grid(
    images: Tensor,
    *,
    columns: int | None = None,
    titles: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
    size: float = 0.55,
) -> Figure:
    """Draw images as a contact sheet, a pixel of the image as a sharp square.

    Args:
        images: Float images (N, C, H, W) in [-1, 1], with C = 1 or 3.
        columns: Images in a row; by default as many as make a square.
        titles: One heading for each column.
        row_labels: One label for each row.
        size: Width of one image in inches.

    Raises:
        ValueError: If ``images`` has another shape, or ``columns`` is below 1.
    """
    sheet = montage(images, columns=columns)
    columns = columns or ceil(len(images) ** 0.5)
    rows = ceil(len(images) / columns)
    # Not constrained: text around the sheet must not shrink it.
    figure = Figure(
        figsize=(columns * size, columns * size * sheet.shape[0] / sheet.shape[1]),
        layout="none",
    )
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(sheet, vmin=0, vmax=255)
    height, width = sheet.shape[:2]
    for text, x in zip(titles or (), _centers(columns, width), strict=False):
        axes.text(x, -4, text, ha="center", va="bottom", fontsize=9)
    for text, y in zip(row_labels or (), _centers(rows, height), strict=False):
        axes.text(-6, y, text, ha="right", va="center", fontsize=9)
    return figure


def _centers(count: int, length: int) -> np.ndarray:
    return (np.arange(count) + 0.5) * length / count
