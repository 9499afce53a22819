import time

import pytest
import torch

from ganbook import training


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


class Slow(training.TensorBatches):
    """Batches that take two seconds each."""

    clock = None

    def __next__(self):
        self.clock.now += 2.0
        return super().__next__()


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_waiting_and_working_are_told_apart(clock):
    batches = Slow(torch.zeros(8, 2), 4, seed=0)
    batches.clock = clock
    watch = training.Stopwatch(batches)
    for _ in range(3):
        assert next(watch).shape == (4, 2)
        clock.now += 6.0  # a step
    next(watch)
    assert (watch.images, watch.waited, watch.worked) == (16, 8.0, 18.0)
    assert watch.loader_rate == 16 / 8.0
    assert watch.step_rate == 12 / 18.0
    assert watch.share == 8.0 / 26.0
    assert str(watch) == "loader 2 images/s, step 1 images/s, 30.8% of the time waiting"
    watch.restart()
    assert (watch.images, watch.share, watch.step_rate) == (0, 0.0, 0.0)


def test_a_trainer_takes_it_for_batches(tmp_path):
    points = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))

    def minimizer(data):
        torch.manual_seed(0)
        return training.Minimizer(
            torch.nn.Linear(2, 2),
            lambda network, batch, _: (network(batch) - batch).square().mean(),
            data,
            batch_size=5,
            precision="fp32",
        )

    plain = minimizer(points)
    watch = training.Stopwatch(training.TensorBatches(points, 5, seed=0))
    timed = minimizer(watch)
    for _ in range(6):
        assert plain.step() == timed.step()
    assert watch.images == 30 and 0 < watch.share < 1
    training.save_checkpoint(timed, tmp_path / "last.safetensors")
    training.load_checkpoint(plain, tmp_path / "last.safetensors")
    assert not hasattr(watch, "shard")
