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
import sys
from pathlib import Path

from sides import HERE, Side, fastest, heading, in_turn, milliseconds, write

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


def row(name, program, threads, rounds):
    """One line of the table."""
    what, target = WORKLOADS[name]
    ours = Side([program, name], threads)
    command = [sys.executable, HERE / "peer.py", name, "--threads", threads]
    theirs, step = fastest([Side(command, threads, waiting) for waiting in ("passive", "active")])
    sides = [ours, theirs]
    in_turn(sides, rounds, max(step, ours.warm_up()), SHARE)
    (a, b), peaks = (side.median() for side in sides), [side.peak() for side in sides]
    for side in sides:
        side.end()
    # Processor time is counted in hundredths of a second, over all steps.
    spent = ours.seconds / theirs.seconds
    cells = [what, milliseconds(a), milliseconds(b), f"{a / b:.2f}", target, f"{spent:.2f}"]
    return f"| {' | '.join(map(str, cells + [f'{p:.0f} MiB' for p in peaks]))} |"


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
    lines = [
        *heading(f"{args.threads} threads on either side", args.rounds),
        "| forward, backward and optimiser step | paucal | PyTorch | ratio | target | ratio of processor times "
        "| peak memory, paucal | PyTorch |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for name in args.workloads or WORKLOADS:
        lines.append(row(name, args.program, args.threads, args.rounds))
        print(lines[-1], flush=True)
    if args.write:
        write("bench/nn", lines)


main()
