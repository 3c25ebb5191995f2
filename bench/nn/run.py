"""Training steps of Paucal and PyTorch in turn, in one run: time, processor time and peak memory.

    cargo build --release -p paucal-nn --example nn_steps
    python bench/nn/run.py --program target/release/examples/nn_steps [--threads 2] [--rounds 10] [--write] [WORKLOAD ...]

Both sides are processes that make as many steps as they are asked for (`peer.py` says what a step is); here they are asked in
turn, after a warm-up. Prints the medians of all steps, their ratio, the ratio of the processor time of all steps, and the peak
memory of the processes, libraries included (Linux). `--write` puts the table into BENCHMARKS.md between its markers.

PyTorch's threads wait for each other in a loop, or asleep with OMP_WAIT_POLICY=passive, which is several times faster where
other programs run beside. The warm-up tries both and keeps the faster.
"""

import argparse
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHMARKS = HERE.parent.parent / "BENCHMARKS.md"
MARKERS = "<!-- bench/nn -->", "<!-- /bench/nn -->"
# What each side is given per round, in seconds of the slower one.
SHARE = 0.5

# What a step is, and the ratio of the times that is wanted at most.
WORKLOADS = {
    "ctgan-critic": ("CTGAN critic step with gradient penalty, 50 × 1000 pac input, 256-256", 0.6),
    "ctgan-generator": ("CTGAN generator step, batch 500, 150 → 256 → 256 → 100", 0.7),
    "tvae": ("TVAE step, batch 500", 0.7),
    "ecg-hybrid": ("ECG hybrid network step, batch 128 × 5 beats × 170 samples", 0.8),
    "autoencoder": ("LSTM autoencoder of vital signs, batch 32 × 4 × 256", 0.8),
    "critic-1d": ("1-D WGAN-GP critic step with penalty, batch 32 × 2 × 1200", 1.0),
    "critic-2d": ("2-D WGAN-GP critic step with penalty, batch 16 × 3 × 64 × 64", 1.1),
    "resnet-50": ("ResNet-50 training step, batch 8 × 3 × 224 × 224", 1.3),
}


class Side:
    """One process that makes steps."""

    def __init__(self, command, threads, waiting="passive"):
        environment = os.environ | {"RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        environment["OMP_WAIT_POLICY"] = waiting
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.times, self.seconds = [], 0.0

    def steps(self, count):
        """Milliseconds of each of so many steps. In between the process is stopped: threads that wait in a loop would take
        a core from the other side."""
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        times = [float(v) for v in self.process.stdout.readline().split()]
        self.process.send_signal(signal.SIGSTOP)
        if len(times) != count:
            sys.exit(f"{' '.join(map(str, self.process.args))} has ended")
        return times

    def measure(self, count):
        before = self.processor_time()
        self.times += self.steps(count)
        self.seconds += self.processor_time() - before

    def processor_time(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        """Peak memory in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def warm_up(self):
        """Milliseconds of a step, the first of which are not counted."""
        first = self.steps(2)[1]
        return statistics.median(self.steps(5)) if first < 500 else first

    def end(self):
        self.process.stdin.close()
        self.process.send_signal(signal.SIGCONT)
        self.process.wait()


def peer(name, threads):
    """PyTorch waiting in the way that is faster, and how long it takes."""
    command = [sys.executable, HERE / "peer.py", name, "--threads", threads]
    tried = [Side(command, threads, waiting) for waiting in ("passive", "active")]
    times = [side.warm_up() for side in tried]
    kept = times.index(min(times))
    tried.pop(1 - kept).end()
    return tried[0], times[kept]


def row(name, program, threads, rounds):
    """One line of the table."""
    what, target = WORKLOADS[name]
    ours = Side([program, name], threads)
    theirs, step = peer(name, threads)
    sides = [ours, theirs]
    count = max(2, min(200, round(SHARE * 1e3 / max(step, ours.warm_up()))))
    for _ in range(rounds):
        for side in sides:
            side.measure(count)
    a, b = (statistics.median(side.times) for side in sides)
    peaks = [side.peak() for side in sides]
    for side in sides:
        side.end()
    # Processor time is counted in hundredths of a second, over all steps.
    spent = ours.seconds / theirs.seconds
    a_ms, b_ms = (f"{v:.0f} ms" if v >= 100 else f"{v:.3g} ms" for v in (a, b))
    cells = [what, a_ms, b_ms, f"{a / b:.2f}", target, f"{spent:.2f}", *(f"{p:.0f} MiB" for p in peaks)]
    return f"| {' | '.join(map(str, cells))} |"


def machine():
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{time.strftime('%Y-%m-%d')}, {names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def write(lines):
    """Replaces what stands between the markers."""
    text = BENCHMARKS.read_text()
    start, end = (text.index(marker) for marker in MARKERS)
    BENCHMARKS.write_text(f"{text[:start]}{MARKERS[0]}\n" + "\n".join(lines) + f"\n{text[end:]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}; all by default")
    args = parser.parse_args()
    unknown = set(args.workloads) - WORKLOADS.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    # How busy the machine is with other work is part of the result.
    load = os.getloadavg()[0]
    lines = [
        f"{machine()}; Python {platform.python_version()}, torch {version('torch')}, eager; {args.threads} threads on either side;",
        f"medians of {args.rounds} rounds in turn; {load:.1f} processes were running before the first.",
        "",
        "| forward, backward and optimiser step | paucal | PyTorch | ratio | target | ratio of processor times "
        "| peak memory, paucal | PyTorch |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for name in args.workloads or WORKLOADS:
        lines.append(row(name, args.program, args.threads, args.rounds))
        print(lines[-1], flush=True)
    if args.write:
        write(lines)


main()
