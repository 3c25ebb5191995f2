"""Times paucal against the Python `ctgan` package, side by side on this machine, and prints ratios.

    python -m venv venv && venv/bin/pip install ctgan
    cargo build --release
    venv/bin/python bench/table/run.py --data FOLDER [--rounds 3] [--quick]

FOLDER holds adult-train.csv and wdbc.data (UCI, without headers). Every job is a whole process; the two programs
alternate, and each figure is a median over the rounds. The time of one optimiser step is the difference between a
long and a short fit over the difference in steps, so that start-up, reading and transforms cancel out.
Peak memory is the maximum resident set of the process.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ADULT_DISCRETE = [1, 3, 5, 6, 7, 8, 9, 13, 14]
ADULT_ROWS, WDBC_ROWS = 32561, 569


def timed(command):
    """Wall seconds and peak memory (MiB) of a process; stops the benchmark when it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if status:
        sys.exit(f"{' '.join(map(str, command))}\n{err.decode()}{out.decode()}")
    return seconds, usage.ru_maxrss / 1024


class Peer:
    name = "python ctgan"

    def __init__(self, folder):
        self.folder = folder

    def fit(self, model, data, discrete, rows, steps, batch, pac):
        epochs = max(1, round(steps / max(1, rows // batch)))
        out = self.folder / f"{model}.pkl"
        command = [sys.executable, HERE / "peer.py", "fit", model, data, out, "--no-header", "--epochs", epochs]
        command += ["--batch", batch, "--pac", pac, "--discrete", ",".join(map(str, discrete))]
        # TVAE keeps the last partial batch of an epoch, CTGAN drops it.
        per_epoch = -(-rows // batch) if model == "tvae" else max(1, rows // batch)
        return (*timed(list(map(str, command))), epochs * per_epoch, out)

    def sample(self, model, rows):
        return timed(list(map(str, [sys.executable, HERE / "peer.py", "sample", model, rows, self.folder / "s.csv"])))


class Ours:
    name = "paucal"

    def __init__(self, folder):
        self.folder = folder
        self.binary = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "paucal"

    def fit(self, model, data, discrete, rows, steps, batch, pac):
        out = self.folder / f"{model}.run"
        command = [self.binary, "table", "fit", data, "--model", model, "--header", "none", "--steps", steps]
        command += ["--set", f"{model}.batch={batch}", "--out", out, "--overwrite", "--quiet"]
        if model == "ctgan":
            command += ["--set", f"ctgan.pac={pac}"]
        return (*timed(list(map(str, command))), steps, out)

    def sample(self, model, rows):
        command = [self.binary, "table", "sample", model, "-n", rows, "-o", self.folder / "s.csv", "--quiet"]
        return timed(list(map(str, command)))


def machine():
    """The processor by name, the number of cores, the versions that are compared, the date."""
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    versions = ", ".join(f"{name} {version(name)}" for name in ["ctgan", "torch"])
    python = f"Python {platform.python_version()}, {versions}"
    return f"{time.strftime('%Y-%m-%d')}, {names[0] if names else platform.machine()}, {os.cpu_count()} cores; {python}"


def median(values):
    return statistics.median(values)


def per_step(sides, model, data, rounds, short, long):
    """Seconds of one optimiser step and peak memory on Adult, for each side."""
    seconds = {side.name: [] for side in sides}
    memory = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            t1, _, n1, _ = side.fit(model, data, ADULT_DISCRETE, ADULT_ROWS, short, 500, 10)
            t2, peak, n2, _ = side.fit(model, data, ADULT_DISCRETE, ADULT_ROWS, long, 500, 10)
            seconds[side.name].append((t2 - t1) / (n2 - n1))
            memory[side.name].append(peak)
    return seconds, memory


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="fewer steps, for a first look")
    args = parser.parse_args()
    adult, wdbc = args.data / "adult-train.csv", args.data / "wdbc.data"
    short, long = (65, 195) if args.quick else (65, 455)
    wdbc_steps = 500 if args.quick else 3000
    rows = []

    def report(what, unit, ours, peer, target):
        a, b = median(ours), median(peer)
        rows.append({"what": what, "unit": unit, "paucal": a, "python": b, "ratio": a / b, "target": target})
        print(f"| {what} | {a:.4g} {unit} | {b:.4g} {unit} | {a / b:.3f} | {target} |", flush=True)

    print(f"{machine()}; medians of {args.rounds} rounds\n")
    print("| | paucal | python ctgan | ratio | target |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = Ours(Path(folder)), Peer(Path(folder))
        for model in ["ctgan", "tvae"]:
            seconds, memory = per_step([ours, peer], model, adult, args.rounds, short, long)
            report(f"{model}: optimiser step, Adult, batch 500", "s", seconds[ours.name], seconds[peer.name], 0.6)
            report(f"{model}: peak memory of that fit", "MiB", memory[ours.name], memory[peer.name], 1.0)
        for model in ["ctgan", "tvae"]:
            seconds = {ours.name: [], peer.name: []}
            for _ in range(args.rounds):
                for side in [ours, peer]:
                    seconds[side.name].append(side.fit(model, wdbc, [1], WDBC_ROWS, wdbc_steps, 100, 5)[0])
            what = f"{model}: whole fit, WDBC, {wdbc_steps} steps, batch 100"
            report(what, "s", seconds[ours.name], seconds[peer.name], 0.3)
        for model in ["ctgan", "tvae"]:
            fitted = {side.name: side.fit(model, adult, ADULT_DISCRETE, ADULT_ROWS, 65, 500, 10)[3] for side in [ours, peer]}
            seconds = {ours.name: [], peer.name: []}
            for _ in range(args.rounds):
                for side in [ours, peer]:
                    seconds[side.name].append(side.sample(fitted[side.name], 100_000)[0])
            report(f"{model}: 100,000 rows sampled and written, Adult", "s", seconds[ours.name], seconds[peer.name], 0.5)
    print(json.dumps(rows))


main()
