"""scikit-learn's times for the work of crates/paucal-learn/tests/timing.rs (two jobs)."""

import time

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import BayesianGaussianMixture


def best(name, runs, work):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    print(f"{name:40} {min(times) * 1e3:10.2f} ms")


rng = np.random.default_rng(1)
for rows, features, runs in [(400, 30, 5), (4000, 30, 3), (32_000, 100, 1)]:
    x = rng.normal(size=(rows, features))
    y = (x[:, 0] + x[:, 1] * x[:, 2] + 0.5 * rng.normal(size=rows) > 0.5).astype(int)
    size = f"{rows} x {features}"
    forest = RandomForestClassifier(100, n_jobs=2)
    best(f"forest fit {size}", runs, lambda: forest.fit(x, y))
    best(f"forest predict {size}", runs, lambda: forest.predict_proba(x))
    best(f"logistic fit {size}", runs, lambda: LogisticRegression().fit(x, y))
    best(f"boosting fit {size}", runs, lambda: HistGradientBoostingClassifier(early_stopping=False).fit(x, y))
for name, column in [
    ("32561 skewed", np.exp(12 + 0.6 * rng.normal(size=32_561)).round()),
    ("32561 ages", (38 + 13 * rng.normal(size=32_561)).round().clip(17)),
    ("569 skewed", np.exp(12 + 0.6 * rng.normal(size=569)).round()),
]:
    model = BayesianGaussianMixture(n_components=10, weight_concentration_prior=0.001)
    best(f"mixture {name}", 1, lambda: model.fit(column[:, None]))
