"""The Fréchet distance of two sets of statistics, 2,048 dimensions, float64.

Each library's own function on the same means and covariances, which are given: what is
timed is the third step, statistics to number. The samples behind them are 10,000 a side
(more than dimensions, so that all can do it), features at least 0 with a spectrum that
falls over several decades, as those of Inception do.

- ganbook: one Cholesky factor and symmetric eigenvalues.
- pytorch-fid: `sqrtm` of the product.
- torch-fidelity, torchmetrics: eigenvalues of the product, which is not symmetric.

All with as many threads as they take by themselves. The notes hold how far the values
are apart, relative to ours, and what each makes of fewer samples than dimensions.
"""

import contextlib
import importlib
import io
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.race import Race, take_turns
from ganbook.metrics import Statistics, frechet_distance

RIVALS = Path(__file__).resolve().parents[1] / ".venv-bench" / "rivals"
# Pinned, and without what they depend on, which is here: one PyTorch and one NumPy
# for all, so that what differs is the algorithm.
PACKAGES = (
    "torch-fidelity==0.4.0",
    "pytorch-fid==0.3.0",
    "torchmetrics==1.9.0",
    "lightning-utilities==0.15.3",
)
Distance = Callable[[Statistics, Statistics], float]


def run(*, rounds: int, quick: bool = False) -> Race:
    """Time all contenders.

    Args:
        rounds: Of the usual number a third is played: a distance takes seconds.
        quick: Take few dimensions, to see that it runs.
    """
    dim = 128 if quick else 2048
    functions: dict[str, Distance] = {"ganbook": frechet_distance} | _rivals()
    a, b = (_statistics(10_000, dim, seed) for seed in (0, 1))
    for function in functions.values():
        function(*(_statistics(600, 64, seed) for seed in (0, 1)))  # loads libraries
    contenders = {name: _timed(f, a, b) for name, f in functions.items()}
    times = take_turns(contenders, rounds=max(1, rounds // 3), count=1)
    notes = {
        "dimensions": dim,
        "threads": torch.get_num_threads(),
        "full_rank": _compare(functions, a, b),
        "rank_299_of_512": _compare(
            functions, *(_statistics(300, 512, seed) for seed in (0, 1))
        ),
        "rank_299_of_512_equal": _compare(
            functions, *(_statistics(300, 512, 0) for _ in range(2))
        ),
        "packages": list(PACKAGES),
    }
    return Race("frechet", __doc__, "distance", times, ["ganbook"], notes)


def _statistics(samples: int, dim: int, seed: int) -> Statistics:
    """Features as Inception's: at least 0, correlated, of very different variances."""
    g = torch.Generator().manual_seed(seed)
    mixing = torch.Generator().manual_seed(99)
    spectrum = torch.arange(1, dim + 1) ** -0.5
    rotation, _ = torch.linalg.qr(torch.randn(dim, dim, generator=mixing))
    x = torch.randn(samples, dim, generator=g) * spectrum * (1 + 0.05 * seed)
    return Statistics().update((x @ rotation).relu_().double())


def _timed(function: Distance, a: Statistics, b: Statistics) -> Callable[[int], float]:
    def play(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            function(a, b)
        return time.perf_counter() - began

    return play


def _compare(functions: dict[str, Distance], a: Statistics, b: Statistics) -> dict:
    """Return our value, and of each rival the value and how far it is, or its error."""
    ours = frechet_distance(a, b)
    found: dict[str, Any] = {"ganbook": ours}
    for name, function in functions.items():
        if name == "ganbook":
            continue
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                value = float(function(a, b))
            except Exception as error:  # whatever it is, it is the result
                found[name] = f"{type(error).__name__}: {error}"
                continue
        found[name] = {"value": value, "difference": value - ours}
        if ours:  # else the truth is 0, and there is nothing to be relative to
            found[name]["relative"] = abs(value / ours - 1)
        if caught:
            found[name]["warnings"] = sorted({str(w.message) for w in caught})
    return found


def _rivals() -> dict[str, Distance]:
    """Return the rivals' functions, on our statistics."""
    _install()
    sys.path.append(str(RIVALS))
    fidelity = importlib.import_module("torch_fidelity.metric_fid")
    pytorch_fid = importlib.import_module("pytorch_fid.fid_score")
    torchmetrics = importlib.import_module("torchmetrics.image.fid")

    def by_fidelity(a: Statistics, b: Statistics) -> float:
        sides = ({"mu": s.mean.numpy(), "sigma": s.covariance.numpy()} for s in (a, b))
        found = fidelity.fid_statistics_to_metric(*sides, verbose=False)
        return found[fidelity.KEY_METRIC_FID]

    def by_pytorch_fid(a: Statistics, b: Statistics) -> float:
        sides = [(s.mean.numpy(), s.covariance.numpy()) for s in (a, b)]
        with contextlib.redirect_stdout(io.StringIO()):  # it prints about singularity
            return pytorch_fid.calculate_frechet_distance(*sides[0], *sides[1])

    def by_torchmetrics(a: Statistics, b: Statistics) -> float:
        sides = [(s.mean, s.covariance) for s in (a, b)]
        return torchmetrics._compute_fid(*sides[0], *sides[1]).item()

    return {
        "pytorch-fid": by_pytorch_fid,
        "torch-fidelity": by_fidelity,
        "torchmetrics": by_torchmetrics,
    }


def _install() -> None:
    """Put the rivals into a folder of their own, the first time."""
    ready = RIVALS / ".ready"
    if ready.exists() and ready.read_text().split() == list(PACKAGES):
        return
    print(f"Installing rivals into {RIVALS.parent.name}/{RIVALS.name} (once) ...")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade"]
    command += ["--no-deps", "--target", str(RIVALS), *PACKAGES]
    subprocess.run(command, check=True)
    ready.write_text("\n".join(PACKAGES))
