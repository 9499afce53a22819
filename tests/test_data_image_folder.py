import io
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import SafetensorError

from ganbook.data import ImageFiles, PixelBatches, from_pixels, stream
from ganbook.data.decoded import read_or_decode
from ganbook.data.image_folder import check_headers, list_files, read_square
from ganbook.data.image_folder import read_squares as read
from ganbook.training import TensorBatches

RED = (200, 30, 40)


def picture(width=48, height=48, color=RED):
    """A plain picture with a bright middle line, so that crops can be told."""
    array = np.full((height, width, 3), color, np.uint8)
    array[height // 2] = 255
    return Image.fromarray(array)


def save(image, path, **options):
    image.save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Ten good files of different colors."""
    place = tmp_path / "cats"
    place.mkdir()
    for i in range(10):
        save(Image.new("RGB", (20, 20), (20 * i, 99, 250 - 20 * i)), place / f"{i}.png")
    return place


# What is converted


@pytest.mark.parametrize("size", [32, 48])
@pytest.mark.parametrize(("width", "height"), [(48, 48), (90, 48), (48, 71)])
def test_the_middle_square_is_taken(tmp_path, size, width, height):
    array = np.zeros((height, width, 3), np.uint8)
    top, left = (height - 48) // 2, (width - 48) // 2
    array[top : top + 48, left : left + 48] = 255
    path = save(Image.fromarray(array), tmp_path / "a.png")
    image = read_square(path, size)
    assert image.shape == (3, size, size) and image.dtype == torch.uint8
    assert (image == 255).all()


def test_an_image_of_the_right_size_is_not_touched(tmp_path):
    pixels = torch.randint(256, (3, 24, 24), dtype=torch.uint8)
    image = Image.fromarray(pixels.permute(1, 2, 0).numpy())
    assert torch.equal(read_square(save(image, tmp_path / "a.png"), 24), pixels)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_shrinking_averages_what_it_drops(tmp_path, name):
    """Stripes of one pixel become gray: nothing is picked, everything is mixed."""
    array = np.zeros((256, 256, 3), np.uint8)
    array[:, ::2] = 255
    image = Image.fromarray(array)
    options = {"quality": 100, "subsampling": 0} if name == "a.jpg" else {}
    small = read_square(save(image, tmp_path / name, **options), 16)
    assert (
        small.float() - 127.5
    ).abs().max() < 20  # the last column has a neighbor less


def test_a_large_jpeg_decoded_small_looks_as_one_decoded_whole(tmp_path):
    y, x = np.mgrid[0:512, 0:512] / 512
    array = np.stack([x, y, np.sin(9 * x * y) / 2 + 0.5], -1) * 255
    image = Image.fromarray(array.astype(np.uint8))
    small = read_square(save(image, tmp_path / "a.jpg", quality=98), 32)
    whole = image.resize((32, 32), Image.Resampling.LANCZOS)
    expected = torch.from_numpy(np.array(whole)).permute(2, 0, 1)
    assert (small.float() - expected.float()).abs().max() < 5


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "RGBA", "I;16"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    gray = Image.new("L", (20, 20), 255)
    if mode == "I;16":
        image = Image.fromarray(np.full((20, 20), 65535, np.uint16))
    elif mode == "P":
        image = Image.new("RGB", (20, 20), "white").quantize(4)
    else:
        image = (
            gray.convert("RGB").convert(mode) if mode == "CMYK" else gray.convert(mode)
        )
    suffix = "jpg" if mode == "CMYK" else "png"
    found = read_square(save(image, tmp_path / f"a.{suffix}"), 16)
    assert found.shape == (3, 16, 16)
    assert (found >= 254).all()


def test_sixteen_bits_are_scaled_not_cut(tmp_path):
    image = Image.fromarray(np.full((20, 20), 0x8080, np.uint16))
    assert (read_square(save(image, tmp_path / "a.png"), 16) == 0x80).all()


def test_transparent_becomes_white_and_half_of_it_pale(tmp_path):
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((0, 0, 0, 128), (0, 0, 20, 10))
    found = read_square(save(image, tmp_path / "a.png"), 20)
    assert (found[:, 12:] == 255).all()
    assert (found[:, :8] == 127).all()
    palette = Image.new("P", (20, 20), 0)
    found = read_square(save(palette, tmp_path / "b.gif", transparency=0), 20)
    assert (found == 255).all()


def test_the_camera_is_heeded(tmp_path):
    array = np.zeros((40, 40, 3), np.uint8)
    array[:20] = 255  # bright above, stored; the camera lay on its side
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to show
    path = save(Image.fromarray(array), tmp_path / "a.jpg", exif=exif, quality=100)
    found = read_square(path, 40).float()
    assert found[:, :, 24:].min() > 200 and found[:, :, :16].max() < 50


def test_the_first_frame_counts(tmp_path):
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_square(tmp_path / "a.gif", 20)[:, 0, 0].tolist() == [255, 0, 0]


def test_small_images_are_enlarged_up_to_twice(tmp_path):
    path = save(Image.new("RGB", (16, 20), RED), tmp_path / "a.png")
    assert (read_square(path, 32)[0] == RED[0]).all()
    with pytest.raises(ValueError, match=r"a.png: too small, 16x20 pixels for 33x33"):
        read_square(path, 33)


# What is skipped


def spoil(folder):
    """Add files that cannot be used; return their names and reasons."""
    whole = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole, "jpeg")
    png = (folder / "0.png").read_bytes()
    (folder / "cut.jpg").write_bytes(whole.getvalue()[: whole.tell() // 2])
    (folder / "damaged.png").write_bytes(png[:45] + b"\xff\x00\xff" + png[48:])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("cats, mostly")
    save(Image.new("RGB", (5, 500)), folder / "tiny.png")
    (folder / ".hidden").write_text("passed over")
    return {
        "cut.jpg": "damaged",
        "damaged.png": "damaged",
        "empty.jpg": "not an image",
        "notes.txt": "not an image",
        "tiny.png": "too small, 5x500 pixels for 16x16",
    }


def test_odd_files_are_skipped_and_reported_and_nothing_else(folder):
    expected = spoil(folder)
    images, skipped = read(list_files(folder), 16)
    assert images.shape == (10, 3, 16, 16)
    assert images[:, 0, 3, 3].tolist() == [20 * i for i in range(10)]
    assert {name for name, _ in skipped} == expected.keys()
    for name, reason in skipped:
        assert reason.startswith(expected[name])


def test_headers_tell_most_of_it_without_decoding(folder):
    expected = spoil(folder)
    good, skipped = check_headers(list_files(folder), 16)
    assert {name for name, _ in skipped} == expected.keys() - {"cut.jpg", "damaged.png"}
    assert len(good) == 12


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ganbook.data.image_folder.MOST_PIXELS", 1000)
    path = save(Image.new("RGB", (50, 50)), tmp_path / "a.png")
    with pytest.raises(ValueError, match="too large, 50x50 pixels"):
        read_square(path, 16)


def test_folders_that_hold_nothing_say_what_they_hold(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        list_files(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="expected a folder of images"):
        list_files(tmp_path / "file")
    (tmp_path / "empty" / "dogs").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"holds no files.*the folders dogs"):
        list_files(tmp_path / "empty")


# Files instead of a tensor


def test_files_act_as_the_tensor_of_their_images(folder):
    images, _ = read(list_files(folder), 16)
    files = ImageFiles(list_files(folder), 16)
    assert files.shape == tuple(images.shape) and len(files) == len(images)
    mask = images[:, 0, 0, 0] > 60
    for index in (
        *(3, -1, np.int64(2), torch.tensor(2)),
        *(slice(2, 5), slice(0, 0), [4, 0], [], torch.tensor([4, 0]), mask),
    ):
        assert torch.equal(files[index], images[index])
    with pytest.raises(IndexError):
        files[10]
    with pytest.raises(ValueError, match="got 0 files"):
        ImageFiles([], 16)


def test_a_file_damaged_inside_is_replaced_by_the_next(folder):
    spoil(folder)
    good, _ = check_headers(list_files(folder), 16)
    files = ImageFiles(good, 16)
    places = {path.name: i for i, path in enumerate(good)}
    assert torch.equal(files[places["damaged.png"]], files[places["0.png"]])
    with pytest.raises(ValueError, match=r"2 files in a row.*cut.jpg"):
        ImageFiles([folder / "cut.jpg", folder / "damaged.png"], 16)[0]


# Batches


def test_batches_are_those_of_the_tensor(folder):
    images, _ = read(list_files(folder), 16)
    floats = TensorBatches(from_pixels(images), 4, seed=5)
    bytes_ = PixelBatches(images, 4, seed=5)
    files = PixelBatches(ImageFiles(list_files(folder), 16), 4, seed=5)
    for _ in range(7):  # into the fourth epoch of two batches
        expected = next(floats)
        assert torch.equal(next(bytes_), expected)
        assert torch.equal(next(files), expected)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_goes_on_where_it_was_stopped(folder, workers):
    files = ImageFiles(list_files(folder), 16)
    batches = stream(files, 3, seed=1, workers=workers)
    for _ in range(4):
        next(batches)
    state = batches.state_dict()
    expected = [next(batches) for _ in range(5)]
    again = stream(files, 3, seed=99, workers=0)
    next(again)
    again.load_state_dict(state)
    for batch in expected:
        assert torch.equal(next(again), batch)
    again.load_state_dict(state)
    assert torch.equal(next(again), expected[0])


def test_asking_for_the_state_changes_nothing():
    images = torch.randint(256, (10, 3, 4, 4), dtype=torch.uint8)
    asked, silent = (PixelBatches(images, 3, seed=0) for _ in range(2))
    for _ in range(8):
        assert torch.equal(next(asked), next(silent))
        asked.state_dict()
    assert asked.state_dict()["used"] == silent.state_dict()["used"]


def test_streaming_leaves_the_global_random_state_alone(folder):
    state = torch.get_rng_state()
    next(stream(ImageFiles(list_files(folder), 16), 3, seed=1, workers=0))
    assert torch.equal(torch.get_rng_state(), state)


def test_shares_of_a_batch_make_the_batch():
    images = torch.arange(12, dtype=torch.uint8).view(12, 1, 1, 1)
    whole, *parts = (PixelBatches(images, 6, seed=0) for _ in range(4))
    next(parts[2])  # a share may be asked for later
    for rank, part in enumerate(parts):
        part.shard(rank, 3)
    first, second = next(whole), next(whole)
    for rank in (0, 1):
        assert torch.equal(next(parts[rank]), first[rank::3])
        assert torch.equal(next(parts[rank]), second[rank::3])
    assert torch.equal(next(parts[2]), second[2::3])
    with pytest.raises(ValueError, match="rank 0 of 4 and batches of 6"):
        whole.shard(0, 4)


def test_batches_refuse_what_they_cannot_serve():
    pixels = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match=r"torch.float32 of shape .*expected uint8"):
        PixelBatches(pixels.float(), 2, seed=0)
    with pytest.raises(ValueError, match="images are ndarray; expected Tensor or"):
        PixelBatches(pixels.numpy(), 2, seed=0)
    with pytest.raises(ValueError, match="batch_size is 5; expected 1 to 4"):
        PixelBatches(pixels, 5, seed=0)
    with pytest.raises(ValueError, match="workers is -1"):
        PixelBatches(pixels, 2, seed=0, workers=-1)
    state = PixelBatches(pixels, 2, seed=0).state_dict()
    with pytest.raises(ValueError, match="images = 4, not 3"):
        PixelBatches(pixels[:3], 2, seed=0).load_state_dict(state)


# What was decoded is kept


def test_decoding_is_done_once_and_again_when_files_change(folder, tmp_path):
    spoil(folder)
    cache = tmp_path / "cache"
    first = read_or_decode(list_files(folder), 16, cache=cache)
    second = read_or_decode(list_files(folder), 16, cache=cache)
    assert (first[2], second[2]) == (False, True)
    assert torch.equal(first[0], second[0]) and first[1] == second[1]
    assert len(list(cache.iterdir())) == 1
    save(Image.new("RGB", (20, 20), (7, 7, 7)), folder / "3.png")
    changed = read_or_decode(list_files(folder), 16, cache=cache)
    assert not changed[2] and (changed[0][3] == 7).all()
    (folder / "9.png").unlink()
    fewer = read_or_decode(list_files(folder), 16, cache=cache)
    assert not fewer[2] and len(fewer[0]) == 9
    assert not read_or_decode(list_files(folder), 12, cache=cache)[2]
    assert len(list(cache.iterdir())) == 2  # one for each size, none left over


def test_a_damaged_cache_is_made_anew(folder, tmp_path):
    cache = tmp_path / "cache"
    read_or_decode(list_files(folder), 16, cache=cache)
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    images, _, known = read_or_decode(list_files(folder), 16, cache=cache)
    assert not known and len(images) == 10
    assert read_or_decode(list_files(folder), 16, cache=cache)[2]


def test_without_a_place_for_the_cache_images_are_decoded(folder, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    images, _, known = read_or_decode(list_files(folder), 16, cache=tmp_path / "cache")
    assert not known and len(images) == 10


def test_on_a_full_disk_images_are_decoded(folder, tmp_path, monkeypatch):
    def fill(tensors, where, metadata):
        raise SafetensorError("No space left on device (os error 28)")

    monkeypatch.setattr("ganbook.data.decoded.save_file", fill)
    images, _, known = read_or_decode(list_files(folder), 16, cache=tmp_path)
    assert not known and len(images) == 10
    assert not list(tmp_path.glob("*.part"))


def test_reading_warns_of_nothing(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(list_files(folder), 16)
