import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks.conv_step import plain
from benchmarks.keras_process import KerasProcess, KerasUnavailable
from benchmarks.race import Race, take_turns
from benchmarks.textbook import Textbook, write_idx
from ganbook import data
from ganbook.networks import ConvDiscriminator, DenseDiscriminator, DenseGenerator

PIXELS = torch.randint(
    256, (32, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.arange(32) % 10


@pytest.fixture
def digits(tmp_path):
    write_idx(tmp_path, PIXELS, LABELS)
    return tmp_path


def dense_players():
    return DenseGenerator(), DenseDiscriminator()


def race(**milliseconds):
    return Race("toy", "Toys", "step", milliseconds, ["ours"])


def test_contenders_take_turns_and_another_begins_each_round():
    played = []

    def contender(name, seconds):
        return lambda count: played.append(name) or seconds * count

    contenders = {name: contender(name, i + 1) for i, name in enumerate("abc")}
    times = take_turns(contenders, rounds=4, count=5)
    assert "".join(played) == "abcbcacababc"
    assert times == {"a": [1000] * 4, "b": [2000] * 4, "c": [3000] * 4}


def test_nothing_to_time_is_an_error():
    with pytest.raises(ValueError, match="got 0, 1 and 1"):
        take_turns({}, rounds=1, count=1)


def test_ratios_are_of_pairs():
    """A slow round of both changes no ratio."""
    ratio = race(ours=[1, 10, 1], rival=[3, 30, 3]).ratio("rival", "ours")
    assert tuple(ratio) == (3, 3, 3)


def test_a_ratio_comes_with_its_quartiles():
    ratio = race(ours=[1] * 5, rival=[5, 1, 4, 2, 3]).ratio("rival", "ours")
    assert tuple(ratio) == (3, 2, 4)


def test_the_table_shows_others_over_baselines():
    table = race(ours=[2.0], rival=[5.0]).table()
    head, ours, rival = table.splitlines()
    assert "/ ours" in head
    assert ours.split() == ["ours", "2.0"]
    assert rival.split() == ["rival", "5.0", "2.50", "(2.50", "to", "2.50)"]


def test_results_say_what_they_were_measured_on(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results")
    command.write(race(ours=[2.0], rival=[5.0]), load=0.1)
    content = json.loads((tmp_path / "results" / "toy.json").read_text())
    assert content["ratios"]["rival"]["ours"]["median"] == 2.5
    assert {"torch", "torchvision"} <= content["versions"].keys()
    assert content["hardware"]["cpu"]
    assert content["load_before"] == 0.1


def test_unknown_benchmarks_are_named(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "dense"])
    with pytest.raises(SystemExit):
        command.main()
    assert "no benchmark 'dense'; there are dense-step, " in capsys.readouterr().err


def test_the_textbook_sees_the_images_that_we_see(digits):
    textbook = Textbook(digits, *dense_players(), batch_size=32, workers=0)
    images, labels = textbook.loader.dataset[3]
    assert torch.allclose(images, data.from_pixels(PIXELS[3:4]), atol=1e-6)
    assert labels == LABELS[3]


def test_the_textbook_trains_both_players(digits):
    textbook = Textbook(digits, *dense_players(), batch_size=8, workers=0)
    players = textbook.generator, textbook.discriminator
    before = [[w.clone() for w in player.parameters()] for player in players]
    assert textbook.play(5) > 0  # into the second epoch of four batches
    assert len(textbook.losses) == 5
    for player, weights in zip(players, before, strict=True):
        for now, then in zip(player.parameters(), weights, strict=True):
            assert not torch.equal(now, then)


def test_a_keras_process_that_ends_says_why(tmp_path):
    """There is neither TensorFlow nor a data set here."""
    with pytest.raises(KerasUnavailable, match=r"ended: .*Error"):
        KerasProcess(Path(sys.executable), tmp_path)


def test_the_textbook_has_the_layers_of_pytorch():
    network = plain(ConvDiscriminator((4, 8)))
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert {type(m) for m in convolutions} == {torch.nn.Conv2d}
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 1)


def test_the_textbook_may_generate_more_for_the_generator(digits):
    textbook = Textbook(digits, *dense_players(), batch_size=8, generated=16, workers=0)
    seen = []
    textbook.discriminator.register_forward_hook(lambda *a: seen.append(len(a[1][0])))
    textbook.play(1)
    assert seen == [8, 8, 16]
