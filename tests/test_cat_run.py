import json
from itertools import count, islice

import pytest
import torch
from safetensors.torch import load_file

from ganbook.augmentation import Adaptive
from ganbook.experiments import cats, long_run, thesis_cats
from ganbook.experiments.configuration import ConfigurationError
from ganbook.networks import CatGenerator


def small_trainer():
    images = torch.rand(40, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return cats.new_trainer(
        images * 2 - 1, generator_width=64, discriminator_width=64, precision="fp32"
    )


def small_run(folder, milestones=(), **options):
    return long_run.LongRun(
        small_trainer(), folder, batch_size=16, milestones=milestones, **options
    )


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    small_run(whole).train(5, steps=4)
    small_run(halves).train(5, steps=2)
    small_run(halves).train(5, steps=4)
    expected, found = (load_file(f / long_run.CHECKPOINT) for f in (whole, halves))
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    rows = json.loads((halves / long_run.JOURNAL).read_text())
    assert [row["steps"] for row in rows] == [2, 4]
    assert rows[1]["cpu"] > rows[0]["cpu"]


def test_a_run_stops_in_time_and_leaves_a_checkpoint(tmp_path):
    run = small_run(tmp_path)
    run.train(0)
    assert run.trainer.steps_played == 1
    assert (tmp_path / long_run.CHECKPOINT).exists()


def test_checkpoints_on_the_way(tmp_path):
    run = small_run(tmp_path)
    run.train(5, steps=3, seconds_between=0)
    assert [row["steps"] for row in run.journal] == [1, 2, 3]


def test_copies_at_the_milestones(tmp_path):
    run = small_run(tmp_path, (32, 64))
    run.train(5, steps=3)
    assert [row["copy"] for row in run.journal] == [True, False]
    small_run(tmp_path, (32, 64)).train(5, steps=5)
    names = sorted(path.name for path in tmp_path.glob("generator-*"))
    assert names == ["generator-0000002.safetensors", "generator-0000004.safetensors"]
    kept = load_file(long_run.copy_of(tmp_path, 2))
    assert {value.dtype for value in kept.values()} == {torch.float16}


def test_milestones_that_come_only_once_are_not_lost_between_two_calls(tmp_path):
    run = small_run(tmp_path, count(32, 32))
    run.train(5, steps=1)
    run.train(5, steps=4)
    assert [row["steps"] for row in run.journal if row["copy"]] == [2, 4]


def test_a_run_is_held_to_its_configuration(tmp_path):
    small_run(tmp_path, configuration={"r1": 0.1}).train(5, steps=1)
    small_run(tmp_path, configuration={"r1": 0.1})
    with pytest.raises(ConfigurationError, match=r"r1: recorded 0.1, now 0.2"):
        small_run(tmp_path, configuration={"r1": 0.2})


def test_milestones_grow_by_a_quarter_and_are_whole_steps():
    first = list(islice(cats.milestones(16), 4))
    assert first == [10_000, 12_512, 15_648, 19_568]


def test_a_journal_that_is_ahead_of_its_checkpoint_is_cut(tmp_path):
    small_run(tmp_path).train(5, steps=2)
    journal = tmp_path / long_run.JOURNAL
    rows = json.loads(journal.read_text())
    journal.write_text(json.dumps([*rows, rows[-1] | {"steps": 9}]))
    assert [r["steps"] for r in small_run(tmp_path).journal] == [2]


def test_a_kept_copy_comes_back_with_its_row(tmp_path):
    run = small_run(tmp_path, (32,))
    run.train(5, steps=2)
    average = run.trainer.ema.network
    found = small_trainer().generator
    row = long_run.kept(found, tmp_path, 2, by="cats")
    assert row["images"] == 32 and row["copy"]
    for name, value in average.state_dict().items():
        assert torch.equal(found.state_dict()[name], value.half().to(value.dtype))
    (tmp_path / long_run.JOURNAL).write_text("[]")  # killed before it was written
    for steps in (2, 3):
        with pytest.raises(
            FileNotFoundError, match=f"-m cats` has not come to {steps}"
        ):
            long_run.kept(found, tmp_path, steps, by="cats")


def test_the_command_line_of_a_run(tmp_path, capsys):
    folders = []

    def new_run(folder):
        folders.append(folder)
        return small_run(folder)

    arguments = ["--minutes", "0", "--folder", str(tmp_path / "a")]
    long_run.command("m", "Trains.", tmp_path, new_run, arguments, steps=4)
    assert folders == [tmp_path / "a"]
    assert json.loads(capsys.readouterr().out)["steps"] == 1


def test_the_thesis_plays_without_average_and_augmentation(tmp_path):
    images = torch.rand(130, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    trainer = thesis_cats.new_trainer(images * 2 - 1)
    assert not isinstance(trainer.augment, Adaptive)
    assert isinstance(trainer.generator, CatGenerator)
    assert trainer.ema.decay == 0
    assert len(next(trainer.batches)) == 128
    run = long_run.LongRun(trainer, tmp_path, batch_size=128, milestones=())
    run.save()
    assert "augmentation" not in run.journal[-1]
