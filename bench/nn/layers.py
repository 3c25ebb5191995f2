"""Single layers, forward and backward, with one thread and with two: Paucal and PyTorch in turn, in one run.

    cargo build --release -p paucal-nn --example nn_steps
    python bench/nn/layers.py --program target/release/examples/nn_steps [--rounds 5] [--write] [LAYER ...]

The layers are those of `layers.json`. The gradients of parameters and input are taken from a given gradient of the output.
PyTorch is given the way of waiting and, for images, the order of memory that is faster. Prints medians, the ratio at two
threads, and how many times faster two threads are than one in their fastest steps, when the machine gives both cores;
`--write` puts the table into BENCHMARKS.md.
"""

import argparse
import itertools
import json
import sys
from pathlib import Path

from sides import HERE, Side, fastest, heading, in_turn, milliseconds, write

LAYERS = {layer["name"]: layer for layer in json.loads((HERE / "layers.json").read_text())}
# What each side is given per round, in seconds of the slowest one.
SHARE = 0.25


def peer(name, threads):
    """PyTorch as fast as it goes, and how long it takes."""
    command = [sys.executable, HERE / "layer_peer.py", name, "--threads", threads, "--channels-last"]
    orders = ["yes", "no"] if len(LAYERS[name].get("size", [])) == 2 else ["no"]
    ways = itertools.product(orders, ["passive", "active"])
    return fastest([Side([*command, last], threads, waiting) for last, waiting in ways])


def row(name, program, rounds):
    """One line of the table."""
    ours = [Side([program, f"layer:{name}"], threads) for threads in (1, 2)]
    theirs, steps = zip(*(peer(name, threads) for threads in (1, 2)))
    sides = [*ours, *theirs]
    in_turn(sides, rounds, max(*steps, *(side.warm_up() for side in ours)), SHARE)
    a, b = (side.median() for side in (ours[1], theirs[1]))
    gains = (min(one.times) / min(two.times) for one, two in (ours, theirs))
    for side in sides:
        side.end()
    cells = [LAYERS[name]["what"], milliseconds(a), milliseconds(b), f"{a / b:.2f}", *(f"{gain:.2f}" for gain in gains)]
    return f"| {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("layers", nargs="*", metavar="LAYER", help=f"of {', '.join(LAYERS)}; all by default")
    args = parser.parse_args()
    unknown = set(args.layers) - LAYERS.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    lines = [
        *heading("1 and 2 threads", args.rounds),
        "| forward and backward | paucal | PyTorch | ratio | two threads over one, paucal | PyTorch |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for name in args.layers or LAYERS:
        lines.append(row(name, args.program, args.rounds))
        print(lines[-1], flush=True)
    if args.write:
        write("bench/nn/layers", lines)


main()
