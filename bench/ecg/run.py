"""Times `paucal ecg prepare` against NumPy, SciPy and NeuroKit2, side by side on this machine.

    python -m venv venv && venv/bin/pip install neurokit2 scikit-learn pandas pyarrow
    cargo build --release
    venv/bin/python bench/ecg/run.py --data MITDB [--rounds 3]

MITDB is the folder of the records of the MIT-BIH Arrhythmia Database. Every job is a whole process that reads the
records and annotations, finds the beats with a detector, prepares and writes them; the two programs alternate, and each
figure is a median over the rounds. Peak memory is the maximum resident set of the process; processor time holds
when others use the machine as well.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def timed(command):
    """Wall and processor seconds and peak memory (MiB) of a process; stops the benchmark when it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if status:
        sys.exit(f"{' '.join(map(str, command))}\n{error.decode()}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    binary = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "paucal"
    folder = Path(tempfile.mkdtemp())
    prepare = [binary, "ecg", "prepare", arguments.data, "--out", folder / "ours", "--overwrite", "--quiet"]
    light = ["--set", "ecg.prepare.beats.peaks=detector", "--set", "ecg.prepare.paced=keep"]
    peer = lambda mode: [sys.executable, HERE / "peer.py", mode, arguments.data, folder / "theirs"]
    pairs = {
        "steps of the first description": (prepare + ["--compat", "spec"], peer("spec")),
        "default steps": (prepare + light, peer("default")),
    }
    versions = ", ".join(f"{name} {version(name)}" for name in ("neurokit2", "numpy", "pandas", "pyarrow", "scipy", "scikit-learn"))
    print(f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}")
    print(f"records {len(list(arguments.data.glob('*.hea')))}, rounds {arguments.rounds}, medians")
    for name, commands in pairs.items():
        runs = [[timed(command) for command in commands] for _ in range(arguments.rounds)]
        figure = lambda side, which: statistics.median(run[side][which] for run in runs)
        for side, program in enumerate(("paucal", "python")):
            memory = max(run[side][2] for run in runs)
            print(f"{name}: {program} {figure(side, 0):.2f} s ({figure(side, 1):.2f} s of processor time, {memory:.0f} MiB)")
        ratios = (figure(1, which) / figure(0, which) for which in (0, 1))
        print("    python / paucal {:.1f}, of processor time {:.1f}".format(*ratios), flush=True)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
