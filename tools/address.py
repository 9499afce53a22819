"""The public address of the repository: one setting, and all that follows from it.

`repository.url` in `_config.yml` is the setting. Set-up cells, launch buttons, badges
and citations contain it; `make repo URL=...` rewrites them all.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_SETTING = re.compile(r"^repository:\s*\n(?:\s+.*\n)*?\s+url:\s*(\S+)", re.MULTILINE)
_ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)/?")


def repository_url(root: Path = ROOT) -> str:
    """Return the address that `_config.yml` names.

    Raises:
        ValueError: If the setting is missing or is no GitHub address.
    """
    found = _SETTING.search((root / "_config.yml").read_text())
    if not found:
        raise ValueError("_config.yml names no repository.url")
    split(found[1])
    return found[1]


def split(url: str) -> tuple[str, str]:
    """Split `https://github.com/owner/name` into owner and name.

    Raises:
        ValueError: If `url` has another form.
    """
    found = _ADDRESS.fullmatch(url)
    if not found:
        message = f"expected https://github.com/owner/name, got {url!r}"
        raise ValueError(message)
    return found[1], found[2]


def book_url(url: str) -> str:
    """Return where GitHub Pages publishes the book of the repository at `url`."""
    owner, name = split(url)
    return f"https://{owner}.github.io/{name}"


def colab_url(url: str, page: str) -> str:
    """Return the address that opens the Colab copy of a page such as `book/cats`."""
    owner, name = split(url)
    start = "https://colab.research.google.com/github"
    return f"{start}/{owner}/{name}/blob/colab/{page}.ipynb"


def change(new: str, root: Path = ROOT) -> list[str]:
    """Replace the present address by `new` in every tracked text file.

    Returns:
        The names of the files that changed.
    """
    old, new = repository_url(root), new.rstrip("/").removesuffix(".git")
    pairs = [(book_url(old), book_url(new))]
    for host in ("github.com", "github"):
        pairs.append(
            (f"{host}/{'/'.join(split(old))}", f"{host}/{'/'.join(split(new))}")
        )
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        command, cwd=root, check=True, capture_output=True, text=True
    )
    changed = []
    for name in filter(None, listed.stdout.split("\0")):
        if _replace(root / name, pairs):
            changed.append(name)
    return changed


def _replace(path: Path, pairs: list[tuple[str, str]]) -> bool:
    try:
        text = path.read_text()
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return False
    result = text
    for old, new in pairs:
        # Neither `owner/name-of-another` nor `some.owner/name` is this address.
        result = re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w-])", new, result)
    if result != text:
        path.write_text(result)
    return result != text


def main() -> None:
    """Run the command line: print the address, or change it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", nargs="?", help="the new address")
    url = parser.parse_args().url
    if url is None:
        print(repository_url())
        return
    for name in change(url):
        print(f"changed {name}")


if __name__ == "__main__":
    main()
