"""Quality of generators on the Wisconsin diagnostic table: fit, sample, judge on held-out rows, over seeds.

    cargo build --release
    python bench/table/quality.py --data FOLDER [--seeds 1,2,3] [--models independent,ganeraid,ctgan:dropout=0.0]

FOLDER holds wdbc.data (UCI). A seed decides the 70/30 split, every class in proportion, the fit and the draw of as
many rows as there are training rows. Choose settings on other seeds than those that are reported.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "paucal"
NAMED = "independent,ctgan,tvae,copulagan,tablegan,ganeraid"


def split(source, seed, folder):
    """Files of training and held-out rows, and the number of the former."""
    with open(source, newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    stream, parts = random.Random(seed), ([], [])
    for level in ["B", "M"]:
        members = [row for row in rows if row[1] == level]
        stream.shuffle(members)
        cut = round(0.7 * len(members))
        parts[0].extend(members[:cut])
        parts[1].extend(members[cut:])
    header = ["id", "diagnosis", *(f"f{i}" for i in range(30))]
    paths = folder / f"train-{seed}.csv", folder / f"test-{seed}.csv"
    for path, part in zip(paths, parts):
        stream.shuffle(part)
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows([header, *part])
    return *paths, len(parts[0])


def run(*command):
    """Runs a command of the program; its processor seconds."""
    process = subprocess.Popen(list(map(str, [BINARY, "table", *command, "--quiet"])))
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return usage.ru_utime + usage.ru_stime


def look(spec, seed, parts, folder):
    """Similarity, accuracy, TSTR macro-F1 and processor seconds of one fit."""
    name, _, settings = spec.partition(":")
    train, test, rows = parts
    model, drawn, judged = folder / "model", folder / "drawn.csv", folder / "judged"
    own = [word for setting in settings.split(",") if setting for word in ("--set", f"{name}.{setting}")]
    target, common = ["--target", "diagnosis"], ["--seed", seed, "--overwrite"]
    seconds = run("fit", train, *target, "--model", name, "--out", model, *common, *own)
    run("sample", model, "-n", rows, "--seed", seed, "-o", drawn)
    run("judge", "--real", train, "--synthetic", drawn, "--holdout", test, *target, "--out", judged, *common)
    result = json.loads((judged / "result.json").read_text())
    objective = result["objective"]
    return objective["similarity"], objective["accuracy"], result["utility"]["tstr"]["macro_f1"], seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--models", default=NAMED, help="several settings of one model are joined with ';'")
    args = parser.parse_args()
    print("| model | similarity | accuracy | TSTR macro-F1 | processor time of the fit |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        splits = {seed: split(args.data / "wdbc.data", seed, folder) for seed in map(int, args.seeds.split(","))}
        for spec in args.models.split(","):
            spec = spec.replace(";", ",")
            found = [look(spec, seed, parts, folder) for seed, parts in splits.items()]
            columns = [", ".join(f"{row[i]:.3f}" for row in found) for i in range(3)]
            seconds = sum(row[3] for row in found) / len(found)
            print(f"| {spec} | {' | '.join(columns)} | {seconds:.1f} s |", flush=True)


main()
