"""Tests of the losses and the training loop of super-resolution."""

import math

import pytest
import torch

from ganbook import data, losses, networks, restoration
from ganbook.restoration import Objective, SuperResolver
from ganbook.training import (
    DivergenceError,
    Minimizer,
    load_checkpoint,
    save_checkpoint,
)


def pairs(seed: int = 0) -> data.Patches:
    """Patches of 32 x 32 pixels: large spots with sharp edges."""
    draws = torch.Generator().manual_seed(1)
    noise = torch.randn(2, 3, 6, 6, generator=draws)
    photos = list(torch.tanh(9 * data.bicubic(noise, 8)))
    return data.Patches(photos, 4, 32, 2, seed=seed)


def resolver(seed: int = 0, **options) -> SuperResolver:
    """A small one: four maps, one block."""
    torch.manual_seed(seed)
    network = networks.SRResNet(4, 1, batch_norm=False, direct=True, bicubic_skip=True)
    judge = networks.SRDiscriminator(32, 4)
    options = {"length": 8, "discriminator": judge} | options
    return SuperResolver(network, pairs(seed), **options)


def features(images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Two maps that can be computed by hand."""
    return {"a": images, "b": 10 * images.mean((2, 3), keepdim=True)}


def test_content_is_relative_layer_by_layer() -> None:
    """Written out; 0 for equal images, dark ones too, 1 where the features are 0."""
    draws = torch.Generator().manual_seed(0)
    a, b = (torch.randn(2, 3, 8, 8, generator=draws) + 1 for _ in range(2))
    parts = [
        ((features(a)[k] - features(b)[k]) ** 2).sum() / (features(b)[k] ** 2).sum()
        for k in "ab"
    ]
    loss = restoration.content_loss(features)
    torch.testing.assert_close(loss(a, b), sum(parts) / 2)
    assert loss(b, b) == loss(0 * b, 0 * b) == 0
    torch.testing.assert_close(loss(0 * b, b), torch.tensor(1.0))


def test_the_network_of_the_content_loss_goes_where_the_images_are() -> None:
    """Nobody else moves it; here the images are without memory."""

    class Features(torch.nn.Conv2d):
        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"a": super().forward(images)}

    network = Features(3, 4, 3)
    images = torch.empty(1, 3, 8, 8, device="meta")
    restoration.content_loss(network)(images, images)
    assert network.weight.device.type == "meta"


def test_content_pulls_the_enlarged_image_alone() -> None:
    """The photograph is no variable."""
    a, b = (torch.rand(1, 3, 4, 4, requires_grad=True) for _ in range(2))
    restoration.content_loss(features)(a, b).backward()
    assert a.grad is not None and b.grad is None


def test_the_relativistic_game_as_printed() -> None:
    """Equations 1 and 2 of Wang et al., with logarithms of probabilities."""
    real, fake = torch.tensor([[2.0], [0.5]]), torch.tensor([[-1.0], [1.5]])

    def d(x: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(x - others.mean())

    loss = restoration.relativistic()
    of_d = -d(real, fake).log().mean() - (1 - d(fake, real)).log().mean()
    of_g = -(1 - d(real, fake)).log().mean() - d(fake, real).log().mean()
    torch.testing.assert_close(loss.discriminator(real, fake), of_d)
    torch.testing.assert_close(loss.generator(real, fake), of_g)
    even = torch.zeros(3, 1)
    assert loss.generator(even, even).item() == pytest.approx(2 * math.log(2))


def test_the_relativistic_generator_feels_real_images() -> None:
    """The non-saturating one does not."""
    for loss, feels in (
        (restoration.relativistic(), True),
        (restoration.paired(losses.non_saturating()), False),
    ):
        real = torch.tensor([[1.0]], requires_grad=True)
        fake = torch.tensor([[0.0]], requires_grad=True)
        loss.generator(real, fake).backward()
        assert (real.grad is not None) == feels and fake.grad < 0


def test_the_pixel_stage_learns() -> None:
    """Two hundred steps bring the error well below that of interpolation."""
    trainer = resolver(length=200, learning_rates=(5e-3, 0.0), precision="fp32")
    low, high = next(pairs(seed=9))

    def error() -> float:
        return (restoration.enlarge(trainer.generator, low) - high).abs().mean().item()

    before = error()
    steps = list(trainer.steps(200))
    assert error() < 0.95 * before
    assert steps[-1].number == trainer.steps_taken == 200
    assert trainer.history["pixel"][-1] == steps[-1].pixel
    assert steps[0].content == steps[0].generator == steps[0].discriminator == 0


def test_the_pixel_stage_is_plain_minimization() -> None:
    """Without a schedule, ``Minimizer`` takes the same pairs and the same steps."""

    def loss(network, pair, _):
        return (network(pair.low) - pair.high).abs().mean()

    torch.manual_seed(0)
    network = networks.SRResNet(4, 1, batch_norm=False, direct=True, bicubic_skip=True)
    plain = Minimizer(network, loss, pairs(), betas=(0.9, 0.99), precision="fp32")
    ours = resolver(length=10**9, learning_rates=(1e-3, 0.0), precision="fp32")
    for a, b in zip(plain.steps(4), ours.steps(4), strict=True):
        assert a.loss == pytest.approx(b.pixel, rel=1e-4)


def test_the_rate_falls_along_half_a_cosine() -> None:
    """Full at the first step, half in the middle, nearly nothing at the last."""
    trainer = resolver(length=4, learning_rates=(1e-3, 0.0))
    rates = []
    for _ in trainer.steps(5):
        rates.append(trainer._players["generator"].learning_rate)
    expected = [1e-3 * (1 + math.cos(math.pi * k / 4)) / 2 for k in range(5)]
    assert rates == pytest.approx(expected)


def test_the_first_adversarial_step_by_hand() -> None:
    """The discriminator's loss at its initial weights, on the first batch."""
    goal = Objective(pixel=1, adversarial=0.1)
    trainer = resolver(objective=goal, precision="fp32")
    low, high = next(pairs())
    with torch.no_grad():
        enlarged = trainer.generator(low)
        judge = trainer.discriminator
        logits = judge(high), judge(enlarged)
    expected = losses.non_saturating().discriminator(*logits).item()
    before = [p.clone() for p in trainer.discriminator.parameters()]
    step = trainer.step()
    assert step.discriminator == pytest.approx(expected, rel=1e-4)
    assert step.pixel == pytest.approx((enlarged - high).abs().mean().item(), rel=1e-4)
    after = list(trainer.discriminator.parameters())
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    assert all(p.requires_grad for p in after)


def test_content_counts_as_much_as_it_should() -> None:
    """A content loss that grows with the image drives it down."""
    goal = Objective(pixel=0, content=1)
    trainer = resolver(
        objective=goal, content=lambda a, b: (a + 2).square().mean(), length=100
    )
    contents = [step.content for step in trainer.steps(20)]
    assert contents[-1] < contents[0]


def test_jitter_moves_what_is_seen_and_not_what_is_compared() -> None:
    """The judge sees 28 of 32 rows, from 0 to 4 on; pixels count all."""
    seen = []
    trainer = resolver(
        objective=Objective(pixel=1, content=1),
        content=lambda a, b: seen.append((a.detach(), b)) or a.mean(),
        jitter=4,
        length=30,
        precision="fp32",
    )
    source, places = pairs(), set()
    for step in trainer.steps(30):
        high = next(source).high
        enlarged, photograph = seen[-1]
        assert enlarged.shape == photograph.shape == (2, 3, 28, 28)
        windows = high.unfold(2, 28, 1).unfold(3, 28, 1)
        same = (windows == photograph[:, :, None, None]).all((0, 1, 4, 5)).nonzero()
        assert len(same) == 1
        places.add(tuple(same[0].tolist()))
        if step.number == 1:
            found = resolver(length=30).generator(next(pairs()).low)
            expected = (found - high).abs().mean().item()
            assert step.pixel == pytest.approx(expected, rel=1e-4)
    assert len(places) > 12 and max(map(max, places)) == 4
    with pytest.raises(ValueError, match="jitter is 32"):
        resolver(jitter=32)


def test_a_resumed_run_is_the_same_run(tmp_path) -> None:
    """Bit for bit, both players, dropout included, through a file."""

    def new(seed: int) -> SuperResolver:
        torch.manual_seed(seed)
        logit = torch.nn.Linear(3 * 32 * 32, 1)
        judge = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.5), logit)
        goal = Objective(pixel=1, adversarial=0.01)
        return resolver(seed, objective=goal, discriminator=judge, precision="fp32")

    whole, other = new(0), new(7)
    for _ in whole.steps(2):
        pass
    save_checkpoint(whole, tmp_path / "state.safetensors")
    load_checkpoint(other, tmp_path / "state.safetensors")
    around = torch.get_rng_state()
    assert list(other.steps(3)) == list(whole.steps(3))
    assert torch.equal(torch.get_rng_state(), around)
    ours, theirs = (t.ema.network.state_dict() for t in (whole, other))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_states_of_others_are_refused(tmp_path) -> None:
    """Of another network, or without the second player."""
    state = resolver().state_dict()
    network = networks.SRResNet(5, 1, batch_norm=False)
    with pytest.raises(ValueError, match="the state is of another generator"):
        SuperResolver(network, pairs(), length=1).load_state_dict(state)
    game = resolver(objective=Objective(adversarial=1))
    with pytest.raises(ValueError, match="expected generator, discriminator"):
        game.load_state_dict(state)


def test_divergence_is_told() -> None:
    """Which player, at which step; nothing was updated."""
    trainer = resolver()
    with torch.no_grad():
        trainer.generator.tail[0].bias.fill_(float("nan"))
    before = {k: v.clone() for k, v in trainer.generator.state_dict().items()}
    with pytest.raises(DivergenceError, match="generator's loss is nan at step 1"):
        trainer.step()
    assert trainer.steps_taken == 0
    for name, value in trainer.generator.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0}, "length is 0"),
        ({"objective": Objective(content=1)}, "expected content="),
        (
            {"objective": Objective(adversarial=1), "discriminator": None},
            "expected discriminator=",
        ),
    ],
)
def test_what_is_missing_is_said(options: dict, message: str) -> None:
    """Before the first step."""
    with pytest.raises(ValueError, match=message):
        resolver(**options)


def test_objectives_must_want_something() -> None:
    """No weight below 0 or without end, not all 0."""
    for weights in ((0, 0, 0), (1, -1, 0), (1, math.nan, 0), (math.inf, 0, 0)):
        with pytest.raises(ValueError, match="finite ones, none negative, one not 0"):
            Objective(*weights)
