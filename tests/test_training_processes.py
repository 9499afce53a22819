"""One training on two processes (gloo, on the CPU) against the same on one."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from ganbook import training
from ganbook.training.batch_norm import GlobalBatchNorm
from ganbook.training.dealing import deal
from tests import two_processes as scenarios

SCRIPT = Path(scenarios.__file__)


def launch(scenario, folder, count=2):
    """Start ``count`` processes as a launcher does; return them when all have ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        subprocess.Popen(
            [sys.executable, SCRIPT, scenario, folder],
            env=os.environ
            | {
                "ACCELERATE_USE_CPU": "true",
                "OMP_NUM_THREADS": "1",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
                "WORLD_SIZE": str(count),
                "LOCAL_WORLD_SIZE": str(count),
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
    try:
        outputs = [process.communicate(timeout=300) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [
        subprocess.CompletedProcess(process.args, process.returncode, *output)
        for process, output in zip(processes, outputs, strict=True)
    ]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What two processes found, and the folder they wrote to."""
    folder = tmp_path_factory.mktemp("two")
    begun = scenarios.trainer()
    scenarios.play(begun, 7)
    training.save_checkpoint(begun, folder / "one-began.safetensors")
    ended = launch("many", folder)
    assert [process.returncode for process in ended] == [0, 0], ended[0].stderr
    found = [torch.load(folder / f"found-{rank}.pt") for rank in (0, 1)]
    return found, folder, ended


def tensors(tree):
    """All tensors of a state, in order, but for random states."""
    if isinstance(tree, torch.Tensor):
        return [tree] if tree.is_floating_point() else []
    values = tree.values() if isinstance(tree, dict) else tree
    if not isinstance(tree, dict | list | tuple):
        return []
    return [tensor for value in values for tensor in tensors(value)]


def assert_close(ours, theirs, tolerance=1e-5):
    for key in ("generator", "discriminator", "network", "ema", "history"):
        if key not in theirs:
            continue
        if key == "history":
            ours_, theirs_ = (
                [torch.tensor(column) for column in state[key].values()]
                for state in (ours, theirs)
            )
        else:
            ours_, theirs_ = tensors(ours[key]), tensors(theirs[key])
        assert len(ours_) == len(theirs_) > 0
        for a, b in zip(ours_, theirs_, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", scenarios.SAME)
def test_two_processes_get_the_weights_of_one(two, name):
    (first, second), *_ = two
    one = scenarios.play(scenarios.trainer(**scenarios.SAME[name]))
    assert_close(first[name], one)
    assert_close(second[name], first[name], tolerance=0)
    start = scenarios.trainer(**scenarios.SAME[name]).state_dict()
    moved = [
        (a - b).abs().max()
        for a, b in zip(
            tensors(start["generator"]), tensors(one["generator"]), strict=True
        )
    ]
    assert max(moved) > 1e-3  # a hundred tolerances


def test_global_batch_normalization_sees_both_shares(two):
    (first, second), *_ = two
    one = scenarios.play(scenarios.trainer(**scenarios.NORMALIZED), 5)
    assert_close(first["normalized"], one)
    assert_close(second["normalized"], first["normalized"], tolerance=0)
    assert any("running_var" in name for name in one["generator"])
    # PyTorch's own layer would not do.
    assert "expected input tensor to be on GPU" in first["SyncBatchNorm"]


@pytest.mark.parametrize("momentum", [0.2, None])
def test_global_batch_normalization_of_one_process_is_the_usual_one(momentum):
    draws = torch.Generator().manual_seed(0)
    ours, usual = (torch.nn.BatchNorm2d(3, momentum=momentum) for _ in range(2))
    ours.__class__, ours.processes = GlobalBatchNorm, training.Processes()
    for _ in range(3):
        features = torch.randn(4, 3, 5, 5, generator=draws) * 2 + 1
        weight = torch.randn(4, 3, 5, 5, generator=draws)
        slopes = []
        for layer in (ours, usual):
            x = features.clone().requires_grad_()
            (slope,) = torch.autograd.grad(
                (layer(x) * weight).sum(), x, create_graph=True
            )
            slope.square().sum().backward()  # and its slope
            slopes.append((slope.detach(), x.grad, layer.weight.grad))
        torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.state_dict(), usual.state_dict())
    torch.testing.assert_close(ours.eval()(features), usual.eval()(features))


def test_bfloat16_on_two_processes(two):
    (first, second), *_ = two
    assert_close(second["bf16"], first["bf16"], tolerance=0)
    one = scenarios.play(scenarios.trainer(precision="bf16", **scenarios.NORMALIZED), 3)
    # Running statistics of features with 8 significant bits.
    for a, b in zip(
        tensors(first["bf16"]["generator"]), tensors(one["generator"]), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=0.05)
    assert {t.dtype for t in tensors(first["bf16"]["generator"])} == {torch.float32}


def test_pieces_on_two_processes(two):
    (first, _), *_ = two
    one = scenarios.play(scenarios.trainer(**scenarios.SAME["r1 and r2"]))
    assert_close(first["pieces"], one)


@pytest.mark.parametrize("name", scenarios.SAME)
def test_pieces_are_the_whole_batch(name):
    whole, pieces = (
        scenarios.play(scenarios.trainer(accumulate=n, **scenarios.SAME[name]))
        for n in (1, 3)
    )
    assert_close(pieces, whole)


def test_pieces_hold_one_graph_at_a_time():
    sizes = []
    player = scenarios.trainer(accumulate=4)
    player.generator.register_forward_hook(lambda *a: sizes.append(len(a[1][0])))
    player.step()
    assert sizes == [3] * 8  # each piece once for either move


def test_a_minimizer_whose_loss_calls_methods_of_the_network(two):
    (first, second), *_ = two
    one = scenarios.play(scenarios.minimizer())
    assert_close(first["coder"], one)
    assert_close(second["coder"], first["coder"], tolerance=0)
    pieces = scenarios.play(scenarios.minimizer(accumulate=4))
    assert_close(pieces, one)


def test_super_resolution_on_two_processes(two):
    (first, second), *_ = two
    one = scenarios.play(scenarios.resolver())
    for player in ("generator", "discriminator"):
        for found in (first, second):
            ours, theirs = (
                tensors(state["players"][player]) for state in (found["enlarged"], one)
            )
            for a, b in zip(ours, theirs, strict=True):
                torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
    assert_close(first["enlarged"], one)
    assert_close(second["enlarged"], first["enlarged"], tolerance=0)


def test_process_0_decides_the_first_weights(two):
    (first, second), *_ = two
    one = scenarios.play(scenarios.trainer())
    assert_close(first["strangers"], one)
    assert_close(second["strangers"], one)


def test_what_processes_draw_for_themselves_differs_but_weights_do_not(two):
    (first, second), folder, _ = two
    ours, theirs = first["drawn"], second["drawn"]
    assert len(ours) == len(theirs) == 9
    assert not set(ours) & set(theirs)
    assert len(set(theirs)) == 9  # another stream each step, three draws of each
    assert_close(first["noisy"], second["noisy"], tolerance=0)
    # Resumed on one process, which goes on with the stream of process 0.
    player = scenarios.trainer(augment=lambda images, random: images)
    training.load_checkpoint(player, folder / "noisy.safetensors")
    state = player.state_dict()["augment_random"]
    assert torch.equal(state, first["noisy"]["augment_random"])


def test_one_diverges_both_stop(two):
    (first, second), *_ = two
    assert first["diverged"] == second["diverged"]
    assert "generator's loss is nan at step 1" in first["diverged"]


def test_only_process_0_shows_progress(two):
    found, _, (first, second) = two
    assert [each["progress"] for each in found] == [[0, 1, 2]] * 2
    assert "process 0: 100%" in first.stderr
    assert "process 1: " not in second.stderr


def test_two_go_on_where_one_stopped_and_one_where_two_did(two):
    (first, second), folder, _ = two
    whole = scenarios.play(scenarios.trainer())
    assert_close(first["one began"], whole)
    assert_close(second["one began"], first["one began"], tolerance=0)
    resumed = scenarios.trainer(seed=9)
    training.load_checkpoint(resumed, folder / "two-began.safetensors")
    assert resumed.steps_played == 7
    assert_close(scenarios.play(resumed, 13), whole)


def test_a_killed_process_ends_the_other_and_the_run_goes_on(tmp_path):
    first, second = launch("killed", tmp_path)
    assert second.returncode == -signal.SIGKILL
    assert first.returncode == 1
    assert "ProcessLostError: process 0 of 2 waits for the others" in first.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["last.safetensors"]
    player = scenarios.trainer()
    training.load_checkpoint(player, tmp_path / "last.safetensors")
    assert player.steps_played == 8
    assert_close(scenarios.play(player, 12), scenarios.play(scenarios.trainer()))


def test_a_disk_that_is_full_stops_all(two):
    found, folder, _ = two
    errors = [each["unwritable"] for each in found]
    assert errors == [["OSError", "TypeError"], ["OSError", "OSError"]]
    assert not [*folder.glob("full*"), *folder.glob("odd*")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accumulate": 0}, "accumulate is 0; expected at least 1"),
        ({"accumulate": 5}, "a batch of 12 .* 12 is no multiple of 5"),
        ({"accumulate": 4, "generated": 14}, "14 is no multiple of 4"),
    ],
)
def test_what_cannot_be_dealt_equally(options, message):
    with pytest.raises(ValueError, match=message):
        scenarios.trainer(**options).step()


class Labeled(NamedTuple):
    images: torch.Tensor
    labels: torch.Tensor


@pytest.mark.parametrize("kind", [tuple, Labeled._make])
def test_tuples_are_dealt_row_by_row(kind):
    batch = kind([torch.zeros(4, 2), torch.arange(4)])
    (whole,) = deal(batch, training.Processes())
    _, odd = deal(batch, training.Processes(), pieces=2)
    assert type(whole) is type(odd) is type(batch)
    assert whole[1].tolist() == [0, 1, 2, 3] and odd[1].tolist() == [1, 3]


def test_minimizer_accumulates_at_least_once():
    with pytest.raises(ValueError, match="accumulate is 0"):
        scenarios.minimizer(accumulate=0)
