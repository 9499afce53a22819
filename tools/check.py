"""All checks in one go, one line at the end: `make test`.

Ruff, the tests, every chapter at the smoke budget (nbval) and the tests of the rendered
pages. While the first tests run, a second process renders the book for the last ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tools.address import ROOT
from tools.render import BOOK

REPORTS = BOOK / "reports"
# Two workers on two cores: each keeps to one thread, in kernels as well.
ENVIRON = {
    **os.environ,
    "GANBOOK_BUDGET": "smoke",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT),
}


@dataclass
class Summary:
    """What the last line says."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def note(self, name: str, succeeded: bool) -> None:
        """Count a step that either succeeds or fails."""
        (self.passed if succeeded else self.failed).append(name)

    def line(self, seconds: float) -> str:
        """Return the line."""
        parts = [
            f"{title}: {', '.join(names) or 'nothing'}"
            for title in ("passed", "failed", "skipped")
            for names in [getattr(self, title)]
        ]
        return f"make test: {'; '.join(parts)} ({seconds:.0f} s)"


def count(report: Path, summary: Summary, name: str) -> None:
    """Add the results of a pytest report in JUnit's format, chapters apart.

    Cells of a chapter count as one chapter: it fails if one of them does.
    """
    tests: Counter[str] = Counter()
    chapters: dict[str, bool] = {}
    reasons: Counter[str] = Counter()
    for case in ElementTree.parse(report).iter("testcase"):
        broken = case.find("failure") is not None or case.find("error") is not None
        skip = case.find("skipped")
        if ".ipynb" in case.get("classname", ""):
            key = case.get("classname", "")
            chapters[key] = chapters.get(key, True) and not broken
        elif skip is not None:
            reasons[_reason(skip)] += 1
        else:
            tests["failed" if broken else "passed"] += 1
    for result, names in (("passed", summary.passed), ("failed", summary.failed)):
        if tests[result]:
            names.append(_number(tests[result], name))
    for succeeded, names in ((True, summary.passed), (False, summary.failed)):
        number = sum(result is succeeded for result in chapters.values())
        if number:
            names.append(_number(number, "chapters"))
    for why, number in reasons.items():
        summary.skipped.append(f"{_number(number, name)} ({why})")


def _reason(skip: ElementTree.Element) -> str:
    return skip.get("message", "").removeprefix("Skipped: ")


def _number(count: int, plural: str) -> str:
    return f"{count} {plural if count != 1 else plural.removesuffix('s')}"


def pytest(
    name: str, arguments: list[str], summary: Summary, environ: dict[str, str] = ENVIRON
) -> None:
    """Run pytest on two workers and count its results."""
    report = REPORTS / f"{name.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-n", "2", f"--junitxml={report}"]
    command = [sys.executable, "-m", "pytest", *options, *arguments]
    failed = len(summary.failed)
    done = subprocess.run(command, cwd=ROOT, env=environ, check=False)
    if report.exists():
        count(report, summary, name)
    if done.returncode and len(summary.failed) == failed:
        summary.note(f"{name} (pytest ended with {done.returncode})", False)


def ruff(summary: Summary) -> None:
    """Check format and rules of all Python, notebooks included."""
    for arguments in (["format", "--check"], ["check"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--quiet", "."]
        done = subprocess.run(command, cwd=ROOT, check=False)
        summary.note("ruff " + arguments[0], done.returncode == 0)


def main() -> None:
    """Run every check and end with the line, and with failure if anything failed."""
    start, summary = time.monotonic(), Summary()
    REPORTS.mkdir(parents=True, exist_ok=True)
    ruff(summary)
    log = REPORTS / "render.log"
    with log.open("w") as stream:
        command = [sys.executable, "-m", "tools.render", "--test"]
        rendering = subprocess.Popen(
            command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT
        )
        cells = ["--nbval-lax", "book"] if list(ROOT.glob("book/*.ipynb")) else []
        options = ["--dist", "loadfile", "--ignore=tests/pages"]
        pytest("tests", [*options, "tests", *cells], summary)
        rendered = rendering.wait() == 0
    summary.note("strict build", rendered)
    if rendered:
        # Not ENVIRON: whether the rendered book is fresh depends on its budget.
        options = ["--dist", "loadgroup", "tests/pages"]
        pytest("page tests", options, summary, dict(os.environ))
    else:
        print(log.read_text()[-6000:])
    if os.environ.get("REQUIRE_PAGES") and any("page" in n for n in summary.skipped):
        summary.note("page tests must not be skipped here", False)
    print(summary.line(time.monotonic() - start))
    sys.exit(bool(summary.failed))


if __name__ == "__main__":
    main()
