"""What a training was begun with: it never goes on with anything else."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganbook.experiments.experiment import key
from ganbook.experiments.recording import replace

Configuration = Mapping[str, Any]


class ConfigurationError(ValueError):
    """What lies there was begun with another configuration."""


def differences(old: Configuration, new: Configuration) -> Iterator[str]:
    """Yield a line for each value in which two configurations differ."""
    for name in dict.fromkeys((*old, *new)):
        before, now = (key(c[name]) if name in c else "missing" for c in (old, new))
        if before != now:
            yield f"{name}: recorded {before}, now {now}"


def pin(configuration: Configuration, checkpoint: Path) -> None:
    """Write a configuration beside its checkpoint, or compare with what is there.

    A checkpoint with nothing beside it is taken for one of this configuration.

    Raises:
        ConfigurationError: If the checkpoint is of another one.
    """
    paper = checkpoint.with_suffix(".configuration.json")
    if checkpoint.exists() and paper.exists():
        begun = json.loads(paper.read_text(encoding="utf-8"))
        if found := list(differences(begun, configuration)):
            raise ConfigurationError(
                "\n  ".join([f"{checkpoint} is of another configuration:", *found])
                + f"\nDelete or rename the folder {checkpoint.parent} to begin anew."
            )
    replace(paper, json.dumps(configuration).encode())
