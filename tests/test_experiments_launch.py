import os
import subprocess
import sys

from ganbook.experiments import launch

OPTIONS = ["--game", "dense", "--batch-size", "8", "--every", "2"]


def test_torchrun_starts_it_and_one_process_goes_on(tmp_path, capsys):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    program = ["--nproc-per-node", "2", "-m", "ganbook.experiments.launch"]
    done = subprocess.run(
        [*torchrun, *program, *OPTIONS, "--folder", tmp_path, "--steps", "4"],
        env=os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith("step")]
    assert [line[: line.index(":")] for line in said] == [
        "step 2 on 2 x cpu",
        "step 4 on 2 x cpu",
    ]
    launch.main([*OPTIONS, "--folder", str(tmp_path), "--steps", "5"])
    said = capsys.readouterr().out
    assert "step 5 on 1 x " in said and "step 4" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.safetensors",
        "samples.png",
    ]
