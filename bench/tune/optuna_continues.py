"""Python's Optuna opens a study of ours, goes on with it, and ours reads what it added.

    pip install "optuna==5.0.0"
    python bench/tune/optuna_continues.py PAUCAL DATA.csv TARGET     (PAUCAL: the binary)
"""

import json
import subprocess
import sys
import tempfile

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
paucal, data, target = sys.argv[1:]


def objective(trial):
    shrinkage = trial.suggest_float("shrinkage", 0.0, 0.3)
    return 0.5 + 0.1 * shrinkage * (trial.suggest_categorical("marginals", ["empirical", "parametric"]) == "empirical")


with tempfile.TemporaryDirectory() as folder:
    run, url = f"{folder}/run", f"sqlite:///{folder}/run/study.db"
    tune = [paucal, "table", "tune", data, "--target", target, "--model", "gaussian-copula", "--trials", "12"]
    subprocess.run([*tune, "--out", run, "--quiet"], check=True)
    study = optuna.load_study(study_name=None, storage=url)
    ours = len(study.trials)
    assert ours == 12 and study.best_value > 0.5, study.best_value
    study.optimize(objective, n_trials=5)
    assert [t.number for t in study.trials] == list(range(17))
    shown = subprocess.run([paucal, "study", "show", "--storage", url, "--json"], check=True, capture_output=True)
    read = json.loads(shown.stdout)
    assert len(read["trials"]) == 17 and read["best"] == study.best_trial.number
    print(f"Optuna {optuna.__version__} read 12 trials, added 5, and all 17 were read back")
