"""One job of the Python peer (the `ctgan` package), run as a whole process by run.py.

    peer.py fit    MODEL DATA.csv OUT.pkl --header/--no-header --discrete a,b --epochs N --batch N [--pac N]
    peer.py sample MODEL.pkl ROWS OUT.csv

Prints one JSON line with the seconds spent in the job itself, without importing the packages.
"""

import argparse
import json
import time

import pandas as pd
import torch
from ctgan import CTGAN, TVAE


def fit(args):
    data = pd.read_csv(args.data, header=0 if args.header else None, skipinitialspace=True)
    data.columns = [str(c) for c in data.columns]
    discrete = [c for c in args.discrete.split(",") if c]
    common = {"epochs": args.epochs, "batch_size": args.batch, "enable_gpu": False}
    try:
        model = CTGAN(pac=args.pac, **common) if args.model == "ctgan" else TVAE(**common)
    except TypeError:  # before 0.12 the switch was called cuda
        common["cuda"] = common.pop("enable_gpu")
        model = CTGAN(pac=args.pac, **common) if args.model == "ctgan" else TVAE(**common)
    begun = time.perf_counter()
    model.fit(data, discrete)
    seconds = time.perf_counter() - begun
    model.save(args.out)
    return seconds


def sample(args):
    model = torch.load(args.model, weights_only=False)
    begun = time.perf_counter()
    model.sample(args.rows).to_csv(args.out, index=False)
    return time.perf_counter() - begun


parser = argparse.ArgumentParser()
jobs = parser.add_subparsers(required=True)
job = jobs.add_parser("fit")
job.add_argument("model", choices=["ctgan", "tvae"])
job.add_argument("data")
job.add_argument("out")
job.add_argument("--header", action=argparse.BooleanOptionalAction, default=True)
job.add_argument("--discrete", default="")
job.add_argument("--epochs", type=int, required=True)
job.add_argument("--batch", type=int, default=500)
job.add_argument("--pac", type=int, default=10)
job.set_defaults(run=fit)
job = jobs.add_parser("sample")
job.add_argument("model")
job.add_argument("rows", type=int)
job.add_argument("out")
job.set_defaults(run=sample)
args = parser.parse_args()
print(json.dumps({"seconds": args.run(args)}))
