"""The Keras rival in its own environment and process."""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-bench"
# Pinned: a rival must stay what it is. tf-keras is Keras 2; it comes without its
# dependencies, for they contain all of TensorFlow once more, with GPU.
INSTALLS = (["tensorflow-cpu==2.21.*"], ["--no-deps", "tf-keras==2.21.*"])


class KerasUnavailable(RuntimeError):
    """TensorFlow cannot be installed here, or the rival does not run."""


def environment() -> Path:
    """Return the Python of the environment, which is made the first time.

    Raises:
        KerasUnavailable: If the installation fails.
    """
    python = ENVIRONMENT / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    ready = ENVIRONMENT / ".ready"
    if ready.exists():
        return python
    print(f"Installing TensorFlow into {ENVIRONMENT.name} (once, a few minutes) ...")
    venv.create(ENVIRONMENT, with_pip=True)
    for packages in INSTALLS:
        command = [str(python), "-m", "pip", "install", "--quiet", *packages]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise KerasUnavailable(f"pip could not install {packages[-1]}: {reason}")
    ready.touch()
    return python


class KerasProcess:
    """Talks to :mod:`benchmarks.keras_listing` through a pipe.

    Args:
        python: Interpreter that has TensorFlow.
        data: Root of the data set, as torchvision lays it out.
        listing: ``"dense"`` or ``"conv"``.

    Attributes:
        versions: Of TensorFlow and Keras, from within.

    Raises:
        KerasUnavailable: If the process ends instead of answering.
    """

    def __init__(self, python: Path, data: Path, listing: str = "dense") -> None:
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [python, Path(__file__).with_name("keras_listing.py"), data, listing],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.versions: dict[str, str] = self._answer()

    def play(self, count: int) -> float:
        """Train for ``count`` steps; return the seconds, measured inside."""
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            last = (self._errors.read().strip().splitlines() or ["no message"])[-1]
            raise KerasUnavailable(f"the Keras process ended: {last}")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The end of its input would not end it: processes that were forked since,
        # such as a DataLoader's workers, hold the other end of the pipe too.
        self._process.terminate()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()
