import importlib
import os
from pathlib import Path

import pytest
import torch
from PIL import Image

from ganbook import data
from ganbook.data import ImageFiles, cats

module = importlib.import_module("ganbook.data.cats")  # not the function of that name
REAL = Path(os.environ.get("GANBOOK_DATA") or "nowhere", "cats64", "train", "cat")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """An empty home and working directory: nothing of this machine is found."""
    monkeypatch.delenv("GANBOOK_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(module, "DRAWN", {"train": (20, 0), "val": (10, 1)})


def paint(folder, count, color=(9, 80, 160)):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.new("RGB", (40, 40), color).save(folder / f"{i}.png")


def test_by_default_cats_are_drawn(capsys):
    found = cats(size=32)
    assert found.images.shape == (20, 3, 32, 32)
    assert found.images.dtype == torch.uint8
    drawn = data.drawn_cats(20, size=32)
    assert torch.equal(found.images, data.to_pixels(drawn.images))
    assert torch.equal(found.factors.fur, drawn.factors.fur)
    assert capsys.readouterr().out == "cats: 20 to train, 32x32, drawn by ganbook\n"


def test_drawn_splits_have_no_cat_in_common():
    train, val = (cats(split=s, size=16, verbose=False) for s in ("train", "val"))
    assert len(val.images) == 10
    assert not set(train.factors.fur.tolist()) & set(val.factors.fur.tolist())


def test_a_given_folder_in_the_layout_of_afhq(tmp_path, capsys):
    paint(tmp_path / "d" / "train" / "cat", 4)
    paint(tmp_path / "d" / "train" / "dog", 9)
    paint(tmp_path / "d" / "test" / "cat", 3)
    assert len(cats(tmp_path / "d", size=32).images) == 4
    assert len(cats(tmp_path / "d", "val", size=32).images) == 3
    assert f"4 to train, 32x32, from {tmp_path / 'd'}" in capsys.readouterr().out


@pytest.mark.parametrize("inside", ["", "cat", "train"])
def test_simpler_layouts(tmp_path, inside):
    paint(tmp_path / "d" / inside, 4)
    found = cats(tmp_path / "d", size=32, verbose=False)
    assert len(found.images) == 4 and found.factors is None
    assert found.images[0, :, 0, 0].tolist() == [9, 80, 160]


def test_where_cats_are_looked_for(monkeypatch, tmp_path, capsys):
    paint(tmp_path / "work" / "data" / "afhq" / "train" / "cat", 2)
    cats(size=32)
    assert "2 to train" in capsys.readouterr().out
    monkeypatch.setenv("GANBOOK_DATA", str(tmp_path / "given"))
    assert "drawn" in cats(size=32, verbose=False).origin
    paint(tmp_path / "given" / "cats64" / "train" / "cat", 3)
    cats(size=32)
    expected = "3 to train, 32x32, from $GANBOOK_DATA/cats64/train/cat"
    assert expected in capsys.readouterr().out
    paint(tmp_path / "given" / "afhq_v2" / "train" / "cat", 5)
    assert len(cats(size=32, verbose=False).images) == 5
    assert len(cats("drawn", size=32, verbose=False).images) == 20
    # There is no held-out part: it is drawn, not taken from the training part.
    assert cats(split="val", size=32, verbose=False).origin == "drawn by ganbook"


def test_files_may_stay_files(tmp_path):
    paint(tmp_path / "d", 6)
    (tmp_path / "d" / "notes.txt").write_text("cats")
    found = cats(tmp_path / "d", size=32, in_memory=False, verbose=False)
    assert isinstance(found.images, ImageFiles) and len(found.images) == 6
    assert found.skipped[0].name == "notes.txt"
    assert next(data.stream(found.images, 2, seed=0, workers=0)).shape == (2, 3, 32, 32)


def test_skipped_files_are_counted_and_some_named(tmp_path, capsys):
    paint(tmp_path / "d", 2)
    for name in "abcde":
        (tmp_path / "d" / f"{name}.jpg").write_text("no image")
    found = cats(tmp_path / "d", size=32)
    assert len(found.skipped) == 5
    out = capsys.readouterr().out
    assert "5 files skipped (a.jpg: not an image; " in out
    assert "c.jpg: not an image; and 2 more)" in out and "d.jpg" not in out
    cats(tmp_path / "d", size=32)
    assert "(decoded before)\ncats: 5 files skipped" in capsys.readouterr().out


def test_errors_name_what_came(tmp_path):
    with pytest.raises(ValueError, match="split must be one of train, val, got 'all'"):
        cats(split="all")
    with pytest.raises(ValueError, match="size is 0"):
        cats(size=0)
    with pytest.raises(FileNotFoundError, match="nowhere is not there"):
        cats(tmp_path / "nowhere")
    paint(tmp_path / "d" / "train" / "cat", 1)
    with pytest.raises(FileNotFoundError, match=r"no split 'val'.*found train"):
        cats(tmp_path / "d", "val")
    paint(tmp_path / "flat", 1)
    with pytest.raises(FileNotFoundError, match=r"no split 'val'.*no splits at all"):
        cats(tmp_path / "flat", "val")
    with pytest.raises(FileNotFoundError, match="is a file"):
        cats(tmp_path / "flat" / "0.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no files"):
        cats(tmp_path / "empty")
    paint(tmp_path / "work" / "data" / "afhq" / "train" / "cat", 1)  # which is there
    with pytest.raises(ValueError, match="True or one of afhq, afhq_v2, got 'dogs'"):
        cats(download="dogs")


@pytest.mark.parametrize("in_memory", [True, False])
def test_nothing_usable_is_an_error(tmp_path, in_memory):
    paint(tmp_path / "d", 3)
    with pytest.raises(ValueError, match=r"none of 3 files .* 200x200 \(0.png: too sm"):
        cats(tmp_path / "d", size=200, in_memory=in_memory)


def test_what_is_kept_of_the_archives():
    keep = module.cats_alone
    assert keep("afhq/train/cat/a.jpg") == "train/cat/a.jpg"
    assert keep("test/cat/b.png") == "test/cat/b.png"
    for other in ("afhq/train/dog/a.jpg", "train/cat/", "train/cat/.x", "cat/a.jpg"):
        assert keep(other) is None


@pytest.mark.skipif(not REAL.is_dir(), reason="GANBOOK_DATA holds no cats64")
def test_real_cats(monkeypatch):
    monkeypatch.setenv("GANBOOK_DATA", str(REAL.parents[2]))
    found = cats(in_memory=False, verbose=False)
    assert found.images.shape == (8303, 3, 64, 64)
    assert not found.skipped
    assert found.images[:50].float().std() > 30
