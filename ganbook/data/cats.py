"""Faces of cats: Animal Faces-HQ, any folder of images, or cats drawn by this package.

Sources, in this order:

1. the folder that is given;
2. ``afhq_v2``, ``afhq`` or ``cats64`` under the environment variable ``GANBOOK_DATA``,
   or, where it is not set, under ``data/`` in the working directory and
   ``~/.cache/ganbook``, laid out as AFHQ is published: ``train/cat`` and ``val/cat``;
3. a download of AFHQ, where asked for (Choi et al. 2020; CC BY-NC 4.0);
4. drawn cats.
"""

import os
import re
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from ganbook.data.archives import fetch_archive, unpack
from ganbook.data.cat_factors import CatFactors
from ganbook.data.decoded import read_or_decode
from ganbook.data.drawn_cats import drawn_cats
from ganbook.data.image_folder import (
    ImageFiles,
    Skipped,
    check_headers,
    list_files,
)
from ganbook.data.pixels import to_pixels

FOLDERS = ("afhq_v2", "afhq", "cats64")
# The second version calls its held-out part "test".
SPLITS = {"train": ("train",), "val": ("val", "test")}
DRAWN = {"train": (5000, 0), "val": (1000, 1)}  # how many, from which seed


class Archive(NamedTuple):
    """A published archive."""

    addresses: tuple[str, ...]
    sha256: str | None
    most_bytes: int


# The addresses are those of download.sh in github.com/clovaai/stargan-v2. Its authors
# publish no hash: that of the first version is the one that the scripts of UVCGANv2
# (Torbunov et al. 2023) check; none is known of the second, which is noted when it
# first comes.
ARCHIVES = {
    "afhq": Archive(
        ("https://www.dropbox.com/s/t9l9o3vsx2jai3z/afhq.zip?dl=1",),
        "7f63dcc14ef58c0e849b59091287e1844da97016073aac20403ae6c6132b950f",
        2 * 10**9,
    ),
    "afhq_v2": Archive(
        ("https://www.dropbox.com/s/vkzjokiwof5h8w6/afhq_v2.zip?dl=1",),
        None,
        10**10,
    ),
}


class CatImages(NamedTuple):
    """Faces of cats, and where they come from.

    Attributes:
        images: uint8 (N, 3, size, size); files that act as such a tensor where they
            were not to be read into memory.
        origin: In words.
        factors: What is known of each, if they are drawn; else ``None``.
        skipped: Files that could not be used.
    """

    images: Tensor | ImageFiles
    origin: str
    factors: CatFactors | None = None
    skipped: tuple[Skipped, ...] = ()


def cats(
    folder: str | PathLike[str] | None = None,
    split: str = "train",
    *,
    size: int = 64,
    download: bool | str = False,
    in_memory: bool = True,
    verbose: bool = True,
) -> CatImages:
    """Load faces of cats as bytes; :class:`PixelBatches` makes float batches of them.

    What happens to odd files tells :mod:`ganbook.data.image_folder`.

    Args:
        folder: Of images: laid out as AFHQ (``train/cat``, ``val/cat``), or with
            images in ``train`` and ``val``, or images alone (then of one split,
            ``"train"``). ``"drawn"`` asks for drawn cats, whatever else there is.
        split: ``"train"`` or ``"val"``.
        size: Of the squares, in pixels.
        download: Fetch AFHQ where no cats are found, the first version (730 MB).
            ``"afhq"`` and ``"afhq_v2"`` (several GB, sharper) name the version that
            is looked for, and fetched where it is not found.
        in_memory: Read all images now, once (a copy of the decoded ones is kept in
            ``~/.cache/ganbook``). If not, they stay in their files.
        verbose: Print one line: how many cats, from where; and what was skipped.

    Returns:
        The images, in the order of their names, and their origin.

    Raises:
        ValueError: If an argument is not as expected, or a folder holds no usable
            image.
        FileNotFoundError: If a folder or its split does not exist.
        OSError: If a download was asked for and failed, or its folder is there, but
            not the split.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    if download not in (True, False, *ARCHIVES):
        raise ValueError(
            f"download must be True or one of {', '.join(ARCHIVES)}, got {download!r}"
        )
    if size < 1:
        raise ValueError(f"size is {size}; expected at least 1 pixel")
    if folder == "drawn":
        place = None
    elif folder is not None:
        place = _locate(Path(folder).expanduser(), split)
    else:
        place = _search(split, download) or _fetch(split, download, verbose)
    found = _draw(split, size) if place is None else _read(place, size, in_memory)
    if verbose:
        _tell(found, split, size)
    return found


def _roots() -> list[Path]:
    given = os.environ.get("GANBOOK_DATA")
    if given:
        return [Path(given).expanduser()]
    return [Path("data"), Path.home() / ".cache" / "ganbook"]


def _search(split: str, download: bool | str) -> Path | None:
    """Find a known data set that has the split: the one that is named, if one is."""
    for root in _roots():
        for name in (download,) if isinstance(download, str) else FOLDERS:
            for part in SPLITS[split]:
                if (place := root / name / part / "cat").is_dir():
                    return place
    return None


def _locate(folder: Path, split: str) -> Path:
    """Find the images of a split inside a folder that was given."""
    if not folder.is_dir():
        kind = "a file" if folder.exists() else "not there"
        raise FileNotFoundError(f"{folder} is {kind}; expected a folder of images")
    for part in SPLITS[split]:
        for place in (folder / part / "cat", folder / part):
            if place.is_dir():
                return place
    others = {p for parts in SPLITS.values() for p in parts if (folder / p).is_dir()}
    if others or split != "train":
        raise FileNotFoundError(
            f"{folder} has no split {split!r}: expected {split}/cat, found "
            + (", ".join(sorted(others)) or "no splits at all")
        )
    return folder / "cat" if (folder / "cat").is_dir() else folder


def _fetch(split: str, download: bool | str, verbose: bool) -> Path | None:
    if not download:
        return None
    from filelock import FileLock  # takes longer to import than this package

    name = download if isinstance(download, str) else "afhq"
    root, archive = _roots()[-1], ARCHIVES[name]
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f".{name}.lock"):
        if place := _search(split, download):  # another process was faster
            return place
        if (root / name).exists():
            raise FileExistsError(
                f"{root / name} has no {split}/cat; remove it to download it anew"
            )
        if verbose:
            print(f"cats: downloading {name}.zip into {root} (CC BY-NC 4.0)")
        path = root / f"{name}.zip"
        if not path.is_file():
            path = fetch_archive(path.name, root, archive.addresses, archive.sha256)
        unpack(path, root / name, cats_alone, most_bytes=archive.most_bytes)
    return _locate(root / name, split)


def cats_alone(member: str) -> str | None:
    """Say where a member of AFHQ's archive goes: cats, and nothing else."""
    found = re.search(r"(?:^|/)(train|val|test)/cat/([^/.][^/]*)$", member)
    return f"{found[1]}/cat/{found[2]}" if found else None


def _draw(split: str, size: int) -> CatImages:
    count, seed = DRAWN[split]
    drawn = drawn_cats(count, size=size, seed=seed)
    return CatImages(to_pixels(drawn.images), "drawn by ganbook", drawn.factors)


def _read(place: Path, size: int, in_memory: bool) -> CatImages:
    files, origin = list_files(place), f"from {_shorten(place)}"
    if in_memory:
        cache = Path.home() / ".cache" / "ganbook" / "decoded"
        images, skipped, known = read_or_decode(files, size, cache=cache)
        origin += " (decoded before)" if known else ""
    else:
        good, skipped = check_headers(files, size)
        images = ImageFiles(good, size) if good else ()
    if not len(images):
        first = ", ".join(f"{name}: {reason}" for name, reason in skipped[:3])
        raise ValueError(
            f"{place}: none of {len(files):,} files is an image that can be used at "
            f"{size}x{size} ({first})"
        )
    return CatImages(images, origin, None, tuple(skipped))


def _tell(found: CatImages, split: str, size: int) -> None:
    print(f"cats: {len(found.images):,} to {split}, {size}x{size}, {found.origin}")
    if found.skipped:
        first = "; ".join(f"{name}: {reason}" for name, reason in found.skipped[:3])
        more = f"; and {n} more" if (n := len(found.skipped) - 3) > 0 else ""
        print(f"cats: {len(found.skipped):,} files skipped ({first}{more})")


def _shorten(place: Path) -> str:
    """Name a folder the way the reader gave it: paths of home stay off the page."""
    given = os.environ.get("GANBOOK_DATA")
    if given and place.is_relative_to(Path(given).expanduser()):
        inside = place.relative_to(Path(given).expanduser())
        return f"$GANBOOK_DATA/{inside.as_posix()}"
    if place.is_relative_to(Path.home()):
        return f"~/{place.relative_to(Path.home()).as_posix()}"
    return str(place)
