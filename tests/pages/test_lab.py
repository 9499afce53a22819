"""A chapter in a real JupyterLab: runs to its end, and its widget answers Python."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.pages.conftest import Visit
from tools.address import ROOT

pytestmark = pytest.mark.xdist_group("lab")

CHAPTER = "transposed-convolution"
SETTINGS = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}
RUN_ALL = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  await app.shell.currentWidget.context.ready;
  await app.shell.currentWidget.sessionContext.ready;
  await app.commands.execute("notebook:run-all-cells");
}"""
STATE = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
  const code = [...cells].filter((cell) => cell.type === "code");
  const outputs = code.map((cell) => cell.outputs.toJSON()).flat();
  return {
    waiting: code.filter((cell) => cell.executionCount === null).length,
    errors: outputs.filter((output) => output.output_type === "error")
      .map((output) => output.evalue),
  };
}"""
ASK = """async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code });
  let text = "";
  future.onIOPub = (message) => { text += message.content.text ?? ""; };
  await future.done;
  return text;
}"""
POSITIONS = """
import json
from ipywidgets.widgets.widget import _instances
found = [w.position for w in _instances.values() if hasattr(w, "position")]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab in a folder with a copy of one chapter."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "book" / f"{CHAPTER}.ipynb", folder)
    for name, values in SETTINGS.items():
        path = folder / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--expose-app-in-browser", f"--ServerApp.port={port}"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    environ = {
        **os.environ,
        "GANBOOK_BUDGET": "smoke",
        "OMP_NUM_THREADS": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
    }
    log = (folder / "lab.log").open("w")
    server = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=log, stderr=subprocess.STDOUT
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api", server, folder / "lab.log")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(log.read_text())


def test_chapter_runs_and_widget_answers(visit: Visit, lab: str) -> None:
    page = visit.page
    page.set_default_timeout(60_000)
    page.goto(f"{lab}/lab/tree/{CHAPTER}.ipynb")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context")
    page.evaluate(RUN_ALL)
    page.wait_for_function(f"({STATE})().waiting === 0", timeout=180_000)
    assert page.evaluate(STATE)["errors"] == []

    slider = page.locator(".gb-widget input[type=range]").first
    slider.scroll_into_view_if_needed()
    for key, expected in (("End", slider.get_attribute("max")), ("Home", "0")):
        slider.press(key)
        assert slider.input_value() == expected
        assert wait_until_python_has(page, float(expected))
    assert visit.foreign == []


def wait_until_python_has(page: Page, position: float) -> bool:
    """Whether the first widget has the position in the kernel, in a few seconds."""
    for _ in range(40):
        if json.loads(page.evaluate(ASK, POSITIONS))[0] == position:
            return True
        page.wait_for_timeout(250)
    return False


def test_lab_shows_no_raw_directives(visit: Visit, lab: str) -> None:
    """`make lab` renders MyST: a theorem is a box there, not its source."""
    page = visit.page
    page.goto(f"{lab}/lab/tree/{CHAPTER}.ipynb")
    rendered = page.locator(".jp-MarkdownOutput, .myst")
    rendered.first.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    text = " ".join(rendered.all_inner_texts())
    assert "{prf:" not in text
    assert "{cite}" not in text
