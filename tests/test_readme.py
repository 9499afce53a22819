import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": 10, "index.md": 8}


@pytest.mark.parametrize("page", PAGES)
def test_the_lines_of_code_run(page, tmp_path, monkeypatch, capsys):
    text = (ROOT / page).read_text()
    (code,) = re.findall(r"^ *```python\n(.*?)^ *```", text, re.S | re.M)
    indent = re.match(" *", code)[0]
    lines = [line.removeprefix(indent) for line in code.splitlines()]
    assert sum(map(bool, lines)) <= PAGES[page]
    code = "\n".join(lines)
    short = code.replace("3_000", "4").replace("% 1_000", "% 2")
    assert short != code
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GANBOOK_DATA", raising=False)
    exec(compile(short, page, "exec"), {})
    if "metrics" in code:
        assert (tmp_path / "digits.png").stat().st_size > 1000
        assert capsys.readouterr().out.count("FD(pixels)") == 2
