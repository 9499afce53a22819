import json
from itertools import islice

import torch
from safetensors.torch import load_file

from ganbook.experiments import cats


def small_trainer():
    images = torch.rand(40, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return cats.new_trainer(
        images * 2 - 1, generator_width=64, discriminator_width=64, precision="fp32"
    )


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    cats.LongRun(small_trainer(), whole).train(5, steps=4)
    cats.LongRun(small_trainer(), halves).train(5, steps=2)
    cats.LongRun(small_trainer(), halves).train(5, steps=4)
    expected, found = (load_file(f / cats.CHECKPOINT) for f in (whole, halves))
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    rows = json.loads((halves / cats.JOURNAL).read_text())
    assert [row["steps"] for row in rows] == [2, 4]
    assert rows[1]["cpu"] > rows[0]["cpu"]


def test_a_run_stops_in_time_and_leaves_a_checkpoint(tmp_path):
    run = cats.LongRun(small_trainer(), tmp_path)
    run.train(0)
    assert run.trainer.steps_played == 1
    assert (tmp_path / cats.CHECKPOINT).exists()


def test_checkpoints_on_the_way(tmp_path):
    run = cats.LongRun(small_trainer(), tmp_path)
    run.train(5, steps=3, seconds_between=0)
    assert [row["steps"] for row in run.journal] == [1, 2, 3]


def test_copies_at_the_milestones(tmp_path, monkeypatch):
    monkeypatch.setattr(cats, "milestones", lambda batch_size: iter((32, 64, 99)))
    run = cats.LongRun(small_trainer(), tmp_path)
    run.train(5, steps=3)
    assert [row["copy"] for row in run.journal] == [True, False]
    cats.LongRun(small_trainer(), tmp_path).train(5, steps=4)
    names = sorted(path.name for path in tmp_path.glob("generator-*"))
    assert names == ["generator-0000002.safetensors", "generator-0000004.safetensors"]
    kept = load_file(cats.copy_of(tmp_path, 2))
    assert {value.dtype for value in kept.values()} == {torch.float16}


def test_milestones_grow_by_a_quarter_and_are_whole_steps():
    first = list(islice(cats.milestones(16), 4))
    assert first == [10_000, 12_512, 15_648, 19_568]


def test_a_journal_that_is_ahead_of_its_checkpoint_is_cut(tmp_path):
    cats.LongRun(small_trainer(), tmp_path).train(5, steps=2)
    journal = tmp_path / cats.JOURNAL
    rows = json.loads(journal.read_text())
    journal.write_text(json.dumps([*rows, rows[-1] | {"steps": 9}]))
    assert [r["steps"] for r in cats.LongRun(small_trainer(), tmp_path).journal] == [2]
