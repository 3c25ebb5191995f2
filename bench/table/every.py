"""Fits every generator to every table and draws rows from it, with defaults and no manual step.

    cargo build --release
    python bench/table/every.py --data FOLDER [--steps 50] [--seconds 60] [--models a,b] [--tables a,b]

FOLDER holds the tables named below as their sources give them. Two more are made from Adult: its first 60 rows, and
50,000 rows drawn from it with replacement. Prints one line per model and table: processor seconds of the fit, what
happened, and the message where something failed. A fit that takes longer than `--seconds` is stopped with Ctrl-C, which
must end it cleanly; the share of its steps that was done then gives the time it would have taken. `--steps` shortens the
fits of networks, to look at failures rather than at times.
"""

import argparse
import csv
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "paucal"
TABLES = {
    "wdbc": ("wdbc.data", "c1"),
    "alzheimer": ("alzheimers_disease_data.csv", "Diagnosis"),
    "pima": ("pima-indians-diabetes.csv", "c8"),
    "heart": ("heart_disease_uci.csv", "num"),
    "cervical": ("kag_risk_factors_cervical_cancer.csv", "Biopsy"),
    "kidney": ("kidney_disease.csv", "class"),
    "adult-60": ("adult-60.csv", "c14"),
    "adult-50000": ("adult-50000.csv", "c14"),
}
DRAWN = 500


def adult(data, folder):
    """The two tables that are made from Adult."""
    with open(data / "adult-train.csv", newline="") as file:
        rows = [row for row in csv.reader(file, skipinitialspace=True) if row]
    drawn = random.Random(1).choices(rows, k=50_000)
    for name, part in [("adult-60.csv", rows[:60]), ("adult-50000.csv", drawn)]:
        with open(folder / name, "w", newline="") as file:
            csv.writer(file).writerows(part)


def models():
    """Names of all methods, and those that have steps."""
    listing = subprocess.run([BINARY, "models", "--json"], capture_output=True, text=True, check=True).stdout
    found = json.loads(listing)
    found = found if isinstance(found, list) else found["models"]
    names = [model["name"] for model in found]
    return names, {m["name"] for m in found if any(p["name"] == "steps" for p in m["parameters"])}


def run(command, seconds=None):
    """Exit status, processor seconds and the last lines on standard error; asks for an end after `seconds`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        _, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return process.returncode, used, " ".join(err.split())


def progress(folder):
    """Steps done and to do of a fit that was stopped; networks keep the former in their checkpoint."""
    events, checkpoint = folder / "events.jsonl", folder / "checkpoint" / "checkpoint.json"
    started = [json.loads(line) for line in open(events) if '"started"' in line] if events.exists() else []
    done = json.loads(checkpoint.read_text())["step"] if checkpoint.exists() else 0
    return done, started[-1].get("total") if started else None


def rows_of(path, source):
    """Rows of a table, which has a header where its source has one."""
    with open(path, newline="") as file, open(source, newline="") as like:
        rows = list(csv.reader(file))
        return len(rows) - (rows[0] == next(csv.reader(like)))


def look(model, table, source, target, folder, args, has_steps):
    """One fit and one draw: processor seconds and what happened."""
    out, drawn = folder / f"{model}-{table}", folder / f"{model}-{table}.csv"
    command = [BINARY, "table", "fit", source, "--target", target, "--model", model, "--out", out, "--overwrite", "--quiet"]
    # What smote-nc fits is made of the training rows, so it is saved only if that is asked for.
    command += ["--set", "smote-nc.keep_rows=true"] if model == "smote-nc" else []
    if args.steps and has_steps:
        command += ["--steps", args.steps]
    status, used, message = run(command, args.seconds)
    if status == 130:
        done, total = progress(out)
        estimate = f" at step {done} of {total}: all would take about {used * total / done:.0f} s" if done else ""
        return used, f"stopped{estimate}"
    if status:
        return used, f"FAILED ({status}): {message}"
    status, _, message = run([BINARY, "table", "sample", out, "-n", DRAWN, "-o", drawn, "--quiet"], 300)
    if status:
        return used, f"FAILED to draw ({status}): {message}"
    found = rows_of(drawn, source)
    return used, f"ok, {found} rows" if found == DRAWN else f"FAILED: {found} rows"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=0, help="steps of networks; 0: their defaults")
    parser.add_argument("--seconds", type=float, default=60, help="longest time of a fit")
    parser.add_argument("--models", default="")
    parser.add_argument("--tables", default=",".join(TABLES))
    args = parser.parse_args()
    names, with_steps = models()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        adult(args.data, folder)
        print("| model | table | processor time | |\n|---|---|---|---|")
        for table in args.tables.split(","):
            name, target = TABLES[table]
            source = folder / name if (folder / name).exists() else args.data / name
            for model in args.models.split(",") if args.models else names:
                used, what = look(model, table, source, target, folder, args, model in with_steps)
                failed += what.startswith("FAILED")
                print(f"| {model} | {table} | {used:.1f} s | {what} |", flush=True)
    sys.exit(1 if failed else 0)


main()
