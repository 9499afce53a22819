"""A trainer on disk: tensors as safetensors, the rest as JSON in its header."""

import json
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganbook.training.processes import Processes
from ganbook.training.stepping import Steppable, check_kind

FORMAT = "ganbook-checkpoint-1"


def save_checkpoint(trainer: Steppable, path: str | os.PathLike[str]) -> None:
    """Write a trainer's state to ``path``: whole or not at all.

    The file is written aside and renamed, so that a run killed at any moment
    leaves the previous checkpoint or the new one.

    Of several processes all must call this: the first writes, and the others wait
    until the file is whole. It does not depend on their number.

    Raises:
        OSError: If it cannot be written; in all processes.
    """
    processes, problem = Processes(), None
    if processes.is_first:
        try:
            _write(trainer, Path(path))
        except Exception as error:  # of whatever kind: the others wait
            problem = error
    if not processes.all_well(problem is None):
        raise problem or OSError(f"process 0 could not write {path}")


def _write(trainer: Steppable, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    tree = _split(trainer.state_dict(), tensors)
    aside = path.with_name(path.name + ".part")
    try:
        save_file(tensors, aside, {"format": FORMAT, "tree": json.dumps(tree)})
        os.replace(aside, path)
    except SafetensorError as error:  # such as a full disk
        raise OSError(f"{path}: {error}") from error
    finally:
        aside.unlink(missing_ok=True)


def load_checkpoint(trainer: Steppable, path: str | os.PathLike[str]) -> None:
    """Let ``trainer`` go on from the state in ``path``.

    All processes read it, on every host; there may be more or fewer of them than when
    it was written.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is cut short or no checkpoint, or of a trainer of
            other networks or data; the trainer is unchanged then.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is cut short or no checkpoint: {error}") from error
    if header.get("format") != FORMAT:
        raise ValueError(
            f"{path} has format {header.get('format')!r}; expected {FORMAT!r}"
        )
    state = _join(json.loads(header["tree"]), tensors)
    check_kind(trainer.state_dict(), state)
    trainer.load_state_dict(state)


def _split(value: Any, tensors: dict[str, Tensor], name: str = "") -> Any:
    """Replace each tensor in a tree by a reference, and collect the tensors.

    Dictionaries become lists of pairs: JSON has no integer keys, optimizers do.
    """
    if isinstance(value, Tensor):
        kept = value.detach().cpu().contiguous()
        for known, tensor in tensors.items():
            if tensor.is_set_to(kept):  # tied weights, written once
                return {"tensor": known}
        tensors[name] = kept
        return {"tensor": name}
    if isinstance(value, dict):
        pairs = [(k, _split(v, tensors, f"{name}/{k}")) for k, v in value.items()]
        return {"dict": pairs}
    if isinstance(value, list | tuple):
        items = [_split(v, tensors, f"{name}/{i}") for i, v in enumerate(value)]
        return {type(value).__name__: items}
    return value


def _join(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Invert :func:`_split`."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _join(item, tensors) for key, item in content}
    return {"list": list, "tuple": tuple}[kind](_join(v, tensors) for v in content)
