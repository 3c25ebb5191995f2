"""Golden values of scikit-learn for paucal-learn, on its bundled Wisconsin breast cancer table.

Usage: python tools/golden/learn.py crates/paucal-learn/tests/golden

Writes features.csv (a fixed subset: the first 400 rows, the last column the class) and one JSON file per method.
"""

import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.mixture import BayesianGaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

ROWS, TRAIN = 400, 250


def write(folder, name, content):
    content = {"scikit-learn": sklearn.__version__, **content}
    (folder / f"{name}.json").write_text(json.dumps(content, indent=None) + "\n")


def three_classes(x):
    """Thirds of the first feature, blurred by the second: a problem with three overlapping classes."""
    score = x[:, 0] + 0.5 * np.sin(x[:, 1] * 3)
    return np.digitize(score, np.quantile(score, [1 / 3, 2 / 3]))


def logistic(folder, z, y):
    weights = 1.0 + np.arange(len(y)) % 3
    cases = {}
    for name, target, c, w in [
        ("binary", y, 1.0, None),
        ("binary_weighted", y, 0.1, weights),
        ("multinomial", three_classes(z), 1.0, None),
        ("multinomial_weighted", three_classes(z), 10.0, weights),
    ]:
        model = LogisticRegression(C=c, tol=1e-10, max_iter=100_000).fit(z, target, sample_weight=w)
        cases[name] = {
            "c": c,
            "weighted": w is not None,
            "y": target.tolist(),
            "coefficients": model.coef_.tolist(),
            "intercepts": model.intercept_.tolist(),
            "probabilities": model.predict_proba(z[:50]).tolist(),
        }
    write(folder, "logistic", cases)


def pca(folder, x, z):
    cases = {}
    for name, table in [("standardised", z), ("wide", z[:20])]:
        model = PCA(svd_solver="full").fit(table)
        keep = min(len(model.components_), 15)
        cases[name] = {
            "components": model.components_[:keep].tolist(),
            "variances": model.explained_variance_[:keep].tolist(),
            "ratios": model.explained_variance_ratio_[:keep].tolist(),
            "projected": model.transform(table[:10])[:, :keep].tolist(),
        }
    write(folder, "pca", cases)


def kmeans(folder, z):
    start = z[:4]
    lloyd = KMeans(4, init=start, n_init=1, tol=0, max_iter=1000, algorithm="lloyd").fit(z)
    best = {k: KMeans(k, n_init=50, random_state=0, tol=0, max_iter=1000).fit(z).inertia_ for k in (2, 3, 5, 8)}
    write(folder, "kmeans", {
        "from_first_four": {"inertia": lloyd.inertia_, "labels": lloyd.labels_.tolist()},
        "best": {str(k): v for k, v in best.items()},
    })


def trees(folder, x, y):
    # scikit-learn's trees see float32; the table is rounded to it in main, so split points agree.
    # Cases without ties: scikit-learn breaks them by chance, so every random state must give the same tree.
    cases = []
    for columns, depth, leaf in [(30, 2, 1), (10, 3, 5), (2, 4, 1), (4, 4, 5), (5, 4, 10), (4, 8, 15)]:
        grown = [
            DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=seed)
            .fit(x[:TRAIN, :columns], y[:TRAIN]) for seed in range(30)
        ]
        probabilities = {tuple(tree.predict_proba(x[:, :columns])[:, 1]) for tree in grown}
        assert len(probabilities) == 1
        cases.append({
            "columns": columns,
            "max_depth": depth,
            "min_leaf": leaf,
            "leaves": int(grown[0].get_n_leaves()),
            "depth": int(grown[0].get_depth()),
            "probabilities": probabilities.pop(),
        })
    full = DecisionTreeClassifier(random_state=0).fit(x[:TRAIN], y[:TRAIN])
    write(folder, "tree", {
        "cases": cases,
        "full": {"leaves": int(full.get_n_leaves()), "accuracy": full.score(x[TRAIN:], y[TRAIN:])},
    })


def regression_trees(folder, x):
    # The target is the first "worst" column; as above, only cases in which every random state gives the same tree.
    y = x[:, 20]
    cases = []
    for columns, depth, leaf in [(10, 2, 5), (3, 3, 5), (2, 4, 10), (2, 6, 7)]:
        grown = [
            DecisionTreeRegressor(max_depth=depth, min_samples_leaf=leaf, random_state=seed)
            .fit(x[:TRAIN, :columns], y[:TRAIN]) for seed in range(30)
        ]
        means = {tuple(tree.predict(x[:, :columns]).round(10)) for tree in grown}
        assert len(means) == 1, (columns, depth, leaf)
        cases.append({
            "columns": columns,
            "max_depth": depth,
            "min_leaf": leaf,
            "leaves": int(grown[0].get_n_leaves()),
            "means": means.pop(),
        })
    write(folder, "regression_tree", {"target": 20, "cases": cases})


def scores(y, p):
    return {"auc": roc_auc_score(y, p), "log_loss": log_loss(y, np.clip(p, 1e-6, 1 - 1e-6))}


def ensembles(folder, x, y):
    # A blurred table, so that the scores are not all close to 1.
    rng = np.random.default_rng(0)
    noise = rng.normal(size=x.shape)
    hard = (np.float32(StandardScaler().fit_transform(x) + 2 * noise)).round(2)
    np.savetxt(folder / "hard.csv", np.column_stack([hard[:, :12], y]), fmt="%.8g", delimiter=",")
    hard = np.loadtxt(folder / "hard.csv", delimiter=",")[:, :-1]
    train, test = slice(0, TRAIN), slice(TRAIN, None)
    forests = []
    for seed in range(20):
        model = RandomForestClassifier(100, random_state=seed, oob_score=True).fit(hard[train], y[train])
        p = model.predict_proba(hard[test])[:, 1]
        forests.append({**scores(y[test], p), "oob_auc": roc_auc_score(y[train], model.oob_decision_function_[:, 1]),
                        "importance_0": model.feature_importances_[0],
                        "mean_leaves": float(np.mean([t.get_n_leaves() for t in model.estimators_]))})
    boosts = {}
    for name, rounds, leaves, rate, l2 in [("small", 50, 8, 0.1, 1.0), ("default", 100, 31, 0.1, 0.0)]:
        model = HistGradientBoostingClassifier(max_iter=rounds, max_leaf_nodes=leaves, learning_rate=rate,
                                               l2_regularization=l2, min_samples_leaf=20, early_stopping=False)
        p = model.fit(hard[train], y[train]).predict_proba(hard[test])[:, 1]
        boosts[name] = {**scores(y[test], p), "probabilities": p.tolist()}
    gaps = hard.copy()
    gaps[(np.add.outer(np.arange(len(gaps)), 3 * np.arange(gaps.shape[1])) % 7) == 0] = np.nan
    model = HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=8, l2_regularization=1.0, early_stopping=False)
    p = model.fit(gaps[train], y[train]).predict_proba(gaps[test])[:, 1]
    boosts["missing"] = {**scores(y[test], p), "probabilities": p.tolist()}
    target = three_classes(hard)
    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8, l2_regularization=1.0, early_stopping=False)
    p = model.fit(hard[train], target[train]).predict_proba(hard[test])
    boosts["three"] = {"y": target.tolist(), "log_loss": log_loss(target[test], p), "probabilities": p.tolist()}
    write(folder, "forest", {"seeds": forests})
    write(folder, "boosting", boosts)


def neighbours(folder, z, y):
    cases = []
    for k, vote in [(1, "uniform"), (5, "uniform"), (7, "distance")]:
        model = KNeighborsClassifier(k, weights=vote, algorithm="brute").fit(z[:TRAIN], y[:TRAIN])
        cases.append({"k": k, "vote": vote, "probabilities": model.predict_proba(z[TRAIN:])[:, 1].tolist()})
    write(folder, "neighbours", {"cases": cases})


def mixture(folder, full):
    columns = []
    for j in (0, 1, 3, 13, 19, 22):
        values = full[:, j]
        models = [
            BayesianGaussianMixture(n_components=10, weight_concentration_prior_type="dirichlet_process",
                                    weight_concentration_prior=0.001, max_iter=2000, tol=1e-3, n_init=1,
                                    random_state=seed).fit(values[:, None])
            for seed in range(5)
        ]
        def likelihood(m):
            v = m.covariances_[:, 0, 0]
            d = np.exp(-0.5 * (values[:, None] - m.means_[:, 0]) ** 2 / v) / np.sqrt(2 * np.pi * v)
            return float(np.log(d @ m.weights_).mean())
        columns.append({
            "feature": j,
            "values": values.tolist(),
            "mean_log_likelihoods": [likelihood(m) for m in models],
            "lower_bounds": [float(m.lower_bound_) for m in models],
            "modes": [int((m.weights_ > 0.005).sum()) for m in models],
        })
    write(folder, "mixture", {"columns": columns})


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    full, y = load_breast_cancer(return_X_y=True)
    x = np.float32(full[:ROWS])
    y = y[:ROWS]
    np.savetxt(folder / "features.csv", np.column_stack([x, y]), fmt="%.9g", delimiter=",")
    x = np.loadtxt(folder / "features.csv", delimiter=",")[:, :-1]
    z = StandardScaler().fit_transform(x)
    logistic(folder, z, y)
    pca(folder, x, z)
    kmeans(folder, z)
    trees(folder, x, y)
    regression_trees(folder, x)
    ensembles(folder, x, y)
    neighbours(folder, z, y)
    mixture(folder, full)


if __name__ == "__main__":
    main()
