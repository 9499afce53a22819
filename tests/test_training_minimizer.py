import pytest
import torch
from torch import nn

from ganbook import training

POINTS = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))


def distance_to_noisy(network, batch, random):
    noise = torch.randn(batch.shape, generator=random)
    return (network(batch + noise) - batch).square().mean()


def new_minimizer(data=POINTS, loss=distance_to_noisy, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.1), nn.Linear(8, 2))
    options = {"batch_size": 8, "precision": "fp32"} | options
    return training.Minimizer(network, loss, data, **options)


def take(minimizer, count):
    return [step.loss for step in minimizer.steps(count)]


def assert_same(a, b):
    for one, other in (
        (a.network.state_dict(), b.network.state_dict()),
        (a.ema.network.state_dict(), b.ema.network.state_dict()),
    ):
        assert all(torch.equal(one[key], other[key]) for key in one)
    assert dict(a.history) == dict(b.history)


def test_a_step_is_a_step_of_adam():
    network = nn.Linear(2, 2)
    reference = nn.Linear(2, 2)
    reference.load_state_dict(network.state_dict())
    adam = torch.optim.Adam(reference.parameters(), 1e-2)
    minimizer = training.Minimizer(
        network,
        lambda network, batch, _: (network(batch) - batch).square().mean(),
        POINTS,
        batch_size=len(POINTS),
        learning_rate=1e-2,
        precision="fp32",
    )
    for step in minimizer.steps(5):
        adam.zero_grad()
        loss = (reference(POINTS) - POINTS).square().mean()
        loss.backward()
        adam.step()
        assert step.loss == pytest.approx(loss.item(), rel=1e-5)
    torch.testing.assert_close(network.weight, reference.weight)


def test_it_learns():
    minimizer = new_minimizer(learning_rate=1e-2)
    losses = take(minimizer, 400)
    assert sum(losses[-50:]) < 0.75 * sum(losses[:50])
    assert minimizer.history["loss"] == losses
    assert minimizer.steps_taken == 400


def test_resumes_bit_for_bit(tmp_path):
    whole, first, second = new_minimizer(), new_minimizer(), new_minimizer(seed=9)
    take(whole, 12)
    take(first, 7)
    training.save_checkpoint(first, tmp_path / "last.safetensors")
    take(second, 2)
    training.load_checkpoint(second, tmp_path / "last.safetensors")
    take(second, 5)
    assert_same(whole, second)


def test_the_seed_decides_and_the_global_state_is_left_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, second, other = new_minimizer(), new_minimizer(), new_minimizer(seed=4)
    take(first, 3)
    assert torch.equal(torch.get_rng_state(), before)
    take(other, 3)
    for _ in second.steps(3):
        torch.rand(7)  # somebody else draws
    assert_same(first, second)
    assert dict(first.history) != dict(other.history)


def test_a_loss_that_is_no_number_stops_before_the_update():
    minimizer = new_minimizer(loss=lambda network, batch, _: network(batch).sum() / 0)
    before = [w.clone() for w in minimizer.network.parameters()]
    with pytest.raises(training.DivergenceError, match=r"network's loss is .* step 1"):
        minimizer.step()
    for ours, theirs in zip(minimizer.network.parameters(), before, strict=True):
        assert torch.equal(ours, theirs)


def test_a_state_of_another_network_changes_nothing():
    minimizer = new_minimizer()
    take(minimizer, 2)
    state = minimizer.state_dict()
    state["network"] = {"0.weight": torch.zeros(3, 3)}
    before = [w.clone() for w in minimizer.network.parameters()]
    with pytest.raises(ValueError, match="another network"):
        minimizer.load_state_dict(state)
    for ours, theirs in zip(minimizer.network.parameters(), before, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "fp8"}, "precision is 'fp8'"),
        ({"batch_size": 41}, "batch_size is 41; expected 1 to 40"),
        ({"ema_decay": -0.1}, "decay is -0.1"),
        ({"data": POINTS[:, :, None]}, r"shape \(40, 2, 1\)"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        new_minimizer(**options)
