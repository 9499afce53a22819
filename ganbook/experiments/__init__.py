"""The long runs: what a page shows from a computation longer than its budget.

``python -m ganbook.experiments NAME`` plays an experiment and writes what it
measured to ``book/recorded/NAME``; a chapter reads it with :func:`load`.
"""

from ganbook.experiments.experiment import Experiment, Result, label
from ganbook.experiments.recording import Recording, load

__all__ = ["Experiment", "Recording", "Result", "label", "load"]
