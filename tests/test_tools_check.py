"""The last line of `make test`."""

from pathlib import Path

from tools.check import Summary, count

REPORT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="one"/>
<testcase classname="tests.test_a" name="two"><failure message="no"/></testcase>
<testcase classname="tests.test_a" name="three">
<skipped message="Skipped: no cat"/></testcase>
<testcase classname="book.good.ipynb" name="Cell 0"/>
<testcase classname="book.good.ipynb" name="Cell 1"/>
<testcase classname="book.bad.ipynb" name="Cell 0"><failure message="no"/></testcase>
<testcase classname="book.bad.ipynb" name="Cell 1"/>
</testsuite></testsuites>"""


def test_line_counts_tests_and_chapters(tmp_path: Path) -> None:
    report, summary = tmp_path / "report.xml", Summary()
    report.write_text(REPORT)
    count(report, summary, "tests")
    summary.note("strict build", True)
    assert summary.line(12.3) == (
        "make test: passed: 1 test, 1 chapter, strict build; "
        "failed: 1 test, 1 chapter; skipped: 1 test (no cat) (12 s)"
    )


def test_line_of_a_clean_run() -> None:
    summary = Summary(passed=["ruff check"])
    assert summary.line(1) == (
        "make test: passed: ruff check; failed: nothing; skipped: nothing (1 s)"
    )
