"""What was decoded from image files, kept, so that it is done once."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganbook.data.image_folder import Skipped, read_squares

RULE = 2  # counts up when the rule of image_folder changes


def read_or_decode(
    files: Sequence[Path], size: int, *, cache: Path
) -> tuple[Tensor, list[Skipped], bool]:
    """Read images from the cache if no file has changed; else decode and keep them.

    A file has changed if its name, its size or its time is another. The cache is one
    file for a folder and a size, written aside and renamed; where it cannot be
    written or read, images are decoded as if there were none.

    Args:
        files: Of one folder, in the order of the result.
        size: Of the squares.
        cache: A folder; created if need be.

    Returns:
        uint8 (N, 3, size, size), the files skipped, and whether the cache had them.
    """
    folder = files[0].parent.resolve()
    place = cache / f"{_short(str(folder))}-{size}.safetensors"
    state = _state(files)
    if (known := _load(place, state)) is not None:
        return *known, True
    images, skipped = read_squares(files, size)
    # A full or read-only disk: safetensors has an error of its own for it.
    with contextlib.suppress(OSError, SafetensorError):
        _save(place, state, images, skipped)
    return images, skipped, False


def _state(files: Sequence[Path]) -> str:
    stats = [(path.name, (s := path.stat()).st_size, s.st_mtime_ns) for path in files]
    return _short(json.dumps([RULE, stats]))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _load(place: Path, state: str) -> tuple[Tensor, list[Skipped]] | None:
    try:
        with safe_open(place, "pt") as stored:
            told = stored.metadata() or {}
            if told.get("state") != state:
                return None
            skipped = [Skipped(*pair) for pair in json.loads(told["skipped"])]
            return stored.get_tensor("images"), skipped
    except (OSError, SafetensorError):  # none, or a damaged one
        return None


def _save(place: Path, state: str, images: Tensor, skipped: list[Skipped]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=place.parent, suffix=".part")
    os.close(handle)
    try:
        told = {"state": state, "skipped": json.dumps(skipped)}
        save_file({"images": images}, aside, metadata=told)
        os.replace(aside, place)
    finally:
        Path(aside).unlink(missing_ok=True)
