"""Runs side by side: one process for each device, or for each share of the cores."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.queues import Queue
from typing import Any, NamedTuple

import torch

from ganbook.experiments.experiment import Experiment, Result, Setting
from ganbook.experiments.machine import hardware


class Run(NamedTuple):
    """One setting with one seed."""

    setting: Setting
    seed: int


class Played(NamedTuple):
    """A run that has ended, and what it was played on."""

    run: Run
    result: Result
    seconds: float
    hardware: dict[str, Any]


def usual_jobs() -> int:
    """Return how many runs fit side by side: one for each GPU, one without any."""
    return max(torch.cuda.device_count(), 1)


def results(
    experiment: Experiment, runs: Sequence[Run], jobs: int = 1
) -> Iterator[Played]:
    """Play runs; yield each as it ends.

    Where one fails, no other begins; its error comes when those that have begun end.

    Args:
        experiment: What to play. For several jobs its ``run`` must be a function of a
            module, because other processes must find it.
        runs: Settings with seeds.
        jobs: How many at a time. Each process has a GPU of its own, if there are as
            many, and else its share of the processor's cores.
    """
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
        failure = None
        for done in as_completed(played):
            if done.cancelled():
                continue
            if error := done.exception():
                failure = failure or error
                for other in played:
                    other.cancel()
            else:
                yield done.result()
        if failure:
            raise failure
    finally:  # what has not begun is not begun any more
        pool.shutdown(cancel_futures=True)


def _play(play: Callable[[Setting, int], Result], run: Run) -> Played:
    began = time.perf_counter()
    result = play(run.setting, run.seed)
    return Played(run, result, time.perf_counter() - began, hardware())


def _settle(numbers: Queue, jobs: int) -> None:
    """Take a GPU or a share of the cores, before anything is computed."""
    number = numbers.get()
    if torch.cuda.device_count() >= jobs:
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        devices = seen.split(",") if seen else [str(n) for n in range(jobs)]
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[number]
    else:
        torch.set_num_threads(max(torch.get_num_threads() // jobs, 1))
