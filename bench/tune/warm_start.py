"""Does it pay to begin a search with what was best on other tables?

    cargo build --release
    python bench/tune/warm_start.py --data FOLDER [--models arf,cart] [--tables wdbc,pima] [--earlier 20] [--trials 10] [--seeds 3]

Every table is left out in turn: searches on the others are the earlier studies, and searches on the table itself begin
without them (cold) and with them (warm, `--warm-start`). Prints, for each model and table, the mean over seeds of the best
objective so far after a few and after all trials, cold and warm, and at the end the mean difference with a 95 % interval
over tables and seeds. FOLDER holds the tables named in bench/table/every.py.
"""

import argparse
import csv
import math
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "paucal"
TABLES = {
    "wdbc": ("wdbc.data", "c1"),
    "pima": ("pima-indians-diabetes.csv", "c8"),
    "heart": ("heart_disease_uci.csv", "num"),
    "cervical": ("kag_risk_factors_cervical_cancer.csv", "Biopsy"),
    "kidney": ("kidney_disease.csv", "class"),
    "alzheimer": ("alzheimers_disease_data.csv", "Diagnosis"),
}
EARLY = 4


def search(data, table, model, trials, seed, storage, folder, warm=None):
    """Best objective so far after each trial of a search."""
    file, target = TABLES[table]
    command = [BINARY, "table", "tune", data / file, "--target", target, "--model", model, "--trials", trials, "--seed", seed]
    command += ["--storage", storage, "--study", f"{table}-{seed}-{'warm' if warm else 'cold'}", "--out", folder / "run"]
    command += ["--overwrite", "--quiet", "--set", "tune.finalists=0", *(["--warm-start", warm] if warm else [])]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    best, course = -math.inf, []
    with open(folder / "run" / "tables" / "trials.csv", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["State"] == "complete":
                best = max(best, float(row["Objective"]))
            course.append(best)
    return course


def without(studies, table, copy):
    """A copy of a storage in which the studies of a table no longer say what they were about, so that none is used."""
    shutil.copy(studies, copy)
    with sqlite3.connect(copy) as storage:
        named = "SELECT study_id FROM studies WHERE study_name LIKE ?"
        storage.execute(f"DELETE FROM study_user_attributes WHERE study_id IN ({named})", (f"{table}-%",))
    return f"sqlite:///{copy}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", default="arf,cart")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--earlier", type=int, default=20)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    tables, gains = args.tables.split(","), {EARLY: [], args.trials: []}
    print(f"| model | table | after {EARLY}, cold | warm | after {args.trials}, cold | warm |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for model in args.models.split(","):
            for table in tables:
                search(args.data, table, model, args.earlier, 0, f"sqlite:///{folder}/{model}.db", folder)
            for table in tables:
                earlier = without(folder / f"{model}.db", table, folder / f"{model}-without-{table}.db")
                cells = []
                means = {True: [], False: []}
                for seed in range(1, args.seeds + 1):
                    own = f"sqlite:///{folder}/own-{model}-{table}-{seed}.db"
                    course = {w: search(args.data, table, model, args.trials, seed, own, folder, earlier if w else None) for w in (False, True)}
                    for at in gains:
                        gains[at].append(course[True][at - 1] - course[False][at - 1])
                    for warm in course:
                        means[warm].append(course[warm])
                for at in gains:
                    for warm in (False, True):
                        cells.append(f"{sum(c[at - 1] for c in means[warm]) / args.seeds:.4f}")
                print(f"| {model} | {table} | {' | '.join(cells)} |", flush=True)
    for at, found in gains.items():
        mean = sum(found) / len(found)
        deviation = math.sqrt(sum((g - mean) ** 2 for g in found) / (len(found) - 1))
        print(f"gain after {at} trials: {mean:+.4f} ± {1.96 * deviation / math.sqrt(len(found)):.4f} ({len(found)} pairs)")


main()
