"""What makes the book execute or render again, and what does not."""

from pathlib import Path

import pytest

from tools import fingerprint


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("ganbook/a.py", "ganbook/__pycache__/a.pyc", "tools/b.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "_config.yml").write_text("title: x")
    (tmp_path / "index.md").write_text("# x")
    return tmp_path


@pytest.fixture
def build(root: Path) -> Path:
    """A build that succeeded."""
    build = root / "_build"
    (build / "html").mkdir(parents=True)
    (build / "html" / "index.html").write_text("x")
    now = fingerprint.fingerprints(root, {})
    fingerprint.begin(build, now)
    for name in (".doctrees", ".jupyter_cache"):
        (build / name).mkdir()
    fingerprint.finish(build, now)
    return build


def stale(root: Path, build: Path, environ: dict[str, str] | None = None) -> list[str]:
    return fingerprint.begin(build, fingerprint.fingerprints(root, environ or {}))


def test_nothing_changed(root: Path, build: Path) -> None:
    assert fingerprint.is_fresh(build, fingerprint.fingerprints(root, {}))
    assert stale(root, build) == []
    assert (build / ".jupyter_cache").exists()


def test_package_changed(root: Path, build: Path) -> None:
    (root / "ganbook" / "a.py").write_text("changed")
    assert stale(root, build) == ["executed"]
    assert not (build / ".jupyter_cache").exists()
    assert not (build / ".doctrees").exists()
    assert (build / "html").exists()


def test_file_renamed(root: Path, build: Path) -> None:
    (root / "ganbook" / "a.py").rename(root / "ganbook" / "c.py")
    assert stale(root, build) == ["executed"]


def test_compiled_files_do_not_count(root: Path, build: Path) -> None:
    (root / "ganbook" / "__pycache__" / "a.pyc").write_text("changed")
    assert stale(root, build) == []


def test_tool_changed_renders_only(root: Path, build: Path) -> None:
    (root / "tools" / "b.py").write_text("changed")
    assert stale(root, build) == ["rendered"]
    assert (build / ".jupyter_cache").exists()
    assert not (build / ".doctrees").exists()


def test_prose_changed_is_left_to_sphinx(root: Path, build: Path) -> None:
    (root / "index.md").write_text("# y")
    assert not fingerprint.is_fresh(build, fingerprint.fingerprints(root, {}))
    assert stale(root, build) == []


@pytest.mark.parametrize("name", ["GANBOOK_BUDGET", "GANBOOK_DATA"])
def test_environment_counts(root: Path, build: Path, name: str) -> None:
    assert stale(root, build, {name: "smoke"}) == ["executed"]


def test_default_budget_is_the_same_said_or_not(root: Path, build: Path) -> None:
    assert stale(root, build, {"GANBOOK_BUDGET": "book", "HOME": "elsewhere"}) == []


def test_first_build_is_stale(root: Path, tmp_path: Path) -> None:
    assert stale(root, tmp_path / "nothing") == ["executed", "rendered"]


def test_failed_build_is_not_fresh_and_keeps_what_it_executed(
    root: Path, build: Path
) -> None:
    (root / "ganbook" / "a.py").write_text("changed")
    assert stale(root, build) == ["executed"]
    (build / ".jupyter_cache").mkdir()
    assert not fingerprint.is_fresh(build, fingerprint.fingerprints(root, {}))
    assert stale(root, build) == []
    assert (build / ".jupyter_cache").exists()
