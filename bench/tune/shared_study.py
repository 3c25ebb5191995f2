"""Several of ours and several of Python's work on one study at once; one of ours is killed in mid-trial, twice.

    pip install "optuna==5.0.0" psycopg
    python bench/tune/shared_study.py PAUCAL DATA.csv TARGET STORAGE…

PAUCAL is the binary; each STORAGE is an address in Optuna's spelling of a place that is still empty, for example
sqlite:///shared.db, journal:///shared.log or postgresql+psycopg://USER@HOST/DATABASE. The tables of the first of a kind
are made by us, those of the next by Python. What is checked: no trial is lost, doubled or misnumbered, every enqueued
trial is run once, the trial of a killed worker is begun again by the others, ours or Python's, and both read the same.
Takes about three minutes per storage, most of which are waits for the silence after which a worker counts as dead.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import warnings

import optuna
from optuna.storages import JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
STUDY, BUDGET, OURS, PYTHONS, EACH, ENQUEUED = "shared", 60, 3, 3, 8, 6


def opened(address):
    if address.startswith("journal:///"):
        return JournalStorage(JournalFileBackend(address.removeprefix("journal:///")))
    # Our heartbeats come every 20 s.
    return RDBStorage(
        address,
        heartbeat_interval=15,
        grace_period=30,
        heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=2),
    )


def load(address):
    return optuna.load_study(study_name=STUDY, storage=opened(address))


def objective(trial):
    shrinkage = trial.suggest_float("shrinkage", 0.0, 0.3)
    kind = trial.suggest_categorical("marginals", ["empirical", "parametric"])
    trial.set_user_attr("python", True)
    trial.report(shrinkage, 0)
    time.sleep(0.2)
    return 0.5 + 0.1 * shrinkage * (kind == "empirical")


def python_worker(address, out):
    study, done = load(address), []
    study.optimize(objective, n_trials=EACH, callbacks=[lambda _, trial: done.append((trial.number, trial.value))])
    out.put(done)


def check(trials, ran):
    """Whatever anybody ran is there, once, under its number."""
    assert [t.number for t in trials] == list(range(len(trials))), "numbers"
    for number, value in ran:
        assert trials[number].state == TrialState.COMPLETE and trials[number].value == value, trials[number]
    assert len(ran) == len({number for number, _ in ran}) == sum("python" in t.user_attrs for t in trials)


def share(paucal, data, target, address, python_first):
    def run(*arguments):
        shown = subprocess.run([paucal, *arguments, "--json", "--quiet"], check=True, capture_output=True, text=True)
        return json.loads(shown.stdout)

    def worker():
        command = [paucal, "study", "worker", "--storage", address, "--study", STUDY, data, "--workers", "1", "--json"]
        return subprocess.Popen([*command, "--quiet"], stdout=subprocess.PIPE, text=True)

    def kill_in_mid_trial(victim, known):
        """Kills when a trial is running that was not there before."""
        study = load(address)
        while True:
            running = [t.number for t in study.get_trials(deepcopy=False, states=[TrialState.RUNNING])]
            if len(study.get_trials(deepcopy=False)) > known and running:
                break
        victim.kill()
        victim.wait()

    def tune(trials, seconds):
        with tempfile.TemporaryDirectory() as out:
            search = ["table", "tune", data, "--target", target, "--model", "gaussian-copula", "--seed", "3"]
            quick = ["--set", "tune.trees=20", "--set", "judge.trees=10", "--timeout", str(seconds)]
            run(*search, *quick, "--trials", str(trials), "--storage", address, "--study", STUDY, "--out", f"{out}/run")

    if python_first:
        optuna.create_study(study_name="made by Python", storage=opened(address))
    tune(4, 600)
    tune(BUDGET, "0.000001")
    study = load(address)
    assert len(study.trials) == 4 and study.best_value > 0.5
    for i in range(ENQUEUED):
        study.enqueue_trial({"shrinkage": 0.01 * (i + 1), "marginals": "parametric"})

    # All at once; one of ours dies.
    out = multiprocessing.Queue()
    pythons = [multiprocessing.Process(target=python_worker, args=(address, out)) for _ in range(PYTHONS)]
    ours = [worker() for _ in range(OURS + 1)]
    for process in pythons:
        process.start()
    kill_in_mid_trial(ours.pop(), 4 + ENQUEUED + OURS)
    ran = [pair for _ in pythons for pair in out.get()]
    worked = [json.loads(process.communicate()[0])["ran"] for process in ours]
    for process in pythons:
        process.join()
    # Python does not keep to the budget: the study is given a little more, so that one of ours waits for the dead.
    tune(len(study.trials) + 5, "0.000001")
    worked.append(run("study", "worker", "--storage", address, "--study", STUDY, data)["ran"])
    trials = study.get_trials()
    check(trials, ran)
    states = [t.state for t in trials]
    assert TrialState.RUNNING not in states and TrialState.WAITING not in states, states
    fixed = [t.params["shrinkage"] for t in trials if "retry_history" not in t.system_attrs and "fixed_params" in t.system_attrs]
    assert sorted(fixed) == [0.01 * (i + 1) for i in range(ENQUEUED)], fixed
    killed = [t.number for t in trials if t.state == TrialState.FAIL]
    again = [t.system_attrs["retry_history"][-1] for t in trials if "retry_history" in t.system_attrs]
    assert killed == again and len(killed) <= 1, (killed, again)
    over = len(trials) - len(killed)
    assert BUDGET <= over <= BUDGET + OURS + PYTHONS * EACH + 6, over
    print(f"  {len(trials)} trials: {len(ran)} by {PYTHONS} of Python, {sum(worked)} by {OURS + 1} of ours, the rest by one "
          f"that was killed and the beginning; {len(killed)} killed in mid-trial and begun again", flush=True)

    # One of ours alone, killed; Python notices, or where it cannot, 'study reap' does; the other side runs it again.
    tune(len(trials) + 40, "0.000001")
    kill_in_mid_trial(worker(), len(trials))
    cut = [t.number for t in study.get_trials() if t.state == TrialState.RUNNING]
    if address.startswith("journal"):
        time.sleep(1)
        assert [r["trial"] for r in run("study", "reap", "--storage", address, "--study", STUDY, "--grace", "0")["reaped"]] == cut
        study.optimize(objective, n_trials=len(cut))
    else:
        time.sleep(31)
        optuna.storages.fail_stale_trials(study)
        assert [t.state for t in study.get_trials()[-len(cut):]] == [TrialState.WAITING] * len(cut) or not cut
        run("study", "worker", "--storage", address, "--study", STUDY, data, "--trials", str(max(len(cut), 1)))
    trials = study.get_trials()
    for number in cut:
        assert trials[number].state == TrialState.FAIL
        (retried,) = [t for t in trials if t.system_attrs.get("retry_history") == [number]]
        assert retried.state in (TrialState.COMPLETE, TrialState.PRUNED), retried
        # What it had of parameters when it was killed.
        assert trials[number].params.items() <= retried.params.items(), (retried, trials[number])

    # Both read the same.
    read = run("study", "show", "--storage", address, "--study", STUDY)
    assert read["best"] == study.best_trial.number
    for told, trial in zip(read["trials"], trials, strict=True):
        assert (told["number"], told["state"]) == (trial.number, trial.state.name.lower())
        assert told["parameters"] == trial.params
    print(f"  {len(cut)} more killed in mid-trial and begun again by the other side; both read the same {len(trials)} trials", flush=True)


if __name__ == "__main__":
    paucal, data, target, *addresses = sys.argv[1:]
    multiprocessing.set_start_method("spawn")
    seen = set()
    for address in addresses:
        kind = address.partition(":")[0]
        print(f"{kind}, tables by {'Python' if kind in seen else 'us'}", flush=True)
        share(os.path.abspath(paucal), data, target, address, kind in seen)
        seen.add(kind)
