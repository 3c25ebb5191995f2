"""Densities of Optuna's TPE for fixed trials at fixed points: tpe.py OUT.json   (pip install optuna==5.0.0)"""

import json
import math
import random
import sys

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json
from optuna.samplers import TPESampler
from optuna.samplers._tpe.sampler import _split_trials, default_gamma
from optuna.trial import TrialState, create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)

# Which of two equal observations gets which kernel width depends on the order of a sort that is not stable by default.
argsort = np.argsort
np.argsort = lambda values, kind="stable", **rest: argsort(values, kind=kind, **rest)

SPACE = {
    "rate": FloatDistribution(1e-5, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.6),
    "share": FloatDistribution(0.0, 1.0, step=0.05),
    "batch": IntDistribution(16, 500, step=4),
    "units": IntDistribution(8, 512, log=True),
    "activation": CategoricalDistribution(["relu", "tanh", "silu"]),
}


def draw(rng):
    return {
        "rate": math.exp(rng.uniform(math.log(1e-5), math.log(1e-1))),
        "dropout": rng.uniform(0.0, 0.6),
        "share": rng.randrange(21) * 0.05,
        "batch": 16 + 4 * rng.randrange(122),
        "units": int(math.exp(rng.uniform(math.log(8), math.log(512)))),
        "activation": rng.choice(["relu", "tanh", "silu"]),
    }


def case(count, direction, rng):
    study = optuna.create_study(direction=direction)
    trials = []
    for i in range(count):
        params = draw(rng)
        state = TrialState.PRUNED if i % 7 == 3 else TrialState.RUNNING if i % 11 == 5 else TrialState.COMPLETE
        reports = {step: rng.gauss(0, 1) for step in range(rng.randrange(4))} if state == TrialState.PRUNED else {}
        value = rng.gauss(0, 1) if state == TrialState.COMPLETE else None
        trial = create_trial(params=params, distributions=SPACE, value=value, state=state, intermediate_values=reports)
        study.add_trial(trial)
        internal = {k: SPACE[k].to_internal_repr(v) for k, v in params.items()}
        trials.append({"state": state.name, "value": value, "reports": sorted(reports.items()), "parameters": internal})
    sampler = TPESampler()
    stored = study.get_trials(deepcopy=False)
    finished = sum(t.state != TrialState.RUNNING for t in stored)
    below, above = _split_trials(study, stored, default_gamma(finished))
    out = {"count": count, "direction": direction, "trials": trials, "good": [t.number for t in below], "checks": []}
    for names in [list(SPACE), ["units"], ["share", "activation"]]:
        space = {name: SPACE[name] for name in names}
        low = sampler._build_parzen_estimator(study, space, below, True)
        high = sampler._build_parzen_estimator(study, space, above, False)
        for _ in range(8):
            params = draw(rng)
            point = {k: SPACE[k].to_internal_repr(params[k]) for k in names}
            samples = {k: np.array([v]) for k, v in point.items()}
            pair = [float(low.log_pdf(samples)[0]), float(high.log_pdf(samples)[0])]
            out["checks"].append({"point": point, "ln_density": pair})
    return out


rng = random.Random(7)
cases = [case(count, direction, rng) for count, direction in [(3, "minimize"), (31, "maximize"), (140, "minimize")]]
space = {name: distribution_to_json(distribution) for name, distribution in SPACE.items()}
json.dump({"optuna": optuna.__version__, "space": space, "cases": cases}, open(sys.argv[1], "w"), indent=0)
