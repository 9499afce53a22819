"""One chapter alone in an empty folder, in an environment like Colab's.

The environment has PyTorch, torchvision, Matplotlib and ipywidgets, not the package:
the set-up cell must bring that. What it would fetch from the public repository comes
from a repository made of the working tree, the rest from the package registry.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tools.address import ROOT, repository_url

GIVEN = ("torch", "torchvision", "matplotlib", "ipywidgets", "ipykernel", "nbclient")
EXECUTE = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
"""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(names: tuple[str, ...]) -> set[str]:
    """The distributions that are installed when those are."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [(canonical(name), frozenset[str]()) for name in names]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in found:
            continue
        found.add((name, extras))
        for line in distribution(name).requires or []:
            requirement, marker = Requirement(line), Requirement(line).marker
            asked = [{"extra": extra} for extra in (*extras, "")]
            if marker is None or any(marker.evaluate(extra) for extra in asked):
                more = frozenset(map(canonical, requirement.extras))
                waiting.append((canonical(requirement.name), more))
    return {name for name, _ in found}


def link_packages(names: set[str], target: Path) -> None:
    """Lend files of this environment to another, so that it cannot write on them.

    A folder that one distribution owns is linked whole. One that several share
    (``nvidia``) is made anew, with links to files: what is installed into it later
    must not land here.
    """
    files = {name: distribution(name).files or [] for name in names}
    owners = Counter(
        top for each in files.values() for top in {f.parts[0] for f in each}
    )
    for name, each in files.items():
        for file in each:
            top = file.parts[0]
            if top in ("..", "__pycache__"):
                continue
            place = Path(top) if owners[top] == 1 else Path(file)
            link = target / place
            if not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(Path(distribution(name).locate_file(place)))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has what Colab has, as far as this test needs it."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    link_packages(closure(GIVEN), packages)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository like the public one, of the files as they are now."""
    folder = tmp_path_factory.mktemp("repository")
    ignored = shutil.ignore_patterns(
        ".*", "_build", "build", "*.egg-info", "__pycache__"
    )
    shutil.copytree(ROOT, folder, ignore=ignored, dirs_exist_ok=True)
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def first_chapter() -> Path:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return ROOT / f"{toc['parts'][0]['chapters'][0]['file']}.ipynb"


def environ(repository: Path) -> dict[str, str]:
    """The environment of a stranger: nothing of ours, but git finds the repository."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GANBOOK_", "PYTHON", "VIRTUAL_ENV"))
    }
    return kept | {
        "GANBOOK_BUDGET": "smoke",
        "OMP_NUM_THREADS": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": repository_url(),
    }


def run(python: Path, *arguments: str, **options: object) -> tuple[int, str]:
    command = [str(python), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, **options)
    return done.returncode, done.stdout + done.stderr


def test_chapter_brings_its_package(
    python: Path, repository: Path, tmp_path: Path
) -> None:
    there = environ(repository)
    code, said = run(python, "-c", "import ganbook", cwd=tmp_path, env=there)
    assert code != 0, "the package must not be there before"
    fetch = ["-m", "pip", "download", "-q", "--no-deps", "setuptools", "-d"]
    code, said = run(python, *fetch, str(tmp_path / "wheels"), env=there)
    if code != 0:
        pytest.skip("no package registry can be reached")

    alone = tmp_path / "alone"
    alone.mkdir()
    chapter = shutil.copy(first_chapter(), alone)
    code, said = run(python, "-c", EXECUTE, str(chapter), cwd=alone, env=there)
    assert code == 0, said[-4000:]
    where = ["-c", "import ganbook; print(ganbook.__file__)"]
    code, said = run(python, *where, cwd=alone, env=there)
    assert said.strip().startswith(str(python.parents[1]))
