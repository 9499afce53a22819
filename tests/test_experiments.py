import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
import torch

from ganbook import experiments
from ganbook.experiments import Experiment, Result, __main__, catalog, label, recording
from ganbook.experiments import configuration as configurations
from ganbook.experiments.configuration import ConfigurationError
from ganbook.experiments.experiment import slug
from ganbook.experiments.runner import BusyError, open_recording, play
from ganbook.experiments.workers import results

PIXELS = np.arange(12, dtype=np.uint8).reshape(3, 4)
QUIET = {"show": lambda line: None}


class Toy:
    """An experiment that remembers what it was asked to play."""

    def __init__(self):
        self.played = []

    def __call__(self, setting, seed):
        self.played.append((dict(setting), seed))
        images = {"picture": PIXELS} if seed == 0 else {}
        return Result({"score": 10.0 * setting.get("size", 1) + seed}, images)

    def experiment(self, **changes):
        fields = {
            "name": "toy",
            "description": "A toy",
            "configuration": {"steps": 5, "rates": [0.1, 0.2]},
            "settings": [{}, {"size": 2}],
            "run": self,
            "seeds": 2,
            "seconds": 30.0,
        }
        return Experiment(**fields | changes)


ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "book" / "recorded"


@pytest.fixture
def toy():
    return Toy()


def stored(folder):
    return json.loads((folder / "results.json").read_text())


def test_every_setting_soon_has_one_seed(toy, tmp_path):
    play(toy.experiment(), tmp_path, **QUIET)
    assert toy.played == [({}, 0), ({"size": 2}, 0), ({}, 1), ({"size": 2}, 1)]


def test_results_say_what_was_measured_on_what(toy, tmp_path):
    references = {"floor": 1.5}
    play(toy.experiment(references=lambda: references), tmp_path, **QUIET)
    content = stored(tmp_path)
    assert content["configuration"] == {"steps": 5, "rates": [0.1, 0.2]}
    assert content["references"] == references
    assert {"python", "torch", "ganbook"} <= content["versions"].keys()
    assert content["hardware"]["cpu"]
    assert content["hardware"]["cores"] >= 1
    run = content["runs"][1]
    assert (run["setting"], run["seed"]) == ({"size": 2}, 0)
    assert run["metrics"] == {"score": 20.0}
    assert run["images"] == {"picture": "size-2-picture-0.png"}
    assert {"seconds", "date"} <= run.keys()
    assert "hardware" not in run  # the same as the file's


def test_a_run_on_another_machine_says_so(toy, tmp_path, monkeypatch):
    play(toy.experiment(seeds=1), tmp_path, **QUIET)
    other = {"cpu": "another", "cores": 64, "threads": 64, "gpu": None}
    monkeypatch.setattr("ganbook.experiments.workers.hardware", lambda: other)
    play(toy.experiment(seeds=2), tmp_path, **QUIET)
    runs = stored(tmp_path)["runs"]
    assert ["hardware" in run for run in runs] == [False, False, True, True]
    assert runs[-1]["hardware"] == other
    assert stored(tmp_path)["hardware"] != other


def test_references_are_computed_once(toy, tmp_path):
    computed = []
    experiment = toy.experiment(references=lambda: computed.append(1) or {"floor": 1})
    play(toy.experiment(), tmp_path, **QUIET)
    for _ in range(2):
        play(experiment, tmp_path, **QUIET)
    assert computed == [1]
    assert stored(tmp_path)["references"] == {"floor": 1}


def test_runs_are_stored_in_order_whichever_ends_first(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "ganbook.experiments.runner.results",
        lambda experiment, runs, jobs: results(experiment, runs[::-1], jobs),
    )
    play(toy.experiment(), tmp_path, **QUIET)
    assert toy.played[0] == ({"size": 2}, 1)
    expected = [({}, [10, 11]), ({"size": 2}, [20, 21])]
    assert recording.read(tmp_path).over_seeds("score") == expected
    assert [run["seed"] for run in stored(tmp_path)["runs"]] == [0, 0, 1, 1]


def test_recorded_runs_are_not_played_again(toy, tmp_path):
    play(toy.experiment(), tmp_path, seeds=1, **QUIET)
    before = stored(tmp_path)["runs"]
    toy.played.clear()
    play(toy.experiment(), tmp_path, seeds=2, **QUIET)
    assert toy.played == [({}, 1), ({"size": 2}, 1)]
    assert stored(tmp_path)["runs"][:2] == before


def test_a_setting_may_be_added_and_a_description_improved(toy, tmp_path):
    play(toy.experiment(), tmp_path, seeds=1, **QUIET)
    more = toy.experiment(settings=[{}, {"size": 2}, {"size": 3}], description="Better")
    toy.played.clear()
    play(more, tmp_path, seeds=1, **QUIET)
    assert toy.played == [({"size": 3}, 0)]
    assert stored(tmp_path)["description"] == "Better"


KILLED = """
import os, signal, sys
from pathlib import Path
from ganbook.experiments import Experiment, Result
from ganbook.experiments.runner import play

def run(setting, seed):
    if setting["size"] == 3 and "resume" not in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)
    return Result({"size": setting["size"]})

settings = [{"size": size} for size in (1, 2, 3, 4)]
play(Experiment("toy", "A toy", {}, settings, run, seeds=1), Path(sys.argv[1]))
"""


def test_a_killed_run_is_all_that_is_lost(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    first = subprocess.run(command, capture_output=True, text=True)
    assert first.returncode == -signal.SIGKILL, first.stderr
    assert [run["setting"]["size"] for run in stored(tmp_path)["runs"]] == [1, 2]
    done = subprocess.run([*command, "resume"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[1/2] size=3, seed 0" in done.stdout
    assert [run["setting"]["size"] for run in stored(tmp_path)["runs"]] == [1, 2, 3, 4]


def test_a_crash_while_writing_leaves_the_old_file(toy, tmp_path, monkeypatch):
    play(toy.experiment(), tmp_path, seeds=1, **QUIET)
    before = (tmp_path / "results.json").read_bytes()

    def crash(file):
        raise OSError("no space left")

    monkeypatch.setattr(recording.os, "fsync", crash)
    with pytest.raises(OSError, match="no space left"):
        play(toy.experiment(), tmp_path, seeds=2, **QUIET)
    assert (tmp_path / "results.json").read_bytes() == before
    monkeypatch.undo()
    toy.played.clear()
    play(toy.experiment(), tmp_path, seeds=2, **QUIET)
    assert toy.played == [({}, 1), ({"size": 2}, 1)]
    assert not list(tmp_path.glob(".*"))  # what was left aside has been used up


def test_two_at_once_would_lose_runs(toy, tmp_path):
    pytest.importorskip("fcntl")

    def run(setting, seed):
        play(toy.experiment(), tmp_path, **QUIET)

    with pytest.raises(BusyError, match="another process is recording in"):
        play(toy.experiment(run=run), tmp_path, **QUIET)
    play(toy.experiment(), tmp_path, **QUIET)  # the lock is gone


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"configuration": {"steps": 9, "rates": [0.1, 0.2]}}, "recorded 5, now 9"),
        ({"configuration": {"steps": 5}}, "rates: recorded [0.1, 0.2], now missing"),
        ({"settings": [{}, {"size": 7}]}, "no longer part of it: size=2"),
    ],
)
def test_another_configuration_is_never_mixed_in(toy, tmp_path, changes, says):
    play(toy.experiment(), tmp_path, **QUIET)
    before = (tmp_path / "results.json").read_bytes()
    with pytest.raises(ConfigurationError) as caught:
        play(toy.experiment(**changes), tmp_path, **QUIET)
    assert says in str(caught.value)
    assert "Delete or rename the folder" in str(caught.value)
    assert (tmp_path / "results.json").read_bytes() == before


def test_a_list_and_a_tuple_are_the_same_configuration(toy, tmp_path):
    play(toy.experiment(), tmp_path, **QUIET)
    same = toy.experiment(configuration={"rates": (0.1, 0.2), "steps": 5})
    open_recording(same, tmp_path)  # does not raise


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": "A Toy"}, "lower case with hyphens"),
        ({"settings": [{"a": (1, 2)}, {"a": [1, 2]}]}, "same setting twice"),
        ({"settings": [{"a": "R1"}, {"a": "r1"}]}, "files of the same name"),
        ({"settings": [{"a": 0.1}, {"a": 0.1 + 1e-9}]}, "files of the same name"),
    ],
)
def test_experiments_are_checked(toy, changes, error):
    with pytest.raises(ValueError, match=error):
        toy.experiment(**changes)


def test_labels():
    assert label({}) == "base"
    rates = {"rates": [5e-5, -1e-3], "on": True}
    assert label(rates) == "rates=(5e-05, -0.001), on=True"
    assert slug(label(rates)) == "rates-5e-05-m0.001-on-true"
    assert slug(label({"shift": -1})) == "shift-m1"


# --- reading


@pytest.fixture
def repository(toy, tmp_path, monkeypatch):
    """A working directory inside a repository that holds the toy's results."""
    play(toy.experiment(), tmp_path / "book" / "recorded" / "toy", **QUIET)
    (tmp_path / "book" / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "book" / "deep")
    return tmp_path


def test_load_finds_results_above_the_working_directory(repository):
    loaded = experiments.load("toy")
    assert loaded.folder == repository / "book" / "recorded" / "toy"
    assert loaded.over_seeds("score") == [({}, [10, 11]), ({"size": 2}, [20, 21])]


def test_load_finds_results_inside_the_package(toy, tmp_path, monkeypatch):
    play(toy.experiment(), tmp_path / "recorded" / "toy", **QUIET)
    monkeypatch.setattr(recording, "PACKAGE", tmp_path)
    assert experiments.load("toy").folder == tmp_path / "recorded" / "toy"


def test_load_says_where_results_would_be(repository):
    with pytest.raises(FileNotFoundError) as caught:
        experiments.load("tay")
    assert "'tay'" in str(caught.value)
    assert "toy" in str(caught.value)
    assert "book/recorded/tay/results.json" in str(caught.value)
    assert "python -m ganbook.experiments tay" in str(caught.value)


@pytest.mark.parametrize("content", ['{"name": "toy", "ru', '{"unknown": 1}', "[]"])
def test_damaged_results_are_named(repository, content):
    file = repository / "book" / "recorded" / "toy" / "results.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"results\.json is damaged"):
        experiments.load("toy")


def test_images_are_found_by_setting_and_seed(repository):
    from PIL import Image

    loaded = experiments.load("toy")
    path = loaded.image("picture", {"size": 2})
    assert np.array_equal(np.asarray(Image.open(path)), PIXELS)
    with pytest.raises(KeyError, match="no image 'picture' of base, seed 1"):
        loaded.image("picture", seed=1)


def test_what_diverged_is_nan(toy, tmp_path, monkeypatch):
    def run(setting, seed):
        return Result({"score": nan} if seed else {"diverged_at": 3})

    play(toy.experiment(run=run, settings=[{}]), tmp_path, **QUIET)
    loaded = recording.read(tmp_path)
    [(_, values)] = loaded.over_seeds("score")
    assert [isnan(value) for value in values] == [True, True]
    assert "NaN" not in (tmp_path / "results.json").read_text()
    with pytest.raises(KeyError, match="no metric 'size'; there are diverged_at, sc"):
        loaded.over_seeds("size")


# --- the command line


@pytest.fixture
def known(toy, repository, monkeypatch):
    """Make the toy the only known experiment."""
    toy.played.clear()
    monkeypatch.setattr(__main__, "EXPERIMENTS", {"toy": toy.experiment()})
    return toy


def test_dry_run_plays_nothing_and_estimates(known, repository, capsys):
    file = repository / "book" / "recorded" / "toy" / "results.json"
    content = json.loads(file.read_text())
    for run in content["runs"]:
        run["seconds"] = 120.0 if run["setting"] else 60.0
    file.write_text(json.dumps(content))
    before = file.read_bytes()
    assert __main__.main(["toy", "--seeds", "4", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "size=2, seed 3" in shown
    assert "seed 0" not in shown
    assert "4 runs recorded, 4 to play, about 6 min by recorded times" in shown
    assert known.played == []
    assert file.read_bytes() == before


def test_dry_run_before_the_first_run_guesses(known, repository, capsys):
    (repository / "book" / "recorded" / "toy" / "results.json").unlink()
    assert __main__.main(["toy", "--seeds", "1", "--dry-run"]) == 0
    assert (
        "0 runs recorded, 2 to play, about 60 s by a guess" in capsys.readouterr().out
    )


def test_the_command_plays_what_is_missing(known, repository, capsys):
    assert __main__.main(["toy", "--seeds", "3"]) == 0
    assert known.played == [({}, 2), ({"size": 2}, 2)]
    assert "[2/2] size=2, seed 2: score 22 (0 s; 0 s left)" in capsys.readouterr().out


def test_an_unknown_name_lists_those_there_are(known, capsys):
    message = __main__.main(["tay"])
    assert "no experiment 'tay'; there are:" in message
    assert "toy  A toy" in message


def test_list(capsys):
    assert __main__.main(["--list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in catalog.EXPERIMENTS)


@pytest.mark.parametrize("seeds", ["0", "-1", "many"])
def test_seeds_are_a_number(seeds, capsys):
    with pytest.raises(SystemExit):
        __main__.main(["toy", "--seeds", seeds])
    assert "whole number >= 1" in capsys.readouterr().err


def test_another_configuration_ends_the_command(known, monkeypatch):
    changed = known.experiment(configuration={"steps": 6})
    monkeypatch.setattr(__main__, "EXPERIMENTS", {"toy": changed})
    assert "another configuration" in __main__.main(["toy"])


def test_a_mistake_in_a_run_keeps_its_traceback(known, monkeypatch):
    def run(setting, seed):
        raise ValueError("deep down")

    experiment = known.experiment(run=run, seeds=3)
    monkeypatch.setattr(__main__, "EXPERIMENTS", {"toy": experiment})
    with pytest.raises(ValueError, match="deep down"):
        __main__.main(["toy"])


def test_damaged_results_end_the_command(known, repository):
    (repository / "book" / "recorded" / "toy" / "results.json").write_text("{")
    assert "is damaged" in __main__.main(["toy"])


def test_outside_a_repository_the_command_says_so(known, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    monkeypatch.setattr(recording, "PACKAGE", Path("/nowhere/ganbook"))
    assert "copy of the repository" in __main__.main(["toy"])


# --- what is recorded, and what is shipped


def test_what_is_recorded_is_what_the_catalog_describes():
    """No experiment was changed without being recorded anew."""
    for folder in sorted(path.parent for path in RECORDED.glob("*/results.json")):
        loaded = open_recording(catalog.EXPERIMENTS[folder.name], folder)
        for run in loaded.runs:
            begins = slug(label(run["setting"]))
            for name, file in run.get("images", {}).items():
                assert (folder / file).is_file()
                assert file == f"{begins}-{slug(name)}-{run['seed']}.png"


def test_the_wheel_holds_every_package_and_every_recorded_run():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    setuptools = content["tool"]["setuptools"]
    folders = {file.parent for file in (ROOT / "ganbook").rglob("*.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(setuptools["packages"]) == names | {"ganbook.recorded"}
    assert ROOT / setuptools["package-dir"]["ganbook.recorded"] == RECORDED
    patterns = setuptools["package-data"]["ganbook.recorded"]
    shipped = {file for pattern in patterns for file in RECORDED.glob(pattern)}
    assert {file for file in RECORDED.glob("*/*") if file.suffix != ".part"} == shipped


def test_only_the_first_settings_are_played(known, repository, capsys):
    assert __main__.main(["toy", "--seeds", "3", "--first", "1", "--dry-run"]) == 0
    assert "size=2" not in capsys.readouterr().out
    assert __main__.main(["toy", "--seeds", "3", "--first", "1"]) == 0
    assert known.played == [({}, 2)]


# --- side by side


def process_number(setting, seed):
    """Say which process plays; other processes must find this function."""
    return Result({"process": os.getpid(), "threads": torch.get_num_threads()})


def fail_at_one(setting, seed):
    """Fail with seed 1; end the other one after that."""
    failed = Path(setting["folder"], "failed")
    if seed == 1:
        failed.touch()
        raise RuntimeError("seed 1 fails")
    while not failed.exists():
        time.sleep(0.1)
    time.sleep(1)
    return Result({"score": seed})


def test_runs_side_by_side_have_processes_of_their_own(toy, tmp_path):
    lines = []
    experiment = toy.experiment(run=process_number, seeds=4)
    play(experiment, tmp_path, jobs=2, show=lines.append)
    runs = stored(tmp_path)["runs"]
    assert len(runs) == len(lines) == 8
    assert {(r["setting"].get("size", 1), r["seed"]) for r in runs} == {
        (size, seed) for size in (1, 2) for seed in range(4)
    }
    processes = {r["metrics"]["process"] for r in runs}
    assert os.getpid() not in processes
    assert len(processes) == 2
    share = max(torch.get_num_threads() // 2, 1)
    assert {r["metrics"]["threads"] for r in runs} == {share}
    assert stored(tmp_path)["hardware"]["threads"] == share
    assert not any("hardware" in run for run in runs)


def test_a_failing_run_loses_no_other(toy, tmp_path):
    settings = [{"folder": str(tmp_path)}]
    experiment = toy.experiment(run=fail_at_one, settings=settings, seeds=2)
    with pytest.raises(RuntimeError, match="seed 1 fails"):
        play(experiment, tmp_path, jobs=2, **QUIET)
    assert [r["seed"] for r in stored(tmp_path)["runs"]] == [0]


def test_no_jobs_is_an_error_before_anything_is_computed(toy, tmp_path):
    experiment = toy.experiment(references=pytest.fail)
    with pytest.raises(ValueError, match="jobs is 0; expected at least 1"):
        play(experiment, tmp_path, jobs=0, **QUIET)


# --- what a checkpoint was begun with


def test_a_checkpoint_is_held_to_its_configuration(tmp_path):
    checkpoint = tmp_path / "net.safetensors"
    configurations.pin({"rate": 0.1}, checkpoint)
    configurations.pin({"rate": 0.2, "betas": (0, 1)}, checkpoint)  # nothing is there
    checkpoint.touch()
    configurations.pin({"rate": 0.2, "betas": [0, 1]}, checkpoint)
    with pytest.raises(ConfigurationError) as caught:
        configurations.pin({"rate": 0.3, "betas": [0, 1]}, checkpoint)
    assert "rate: recorded 0.2, now 0.3\nDelete" in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    next(tmp_path.glob("*.json")).unlink()  # as a checkpoint of earlier times
    configurations.pin({"rate": 0.3}, checkpoint)
