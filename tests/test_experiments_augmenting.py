"""The experiments on augmentation: their instruments, and tiny runs of both."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ganbook import data
from ganbook.augmentation import chain, warp
from ganbook.experiments import augmenting, conv_gan, digits


@pytest.fixture(autouse=True)
def bundled(monkeypatch: pytest.MonkeyPatch) -> Tensor:
    """Take bundled digits for the test digits, so that no files are needed."""
    images = data.mnist(verbose=False).images
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    images = images[order][:1200]
    for name in ("digits_of_test", "all_digits"):
        monkeypatch.setattr(augmenting, name, lambda: images)
    return images


def fake_measure(samples: Tensor) -> dict[str, float]:
    return {"fd_lenet": samples.mean().item()}


def test_traces_show_shifts_and_mirrors(bundled: Tensor) -> None:
    change = augmenting.transformation(10, 0.1, True)
    plain = augmenting.traces(bundled[:600], change)
    changed = change(bundled[:600], torch.Generator().manual_seed(1))
    leaky = augmenting.traces(changed, change)
    assert plain["spread_of_centers"] < 0.5 < 1.5 < leaky["spread_of_centers"]
    assert plain["mirrored"] < 0.15 < 0.4 < leaky["mirrored"] < 0.6
    assert leaky["fd_pixels_transformed"] < plain["fd_pixels_transformed"] / 2


def test_traces_of_a_blank_image(bundled: Tensor) -> None:
    with_blank = torch.cat([bundled[:300], torch.full((1, 1, 28, 28), -1.0)])
    found = augmenting.traces(with_blank, chain())
    expected = augmenting.traces(bundled[:300], chain())
    assert found["spread_of_centers"] == pytest.approx(expected["spread_of_centers"])


def test_a_uniform_shift_spreads_as_it_must(bundled: Tensor) -> None:
    """A uniform number in [-r, r] has the deviation r / sqrt 3."""
    images = warp(0, 0.1)(bundled, torch.Generator().manual_seed(0))
    spread = augmenting.traces(images, chain())["spread_of_centers"]
    own = augmenting.traces(bundled, chain())["spread_of_centers"]
    assert spread**2 == pytest.approx(2.8**2 / 3 + own**2, rel=0.1)


@pytest.mark.parametrize("way", ["none", "always", "adaptive"])
def test_a_tiny_run_on_few_images(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(augmenting, "CHECKPOINTS", (2, 4))
    monkeypatch.setattr(augmenting, "FEW_SAMPLES", 40)
    monkeypatch.setattr(augmenting, "measure", fake_measure)
    found = augmenting.play_few({"images": 100, "augment": way}, 0)
    assert set(found.images) == {"samples"}
    assert {"fd_lenet_2", "fd_lenet_4", "share_new_4", "copying_4"} <= set(
        found.metrics
    )
    assert ("probability_4" in found.metrics) == (way == "adaptive")
    again = augmenting.play_few({"images": 100, "augment": way}, 0)
    assert again.metrics == found.metrics


@pytest.mark.parametrize("applied_to", ["real", "all"])
def test_a_tiny_run_of_the_table(
    monkeypatch: pytest.MonkeyPatch, applied_to: str
) -> None:
    seen: list[tuple] = []
    finish: Callable = conv_gan.finish

    def note(trainer: conv_gan.Trainer, seed: int) -> object:
        seen.append((trainer.augment, type(trainer.batches).__name__))
        return finish(trainer, seed)

    monkeypatch.setattr(conv_gan, "STEPS", 2)
    monkeypatch.setattr(conv_gan, "SAMPLES", 20)
    monkeypatch.setattr(conv_gan, "measure", fake_measure)
    monkeypatch.setattr(conv_gan, "thesis_fd", lambda samples: 1.0)
    monkeypatch.setattr(conv_gan, "finish", note)
    setting = augmenting._setting(10, 0.1, True, applied_to)
    found = augmenting.play(setting, 0)
    assert {"spread_of_centers", "mirrored_average"} <= set(found.metrics)
    ((augment, batches),) = seen
    assert (augment is None) == (applied_to == "real")
    assert (batches == "AugmentedBatches") == (applied_to == "real")


def test_every_setting_of_the_thesis_is_played() -> None:
    real = [s for s in augmenting.THESIS.settings if s["applied_to"] == "real"]
    assert sorted((s["rotation"], s["shift"], s["flip"]) for s in real) == [
        (0, 0.05, False),
        (0, 0.1, False),
        (10, 0.1, False),
        (10, 0.1, True),
    ]
    assert digits.LATENTS == augmenting.FEW.configuration["samples_seed"]
