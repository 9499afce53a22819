"""Tests of the super-resolution experiment, on tiny settings."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from ganbook import data
from ganbook.experiments import enlargers, super_resolution
from ganbook.experiments.configuration import ConfigurationError
from ganbook.networks.esrgan import RRDB


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[torch.Tensor]:
    """Two noisy photographs, a small network, three steps; a folder aside."""
    arguments = enlargers.NETWORK | {"channels": 4, "blocks": 1}
    plan = {"steps": 3, "patch": 32, "batch_size": 2, "learning_rate": 1e-3}
    monkeypatch.setattr(enlargers, "NETWORK", arguments)
    monkeypatch.setattr(enlargers, "PIXEL", plan)
    monkeypatch.setattr(enlargers, "TUNED", plan | {"patch": 36, "jitter": 4})
    monkeypatch.setattr(enlargers, "DISCRIMINATOR", {"size": 32, "width": 4})
    monkeypatch.setattr(enlargers, "set5", lambda network: {})
    home = tmp_path / "book" / "recorded"
    home.mkdir(parents=True)
    monkeypatch.setattr(enlargers, "home", lambda: home)
    draws = torch.Generator().manual_seed(0)
    return [torch.rand(3, 40, 48, generator=draws) * 2 - 1 for _ in range(2)]


def test_a_killed_training_goes_on_to_the_same_weights(tiny, tmp_path, monkeypatch):
    """Stopped after two of three steps and called again: as if never stopped."""
    setting = {"model": "pixel"}
    whole = enlargers.prepare(setting, 0, tiny)
    enlargers.train(whole, "whole", folder=tmp_path)

    monkeypatch.setattr(enlargers, "EVERY_SECONDS", 0.0)
    halted = enlargers.prepare(setting, 0, tiny)
    step = halted.step

    def killed():
        if halted.steps_taken == 2:
            raise KeyboardInterrupt
        return step()

    halted.step = killed
    with pytest.raises(KeyboardInterrupt):
        enlargers.train(halted, "halted", folder=tmp_path)
    resumed = enlargers.prepare(setting, 0, tiny)
    report = enlargers.train(resumed, "halted", folder=tmp_path)

    assert resumed.steps_taken == 3
    assert report["watched"][-1]["step"] == 3
    ours, theirs = (t.ema.network.state_dict() for t in (whole, resumed))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("write", ["replace", "save_checkpoint"])
def test_a_training_killed_while_it_saves_goes_on(
    tiny, tmp_path, monkeypatch, write, times
):
    """Report and checkpoint are two files: neither may be alone, or behind."""
    monkeypatch.setattr(enlargers, "EVERY_SECONDS", 0.0)
    real, calls = getattr(enlargers, write), []

    def killed(*arguments):
        calls.append(arguments)
        if len(calls) == times:
            raise KeyboardInterrupt
        real(*arguments)

    def train():
        trainer = enlargers.prepare({"model": "pixel"}, 0, tiny)
        return enlargers.train(trainer, "halted", every=1, folder=tmp_path)

    with monkeypatch.context() as patch:
        patch.setattr(enlargers, write, killed)
        with pytest.raises(KeyboardInterrupt):
            train()
    assert [row["step"] for row in train()["watched"]] == [1, 2, 3]


def test_a_changed_recipe_never_goes_on_with_the_old_network(tiny, monkeypatch):
    setting = {"model": "content"}
    enlargers.trained(setting, 0, tiny)
    enlargers.trained(setting, 0, tiny)
    monkeypatch.setattr(enlargers, "PIXEL_WEIGHT", 7.0)
    with pytest.raises(ConfigurationError, match=r"recorded \[25.0, 1.0\], now \[7.0"):
        enlargers.trained(setting, 0, tiny)


@pytest.mark.parametrize("model", ["content", "adversarial", "relativistic"])
def test_later_stages_begin_with_the_network_of_the_first(tiny, model):
    """Its weights, and those alone: the game's rates and losses are their own."""
    setting = {"model": model} | ({} if model == "content" else {"weight": 0.1})
    first, _ = enlargers.trained({"model": "pixel"}, 0, tiny)
    trainer = enlargers.prepare(setting, 0, tiny)
    ours, theirs = trainer.generator.state_dict(), first.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    step = trainer.step()
    assert step.content > 0
    assert (step.discriminator > 0) == (model != "content")


def test_interpolated_networks_lie_between_their_ends(tiny):
    """Weights, not pictures, are averaged."""
    ends = [
        enlargers.trained(s, 0, tiny)[0]
        for s in ({"model": "pixel"}, {"model": "adversarial", "weight": 0.1})
    ]
    setting = {"model": "interpolated", "weight": 0.1, "share": 0.25}
    between, report = enlargers.trained(setting, 0, tiny)
    a, b, c = (n.state_dict()["head.0.weight"] for n in (*ends, between))
    torch.testing.assert_close(c, 0.75 * a + 0.25 * b)
    assert not report


def test_bicubic_on_the_bundled_photographs_scores_what_it_should():
    """One photograph measured by hand, border and luma included."""
    cup = super_resolution.photographs("photos")[1]
    found = super_resolution.score(super_resolution.Bicubic(), cup)
    again = data.to_pixels(data.bicubic(cup.low[None], 4))[0]
    difference = again.double() - data.to_pixels(cup.high).double()
    error = difference[:, 4:-4, 4:-4].square().mean()
    by_hand = 10 * np.log10(255**2 / error.item())
    assert found["psnr_rgb"] == pytest.approx(by_hand, abs=1e-6)
    assert found["psnr_y"] > found["psnr_rgb"]  # the luma's narrower range


def test_a_photograph_stored_gray_is_its_own_luma():
    """In colors, its luma would have 219 steps for 255, and 1.32 dB more."""
    low = torch.linspace(-1, 1, 16 * 16).reshape(1, 16, 16)
    noise = torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(0)) / 10
    high = (data.bicubic(low[None], 4)[0] + noise).clamp(-1, 1)
    gray = super_resolution.score(super_resolution.Bicubic(), data.Pair(low, high))
    colors = data.Pair(low.expand(3, -1, -1), high.expand(3, -1, -1))
    color = super_resolution.score(super_resolution.Bicubic(), colors)
    assert gray["psnr_y"] == pytest.approx(gray["psnr_rgb"], abs=0.05)
    gain = 20 * np.log10(255 / 219)
    assert color["psnr_y"] - gray["psnr_y"] == pytest.approx(gain, abs=0.05)


def test_tiles_cover_an_image_without_overlap():
    """192 x 96 pixels are two patches of 96 x 96, in order."""
    image = torch.arange(3 * 200 * 100.0).reshape(3, 200, 100)
    tiles = super_resolution._tiles(image)
    assert tiles.shape == (2, 3, 96, 96)
    assert torch.equal(tiles[1], image[:, 96:192, :96])


@pytest.mark.skipif(
    not Path(os.environ.get("GANBOOK_DATA", "none"), "sr", "Set14").is_dir(),
    reason="needs Set5 and Set14",
)
@pytest.mark.parametrize(
    ("name", "scale", "published"),
    [("set5", 2, 33.66), ("set5", 4, 28.42), ("set14", 2, 30.24), ("set14", 4, 26.0)],
)
def test_bicubic_scores_as_published(name: str, scale: int, published: float) -> None:
    """To a hundredth of a decibel: the proof of the whole protocol."""
    found = super_resolution.bicubic_psnr(name, scale)
    assert found == pytest.approx(published, abs=0.01)


def test_dense_blocks_are_trained_from_nothing(tiny):
    """They begin as bicubic interpolation too, and the content loss does not count."""
    trainer = enlargers.prepare({"model": "rrdb"}, 0, tiny)
    assert isinstance(trainer.generator.body[0], RRDB)
    step = trainer.step()
    assert step.pixel > 0 and step.content == step.generator == 0
