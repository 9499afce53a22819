"""What tests of several files share."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from ganbook.widgets.page import module_source


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Run an expression of a widget's ``module`` and ``input``; return its value."""
    node = compute_driver_executable()[0]  # the one that comes with playwright
    folder = tmp_path_factory.mktemp("javascript")

    def run(source: str, expression: str, value: Any = None) -> Any:
        script = folder / "run.mjs"
        (folder / "module.mjs").write_text(module_source(source), encoding="utf-8")
        script.write_text(
            'import * as module from "./module.mjs";\n'
            'import { readFileSync } from "node:fs";\n'
            "const input = JSON.parse(readFileSync(0));\n"
            "const plain = (_, v) => (ArrayBuffer.isView(v) ? Array.from(v) : v);\n"
            f"process.stdout.write(JSON.stringify({expression}, plain));\n",
            encoding="utf-8",
        )
        done = subprocess.run(
            [node, script], input=json.dumps(value), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
