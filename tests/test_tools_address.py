"""The public address of the repository."""

import subprocess
from pathlib import Path

import pytest

from tools import address

OLD, NEW = "https://github.com/one/book", "https://github.com/two/other-book"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "_config.yml").write_text(
        f"repository:\n  url: {OLD}\n  branch: main\n"
    )
    text = (
        f"{OLD}.git {OLD}-extra https://one.github.io/book/x.html github/one/book/blob"
    )
    (tmp_path / "README.md").write_text(text)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe" + OLD.encode())
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def test_reads_the_setting(repository: Path) -> None:
    assert address.repository_url(repository) == OLD


def test_missing_setting_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("title: no repository\n")
    with pytest.raises(ValueError, match=r"repository\.url"):
        address.repository_url(tmp_path)


@pytest.mark.parametrize("url", ["https://example.org/a/b", "github.com/a/b", ""])
def test_other_hosts_are_an_error(url: str) -> None:
    with pytest.raises(ValueError, match="expected https://github"):
        address.split(url)


def test_addresses_that_follow() -> None:
    assert address.book_url(NEW) == "https://two.github.io/other-book"
    expected = "https://colab.research.google.com/github/two/other-book/blob/colab/book/a.ipynb"
    assert address.colab_url(NEW, "book/a") == expected


def test_change_reaches_every_text(repository: Path) -> None:
    changed = address.change(f"{NEW}.git", repository)
    assert sorted(changed) == ["README.md", "_config.yml"]
    assert address.repository_url(repository) == NEW
    assert (repository / "README.md").read_text() == (
        f"{NEW}.git {OLD}-extra https://two.github.io/other-book/x.html "
        "github/two/other-book/blob"
    )


def test_change_to_nonsense_changes_nothing(repository: Path) -> None:
    with pytest.raises(ValueError, match="expected"):
        address.change("nonsense", repository)
    assert address.repository_url(repository) == OLD
