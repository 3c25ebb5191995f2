"""Optuna's PED-ANOVA importances for fixed trials: importance.py OUT.json   (pip install optuna==5.0.0)"""

import json
import math
import random
import sys
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json
from optuna.trial import create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")

SPACE = {
    "rate": FloatDistribution(1e-5, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.6),
    "share": FloatDistribution(0.0, 1.0, step=0.05),
    "batch": IntDistribution(16, 500, step=4),
    "units": IntDistribution(8, 512, log=True),
    "activation": CategoricalDistribution(["relu", "tanh", "silu"]),
}
rng = random.Random(3)
study = optuna.create_study(direction="maximize")
trials = []
for i in range(120):
    params = {
        "rate": math.exp(rng.uniform(math.log(1e-5), math.log(1e-1))),
        "dropout": rng.uniform(0.0, 0.6),
        "share": rng.randrange(21) * 0.05,
        "batch": 16 + 4 * rng.randrange(122),
        "units": int(math.exp(rng.uniform(math.log(8), math.log(512)))),
        "activation": rng.choice(["relu", "tanh", "silu"]),
    }
    if i % 3 == 0:
        del params["dropout"]
    value = -abs(math.log10(params["rate"]) + 3) + (params["activation"] == "tanh") + 0.2 * rng.gauss(0, 1)
    distributions = {name: SPACE[name] for name in params}
    study.add_trial(create_trial(params=params, distributions=distributions, value=value))
    trials.append({"value": value, "parameters": {k: SPACE[k].to_internal_repr(v) for k, v in params.items()}})
space = {name: distribution_to_json(distribution) for name, distribution in SPACE.items()}
out = {"optuna": optuna.__version__, "space": space, "trials": trials, "shares": optuna.importance.get_param_importances(study)}
json.dump(out, open(sys.argv[1], "w"), indent=0)
