"""Read idx files, the format that MNIST is published in.

A file is a header and then bytes: two zeros, a type code (8 is unsigned byte), the
number of dimensions, each dimension as a big-endian 32-bit integer, and the values in
row-major order. Described at the foot of the MNIST page (LeCun, Cortes and Burges).
"""

import gzip
import math
import struct
import zlib
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import numpy as np

UNSIGNED_BYTE = 8  # the only type code MNIST uses, and the only one read here
GZIP_MAGIC = b"\x1f\x8b"
GZIP_MAX_RATIO = 1032  # deflate cannot shrink anything further than this


def read_idx(
    path: str | PathLike[str], shape: tuple[int | None, ...] | None = None
) -> np.ndarray:
    """Read a file of unsigned bytes, plain or gzipped, and believe none of it.

    Args:
        path: The file. Whether it is gzipped is told by its content, not its name.
        shape: What the file must contain; ``None`` stands for any shape, or, inside
            the tuple, for any length: ``(None, 28, 28)``.

    Returns:
        uint8 array, read once into the memory it stays in.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not an idx file of unsigned bytes, does not have
            the expected shape, is cut short, goes on after its last value, or is
            corrupt gzip.
    """
    path = Path(path)
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        most = path.stat().st_size * (GZIP_MAX_RATIO if zipped else 1)
        if not zipped:
            return _read(raw, path, shape, most)
        try:
            with gzip.open(raw) as stream:
                return _read(stream, path, shape, most)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: corrupt or truncated gzip ({error})") from error


def _read(
    stream: BinaryIO, path: Path, shape: tuple[int | None, ...] | None, most: int
) -> np.ndarray:
    """Read header and values; ``most`` bounds the bytes that the file can hold."""
    found = _header(stream, path)
    if shape is not None and not _fits(found, shape):
        raise ValueError(
            f"{path}: expected shape {_show(shape)}, the header says {_show(found)}"
        )
    size = math.prod(found)
    if size > most:  # the header lies: do not allocate what it asks for
        raise ValueError(
            f"{path}: truncated, {_show(found)} needs {size:,} bytes, "
            f"the file cannot hold more than {most:,}"
        )
    values = np.empty(size, dtype=np.uint8)
    filled, view = 0, memoryview(values)
    while filled < size and (got := stream.readinto(view[filled:])):
        filled += got
    if filled < size:
        raise ValueError(
            f"{path}: truncated, {_show(found)} needs {size:,} bytes, got {filled:,}"
        )
    # Reading on to the end also makes gzip check its checksum.
    if stream.read(1):
        raise ValueError(f"{path}: bytes left over after {_show(found)} values")
    return values.reshape(found)


def _header(stream: BinaryIO, path: Path) -> tuple[int, ...]:
    """Read magic number and dimensions."""
    magic = stream.read(4)
    if magic[:3] != bytes([0, 0, UNSIGNED_BYTE]) or len(magic) < 4:
        raise ValueError(
            f"{path}: not an idx file of unsigned bytes: expected it to begin with "
            f"00 00 08, got {magic.hex(' ') or 'an empty file'}"
        )
    dimensions = stream.read(4 * magic[3])
    if not dimensions or len(dimensions) < 4 * magic[3]:
        raise ValueError(
            f"{path}: truncated header: {magic[3]} dimensions need {4 * magic[3]} "
            f"bytes, got {len(dimensions)}"
        )
    return struct.unpack(f">{magic[3]}I", dimensions)


def _fits(found: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    return len(found) == len(shape) and all(
        want is None or want == got for want, got in zip(shape, found, strict=True)
    )


def _show(shape: tuple[int | None, ...]) -> str:
    return " x ".join("any" if size is None else f"{size:,}" for size in shape)
