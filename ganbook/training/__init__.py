"""Training a game of two networks, or one alone: loop, history, memory."""

from ganbook.training.batches import AugmentedBatches, Batches, TensorBatches
from ganbook.training.checkpoint import load_checkpoint, save_checkpoint
from ganbook.training.divergence import DivergenceError
from ganbook.training.ema import ExponentialMovingAverage
from ganbook.training.history import History
from ganbook.training.memory import keep_freed_memory
from ganbook.training.minimizer import Descent, Minimizer
from ganbook.training.processes import Processes, ProcessLostError
from ganbook.training.progress import progress
from ganbook.training.sampling import generate, latents, slerp
from ganbook.training.step import Step
from ganbook.training.stopwatch import Stopwatch
from ganbook.training.trainer import Trainer

__all__ = [
    "AugmentedBatches",
    "Batches",
    "Descent",
    "DivergenceError",
    "ExponentialMovingAverage",
    "History",
    "Minimizer",
    "ProcessLostError",
    "Processes",
    "Step",
    "Stopwatch",
    "TensorBatches",
    "Trainer",
    "generate",
    "keep_freed_memory",
    "latents",
    "load_checkpoint",
    "progress",
    "save_checkpoint",
    "slerp",
]
