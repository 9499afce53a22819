"""Tests of photographs and the pairs that are cut from them."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbook import data
from ganbook.data import Patches, bicubic, from_pixels, photos, read_photo, to_pixels

COLORS = np.random.default_rng(0).integers(0, 256, (40, 52, 3), dtype=np.uint8)


def test_bundled_photographs_need_no_folder(capsys) -> None:
    """Ten, three of them held out; none on both sides."""
    train, test = (photos(split=split) for split in ("train", "test"))
    assert (len(train), len(test)) == (7, 3)
    for image in train + test:
        assert image.dtype == torch.float32 and image.shape[0] == 3
        assert -1 <= image.min() < image.max() <= 1
    shapes = [tuple(image.shape) for image in test]
    assert shapes == [(3, 300, 451), (3, 400, 600), (3, 427, 640)]
    assert not any(
        torch.equal(a, b) for a, b in product(train, test) if a.shape == b.shape
    )
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("photos: 7 to train with") and "scikit-image" in first


def test_every_kind_of_file_becomes_three_channels(tmp_path: Path) -> None:
    """Gray, alpha, palette, CMYK and 16 bits, by the stated rules."""
    color = Image.fromarray(COLORS)
    gray = Image.fromarray(COLORS[..., 0])
    color.save(tmp_path / "a.png")
    gray.save(tmp_path / "b.png")
    clear = np.dstack([COLORS, np.zeros((40, 52), np.uint8)])
    Image.fromarray(clear, "RGBA").save(tmp_path / "c.png")
    deep = COLORS[..., 0].astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "d.png")
    few = color.quantize(16)
    few.save(tmp_path / "e.png")
    color.convert("CMYK").save(tmp_path / "f.tif")
    a, b, c, d, e, f = photos(tmp_path, verbose=False, as_pixels=True)
    expected = torch.from_numpy(COLORS).permute(2, 0, 1)
    assert torch.equal(a, expected)
    assert torch.equal(b, expected[:1].expand(3, -1, -1))
    assert torch.equal(c, expected)  # as stored, though wholly transparent
    assert torch.equal(d, expected[:1].expand(3, -1, -1))
    assert torch.equal(
        e, torch.from_numpy(np.array(few.convert("RGB"))).permute(2, 0, 1)
    )
    assert f.shape == (3, 40, 52) and (f.int() - expected.int()).abs().max() <= 1
    kept = photos(tmp_path, verbose=False, keep_gray=True)
    assert [len(image) for image in kept] == [3, 1, 3, 1, 3, 3]


def test_a_camera_on_its_side_is_turned(tmp_path: Path) -> None:
    """Orientation 6 means: turn right by a quarter to see it upright."""
    image = Image.fromarray(COLORS)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", exif=exif)
    found = read_photo(tmp_path / "a.png")
    expected = torch.from_numpy(np.rot90(COLORS, -1).copy()).permute(2, 0, 1)
    assert torch.equal(found, expected)


def test_damaged_files_are_reported_and_skipped(tmp_path: Path, capsys) -> None:
    """Cut short, no image, odd EXIF; other suffixes are not looked at."""
    Image.fromarray(COLORS).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.jpg").write_text("no image")
    exif = Image.Exif()
    exif[0x0100], exif[0x0112] = 52, 6  # columns, orientation
    odd = exif.tobytes().replace(b"\1\0\0\4", b"\1\0\0\2")  # columns become text
    Image.fromarray(COLORS).save(tmp_path / "d.jpg", exif=odd)
    (tmp_path / "notes.txt").write_text("no image either")
    assert len(photos(tmp_path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1].strip() for line in lines[:3]] == [
        "skipped b.png",
        "skipped c.jpg",
        "skipped d.jpg",
    ]
    assert lines[3].endswith("3 skipped")
    assert len(photos(tmp_path, verbose=False)) == 1
    assert capsys.readouterr().out == ""
    (tmp_path / "a.png").unlink()
    with pytest.raises(ValueError, match="none of 3 files could be read"):
        photos(tmp_path)


def test_folders_are_found_in_the_data_folder(tmp_path, monkeypatch, capsys) -> None:
    """By name within GANBOOK_DATA; a subfolder named like the split wins."""
    for split, count in (("train", 2), ("test", 1)):
        (tmp_path / "set" / split).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(COLORS).save(tmp_path / "set" / split / f"{number}.png")
    monkeypatch.setenv("GANBOOK_DATA", str(tmp_path))
    assert len(photos("set")) == 2 and len(photos("set", split="test")) == 1
    assert "from set" in capsys.readouterr().out
    assert len(photos("set/test", verbose=False)) == 1


def test_what_is_not_there_is_said(tmp_path, monkeypatch) -> None:
    """No folder, an empty one, a split that does not exist."""
    monkeypatch.delenv("GANBOOK_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="GANBOOK_DATA is not set"):
        photos("nowhere")
    with pytest.raises(ValueError, match="holds no images"):
        photos(tmp_path)
    with pytest.raises(ValueError, match="'val'"):
        photos(split="val")
    with pytest.raises(FileNotFoundError, match="no photograph at"):
        read_photo(tmp_path / "a.png")


def noise(count: int = 2, rows: int = 50, columns: int = 70) -> list[torch.Tensor]:
    """Photographs of noise."""
    draws = torch.Generator().manual_seed(3)
    return [torch.rand(3, rows, columns, generator=draws) * 2 - 1 for _ in range(count)]


def test_pairs_are_aligned_and_cut_from_whole_photographs() -> None:
    """Every low patch stands where its high one does, whichever way both lie."""
    photo = noise(1)[0]
    low = to_pixels(bicubic(from_pixels(to_pixels(photo))[None, :, :48, :68], 1 / 4))
    high = to_pixels(photo)[:, :48, :68]
    spots = {}
    for row, column in product(range(12 - 4 + 1), range(17 - 4 + 1)):
        cut = low[0, :, row : row + 4, column : column + 4]
        match = high[:, 4 * row : 4 * row + 16, 4 * column : 4 * column + 16]
        for mirror, turns in product((False, True), range(4)):
            a, b = (x.flip(2) if mirror else x for x in (cut, match))
            key = a.rot90(turns, (1, 2)).contiguous().numpy().tobytes()
            spots[key] = b.rot90(turns, (1, 2)), (mirror, turns)
    pairs, ways = Patches([photo], 4, 16, 8, seed=0), set()
    for _ in range(12):
        pair = next(pairs)
        assert pair.low.shape == (8, 3, 4, 4) and pair.high.shape == (8, 3, 16, 16)
        assert pair.low.dtype == pair.high.dtype == torch.float32
        for small, large in zip(*map(to_pixels, pair), strict=True):
            expected, way = spots[small.numpy().tobytes()]
            assert torch.equal(large, expected)
            ways.add(way)
    assert len(ways) == 8


def test_large_photographs_are_drawn_more_often() -> None:
    """In proportion to their places: 10 x 10 against 5 x 5, four to one."""
    dark, light = torch.full((3, 56, 56), -1.0), torch.full((3, 36, 36), 1.0)
    pairs = Patches([dark, light], 4, 20, 100, seed=0)
    drawn = torch.cat([next(pairs).high.mean((1, 2, 3)) for _ in range(20)])
    assert (drawn < 0).float().mean().item() == pytest.approx(0.8, abs=0.03)


def test_pairs_go_on_from_a_state() -> None:
    """The third batch is the third batch; a state of other patches is refused."""
    pairs = Patches(noise(), 4, 32, 2, seed=5)
    for _ in range(2):
        next(pairs)
    state = pairs.state_dict()
    third = next(pairs)
    again = Patches(noise(), 4, 32, 2, seed=6)
    again.load_state_dict(state)
    assert all(map(torch.equal, next(again), third))
    with pytest.raises(ValueError, match="patch = 32, not 16"):
        Patches(noise(), 4, 16, 2).load_state_dict(state)


def test_pixels_and_floats_give_the_same_pairs() -> None:
    """uint8 is what is kept in any case."""
    floats = Patches(noise(), 2, 16, 2)
    pixels = Patches([to_pixels(photo) for photo in noise()], 2, 16, 2)
    assert all(map(torch.equal, next(floats), next(pixels)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patch": 30}, "expected a multiple of 4"),
        ({"patch": 0}, "expected a multiple of 4"),
        ({"patch": 52}, "photograph 0 has 50 x 70 pixels"),
        ({"batch_size": 0}, "expected at least 1"),
        ({"scale": 0}, "expected at least 1"),
        ({"photos": []}, "no photographs came"),
        ({"photos": [torch.zeros(1, 50, 70)]}, r"expected \(3, H, W\)"),
    ],
)
def test_patches_that_cannot_be_cut_are_refused(arguments, message) -> None:
    """Each with what came and what was expected."""
    with pytest.raises(ValueError, match=message):
        Patches(**({"photos": noise(), "patch": 16} | arguments))


@pytest.mark.parametrize(
    ("shape", "scale"), [((50, 70), 4), ((3, 8, 8), 0), ((3, 2, 9), 4)]
)
def test_what_cannot_be_shrunk_is_refused(shape, scale) -> None:
    """No channels, no scale, too few rows."""
    with pytest.raises(ValueError, match=f"scale is {scale}, the photograph has shape"):
        data.shrink(torch.zeros(shape), scale)


def test_a_pair_moves_as_a_tensor_does() -> None:
    """So that whatever takes batches of images takes pairs."""
    pair = next(Patches(noise(), 4, 16, 2)).to("meta")
    assert isinstance(pair, data.Pair)
    assert pair.low.device.type == pair.high.device.type == "meta"
