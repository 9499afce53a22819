"""The laboratory's runs, shortened; and a generator that looks ahead."""

from copy import deepcopy

import pytest
import torch

from ganbook import data, losses
from ganbook.experiments import failures, memorization, plane
from ganbook.experiments.unrolled import UnrolledTrainer
from ganbook.networks import DenseDiscriminator, PlaneGenerator
from ganbook.training import Trainer

RULES = {"batch_size": 16, "precision": "fp32"}


@pytest.fixture
def short(monkeypatch):
    """Every failure in a few steps."""
    monkeypatch.setattr(plane, "LOOKS", 8)
    for name, options in failures.FAILURES.items():
        short = options | {"steps": 8} | ({"head_start": 2} if name == "defeat" else {})
        monkeypatch.setitem(failures.FAILURES, name, short)


@pytest.mark.parametrize("setting", failures.FAILURES_IN_THE_PLANE.settings)
def test_every_setting_plays(short, setting):
    if setting["failure"] == "collapse" and setting["repair"] in ("none", "R1"):
        first, second = (failures.play(setting, 1).metrics for _ in range(2))
        assert first["modes_after"] == second["modes_after"]
        assert first["last_slope"] == second["last_slope"]
    found = failures.play(setting, 0).metrics
    assert len(found["modes_after"]) == 8
    assert 0 <= found["unrest"] <= 1 and 0 <= found["good"] <= 1
    assert found["first_slope"] > 0 and found["milliseconds"] > 0


def test_no_setting_repeats_its_game():
    settings = failures.FAILURES_IN_THE_PLANE.settings
    assert {"failure": "defeat", "repair": "minimax"} not in settings
    assert {"failure": "collapse", "repair": "non-saturating"} not in settings
    assert {"failure": "defeat", "repair": "non-saturating"} in settings
    used = {setting["repair"] for setting in settings}
    assert used == set(failures.REPAIRS)


def test_a_head_start_leaves_the_generator_where_it_was():
    options = failures.BASE | failures.FAILURES["defeat"] | {"head_start": 3}
    del options["steps"]
    trainer = plane.new_trainer(0, **options)
    generator, discriminator = plane.networks(0, offset=4.0)
    for ours, theirs in zip(
        trainer.generator.parameters(), generator.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)
    moved = next(trainer.discriminator.parameters())
    assert not torch.equal(moved, next(discriminator.parameters()))
    assert trainer.steps_played == 0


def pair():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = PlaneGenerator(2, (5,))
        return generator, DenseDiscriminator((2,), (6,), dropout=0)


@pytest.mark.parametrize(("precision", "close"), [("fp32", 1e-3), ("bf16", 0.05)])
def test_unrolling_differentiates_through_the_discriminator_s_answer(precision, close):
    rate, loss = 0.3, losses.non_saturating()
    points = data.ring().sample(64, seed=0)
    rules = RULES | {"precision": precision}
    trainer = UnrolledTrainer(*pair(), points, unroll=2, unroll_rate=rate, **rules)
    g = deepcopy(trainer.generator)
    plain = Trainer(*pair(), points, **rules)
    real = next(deepcopy(trainer.batches))
    z = torch.randn(16, 2, generator=torch.Generator().manual_seed(0))
    trainer.step()
    plain.step()
    ahead = plain.discriminator  # after its own, real step
    torch.testing.assert_close(
        trainer.discriminator.state_dict(), ahead.state_dict(), rtol=0, atol=0
    )

    def cost(moved):
        d = deepcopy(ahead)
        fake = moved(z)
        for _ in range(2):  # descent in which d's answer is a number, not a graph
            total = loss.discriminator(d(real), d(fake))
            with torch.no_grad():
                for w, s in zip(
                    d.parameters(),
                    torch.autograd.grad(total, list(d.parameters()), retain_graph=True),
                    strict=True,
                ):
                    w -= rate * s
        return loss.generator(d(fake)).item()

    # The slope by differences sees both ways in which the generator matters.
    g, step = g.double(), 1e-5
    ahead, real, z = ahead.double(), real.double(), z.double()
    weight = g.layers[-1].weight
    for place in ((0, 0), (1, 3)):
        with torch.no_grad():
            weight[place] += step
        above = cost(g)
        with torch.no_grad():
            weight[place] -= 2 * step
        below = cost(g)
        with torch.no_grad():
            weight[place] += step
        ours = trainer.generator.layers[-1].weight.grad[place].item()
        assert ours == pytest.approx((above - below) / (2 * step), rel=close)


def test_noise_is_drawn_for_points_on_any_device():
    points = torch.zeros(4, 2, device="meta")
    assert plane._noise(0.1)(points, torch.Generator()).device == points.device


def test_unroll_at_least_once():
    with pytest.raises(ValueError, match="unroll is 0"):
        UnrolledTrainer(*pair(), torch.zeros(16, 2), unroll=0, **RULES)


def test_plane_generator_names_a_wrong_shape():
    with pytest.raises(ValueError, match=r"shape \(3, 5\); expected \(N, 2\)"):
        PlaneGenerator()(torch.zeros(3, 5))


def test_memorization_measures(monkeypatch):
    monkeypatch.setattr(memorization, "STEPS", 2)
    monkeypatch.setattr(memorization, "SAMPLES", 16)
    for remedy in memorization.REMEDIES:
        found = memorization.play({"images": 100, "remedy": remedy}, 0)
        assert set(found.images) == {"pairs"}
        assert 0 < found.metrics["belief_known"] < 1
        assert 0 <= found.metrics["copies"] <= 1
    known, new = memorization.split()
    assert len(known) == 4_000 and len(new) == 1_000
    assert memorization.distances(new[:20], known).values.min() > 0.5


def test_distances_find_the_copy():
    images = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    found = memorization.distances(images[[4, 1]] + 1e-3, images)
    assert found.indices.tolist() == [4, 1]
    assert found.values.max() < 0.01
