"""The runs about balance, shortened."""

import pytest
import torch

from ganbook.experiments import balance
from ganbook.experiments.experiment import Experiment
from ganbook.experiments.runner import play


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(balance, "STEPS", 8)
    monkeypatch.setattr(balance, "LOOKS", 4)


def test_settings_are_all_pairs_and_two_kinds_of_speed():
    settings = balance.BALANCE.settings
    pairs = [s for s in settings if not {"rate_d", "discriminator_steps"} & s.keys()]
    assert len(pairs) == 2 * 4 * 4
    assert {s["r1"] for s in settings} == {0.0, 0.1}
    assert {s.get("discriminator_steps") for s in settings} == {None, 2, 5}
    fast = [s for s in settings if s.get("rate_d") == balance.FAST]
    assert len(fast) == 2 * 4 * 4
    paced = [s for s in settings if s.get("rate_d") in (1.9e-4, 4.6e-3)]
    assert [s["width_d"] for s in paced] == [256, 16]
    others = [s for s in settings if s not in pairs + fast + paced]
    assert len(others) == 2 * 6 and {s["width_d"] for s in others} == {16, 64}


@pytest.mark.parametrize("setting", [balance.BALANCE.settings[i] for i in (0, 31, 47)])
def test_a_setting_plays_and_plays_alike(short, setting):
    first, second = (balance.play(setting, 1).metrics for _ in range(2))
    for name in ("misplaced", "misplaced_average", "good", "real_accuracy"):
        assert first[name] == second[name]
        assert 0 <= first[name] <= 1
    assert len(first["misplaced_after"]) == 4
    width = setting["width_g"]
    assert first["parameters_g"] == (2 + 1) * width + (width + 1) * width + 2 * (
        width + 1
    )


def test_the_options_reach_the_trainer(monkeypatch):
    seen = []
    monkeypatch.setattr(balance, "Trainer", lambda *players, **o: seen.append(o))
    balance.new_trainer(7, width_d=16, r1=0.1, rate_d=3e-3, discriminator_steps=5)
    balance.new_trainer(7)
    (hard, plain) = seen
    assert hard["learning_rates"] == (1e-3, 3e-3)
    assert hard["discriminator_steps"] == 5 and hard["seed"] == 7
    assert hard["regularizer"] is not None and plain["regularizer"] is None


def test_misplaced_is_what_has_to_move():
    centers = balance.modes().centers
    assert balance.misplaced(centers) == pytest.approx(0)
    assert balance.misplaced(centers[:6].repeat(2, 1)) == pytest.approx(2 / 8)
    lost = torch.full((8, 2), 9.0)
    assert balance.misplaced(lost) == pytest.approx(1)
    assert balance.misplaced(torch.cat([centers, lost])) == pytest.approx(1 / 2)
    assert 0 < balance.references()["misplaced"] < 0.05


def test_a_killed_recording_goes_on(short, tmp_path):
    plan = {f: getattr(balance.BALANCE, f) for f in ("name", "description", "run")}
    plan |= {"configuration": {}, "settings": balance.BALANCE.settings[:2]}
    quiet = {"show": lambda line: None}
    play(Experiment(**plan), tmp_path, seeds=1, first=1, **quiet)
    recording = play(Experiment(**plan), tmp_path, seeds=1, **quiet)
    assert [run["setting"]["width_d"] for run in recording.runs] == [4, 16]
