import json

import pytest
import torch
from safetensors.torch import save_file

from ganbook import data, weights
from ganbook.experiments import cat_card, cat_measures, cat_sizes, cats, long_run
from ganbook.networks import ResidualGenerator


def kept(folder, monkeypatch, steps=7):
    """A run that has come to its first milestone."""
    monkeypatch.setattr(cats, "FOLDER", folder)
    generator = ResidualGenerator(cats.SIZE)
    save_file(
        {name: value.half() for name, value in generator.state_dict().items()},
        long_run.copy_of(folder, steps),
    )
    row = {"steps": steps, "images": steps * 16, "cpu": 1.5, "wall": 2.5}
    row |= {"real_accuracy": 0.5, "augmentation": {"probability": 0.1}}
    (folder / long_run.JOURNAL).write_text(json.dumps([row]))
    return generator


def test_a_kept_copy_is_found_with_its_time(tmp_path, monkeypatch):
    generator = kept(tmp_path, monkeypatch)
    found, row = cat_measures.copy(7 * 16)
    assert row["cpu"] == 1.5
    weight = generator.first.convolution.weight
    assert torch.equal(found.first.convolution.weight, weight.half().float())


def test_a_milestone_that_was_not_reached_is_named(tmp_path, monkeypatch):
    kept(tmp_path, monkeypatch)
    with pytest.raises(FileNotFoundError, match="has not come to 10 steps"):
        cat_measures.copy(160)


@pytest.mark.parametrize(
    ("seed", "later", "ships"), [(0, False, True), (0, True, False), (1, False, False)]
)
def test_the_last_copy_ships(tmp_path, monkeypatch, seed, later, ships):
    setting, after = cat_measures.CATS.settings[:2]
    steps = setting["images"] // 16
    kept(tmp_path, monkeypatch, steps)
    if later:
        long_run.copy_of(tmp_path, after["images"] // 16).touch()
    features = torch.rand(40, 6, generator=torch.Generator().manual_seed(0))
    names = ("reference enlarged", "reference small", "train small", "new small")
    sheet = dict.fromkeys(names, features)
    monkeypatch.setattr(cat_measures, "photographs", lambda: sheet)
    monkeypatch.setattr(cat_measures, "floor", dict)
    monkeypatch.setattr(cat_measures, "SAMPLES", 30)
    for space in ("enlarged", "small"):
        monkeypatch.setattr(cat_measures, space, lambda images: features[: len(images)])
    shipped = []
    monkeypatch.setattr(weights, "save", lambda network, name: shipped.append(name))
    monkeypatch.setattr(cat_card, "write", lambda images, *_: shipped.append(images))
    cat_measures.play(setting, seed)
    assert shipped == (["cats", setting["images"]] if ships else [])


def test_other_cats_are_no_photographs_of_the_data_set(monkeypatch):
    few = data.CatImages(torch.zeros(3, 3, 64, 64, dtype=torch.uint8), "from here")
    monkeypatch.setattr(data, "cats", lambda **_: few)
    with pytest.raises(FileNotFoundError, match=r"8,303 .* found 3 cats from here"):
        cats.faces()


def test_settings_are_milestones():
    first = [setting["images"] for setting in cat_measures.CATS.settings[:3]]
    assert first == [12_512, 24_464, 47_808]


def test_colors_of_cells():
    images = torch.zeros(2, 3, 64, 64)
    images[0, :, :4, :4] = 1
    features = cat_measures.small(images)
    assert features.shape == (2, 3 * 16 * 16)
    assert features.sum() == 3  # one cell of each color


def test_the_reference_is_at_no_distance_from_itself():
    features = torch.rand(40, 6, generator=torch.Generator().manual_seed(0))
    sheet = {f"reference {space}": features for space in ("enlarged", "small")}
    seen = {"enlarged": features, "small": features}
    found = cat_measures.compare(seen, sheet)
    assert found["fd_enlarged"] == pytest.approx(0, abs=1e-6)
    assert found["precision"] == found["recall"] == found["coverage"] == 1


def test_nearest():
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    assert cat_measures.nearest(points, points[:1]).tolist() == [0, 5]


def test_the_card_says_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "__file__", str(tmp_path / "__init__.py"))
    numbers = {"fd_enlarged": 432.1, "precision": 0.61, "recall": 0.27, "cpu": 600.0}
    path = cat_card.write(16_000, numbers | {"copying": 0.4}, numbers)
    card = path.read_text()
    assert "1,000 steps of 16 photographs, 16,000 images or 2 passes" in card
    assert "FD(imagenet) 432" in card and "10 minutes of one core; measured" in card


@pytest.mark.parametrize("size", [32, 128])
def test_kinds_of_drawn_cats_are_counted(size):
    found = cat_sizes.kinds(data.drawn_cats(400, size=size, seed=3).images)
    assert 0 < found["apart"] < 0.5
    assert found["impossible"] < 0.02
    assert found["kinds"] > 20


def test_a_run_of_one_size_is_measured_on_its_way(monkeypatch):
    monkeypatch.setattr(cat_sizes, "LOOKS", (16, 48))
    monkeypatch.setattr(cat_sizes, "DRAWN", 20)
    monkeypatch.setattr(cat_sizes, "SAMPLES", 40)
    cat_sizes._drawn.cache_clear()
    result = cat_sizes.play({"size": 32}, seed=0)
    cat_sizes._drawn.cache_clear()
    found = result.metrics
    assert found["fd_imagenet_at_16"] > 0 and found["ms_an_image"] > 0
    assert 0 < found["apart_at_48"] <= 1
    assert result.images["samples"].shape == (32, 8 * 34 - 2, 3)
