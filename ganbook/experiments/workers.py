"""Runs side by side: one process for each device, or for each share of the cores."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.queues import Queue
from typing import NamedTuple

import torch

from ganbook.experiments.experiment import Experiment, Result, Setting


class Run(NamedTuple):
    """One setting with one seed."""

    setting: Setting
    seed: int


class Played(NamedTuple):
    """A run that has ended."""

    run: Run
    result: Result
    seconds: float


def usual_jobs() -> int:
    """Return how many runs fit side by side: one for each GPU, one without any."""
    return max(torch.cuda.device_count(), 1)


def results(
    experiment: Experiment, runs: Sequence[Run], jobs: int = 1
) -> Iterator[Played]:
    """Play runs; yield each as it ends.

    Args:
        experiment: What to play. For several jobs its ``run`` must be a function of a
            module, because other processes must find it.
        runs: Settings with seeds.
        jobs: How many at a time. Each process has a GPU of its own, if there are as
            many, and else its share of the processor's cores.

    Raises:
        ValueError: If ``jobs`` is less than 1.
    """
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}; expected at least 1")
    if jobs == 1:
        for run in runs:
            yield _play(experiment.run, run)
        return
    context = get_context("spawn")  # a forked process could not use a GPU
    numbers = context.Queue()
    for number in range(jobs):
        numbers.put(number)
    pool = ProcessPoolExecutor(
        jobs, context, initializer=_settle, initargs=(numbers, jobs)
    )
    try:
        played = [pool.submit(_play, experiment.run, run) for run in runs]
        for done in as_completed(played):
            yield done.result()
    finally:  # what has not begun is not begun any more
        pool.shutdown(cancel_futures=True)


def _play(play: Callable[[Setting, int], Result], run: Run) -> Played:
    began = time.perf_counter()
    result = play(run.setting, run.seed)
    return Played(run, result, time.perf_counter() - began)


def _settle(numbers: Queue, jobs: int) -> None:
    """Take a GPU or a share of the cores, before anything is computed."""
    number = numbers.get()
    if torch.cuda.device_count() >= jobs:
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        devices = seen.split(",") if seen else [str(n) for n in range(jobs)]
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[number]
    else:
        torch.set_num_threads(max(torch.get_num_threads() // jobs, 1))
