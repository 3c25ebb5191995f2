"""Golden values for crates/paucal-metrics, made by SDMetrics 0.32.0, scikit-learn and SciPy.

    python tools/golden/metrics.py --wdbc crates/paucal-data/data/wdbc.data \
        --out crates/paucal-metrics/tests/golden

Writes sdmetrics.json, classification.json and neighbours.json. The Rust tests read those files;
Python is never needed to run them.
"""

import argparse
import json
import math
import pathlib
import warnings

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

warnings.filterwarnings("ignore")


def plain(value):
    """NaN becomes null, NumPy numbers become Python numbers."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray, pd.Series)):
        return [plain(v) for v in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else float(value)
    return value


def save(path, data):
    path.write_text(json.dumps(plain(data), separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes")


def wisconsin(path):
    names = [f"x{i}" for i in range(30)]
    frame = pd.read_csv(path, header=None, names=["id", "diagnosis", *names])
    return frame[[*names, "diagnosis"]]


def cases(frame):
    """A: even rows against odd rows. B: every number x 1.1 and the label rotated by one row."""
    real = frame.iloc[0::2].reset_index(drop=True)
    a = frame.iloc[1::2].reset_index(drop=True)
    b = a.copy()
    for column in b.columns[:-1]:
        b[column] = b[column] * 1.1
    b["diagnosis"] = np.roll(a["diagnosis"].to_numpy(), 1)
    return real, {"A": a, "B": b}


def mixed_tables():
    """Two small mixed tables with ties, missing values and a level that one side lacks."""
    rng = np.random.default_rng(5)

    def table(n, shift):
        age = np.round(rng.normal(60 + shift, 10, n), 1)
        dose = rng.integers(0, 4, n).astype(float)
        marker = np.round(0.1 * age + rng.normal(0, 1, n), 2)
        sex = rng.integers(0, 2, n)
        grade = np.where(marker > 6, rng.integers(1, 3 + (shift > 0), n), 0)
        age[rng.random(n) < 0.1] = np.nan
        marker[rng.random(n) < 0.05] = np.nan
        grade = np.where(rng.random(n) < 0.1, -1, grade)
        return {"age": age, "dose": dose, "marker": marker, "sex": sex, "grade": grade}

    return table(80, 0), table(61, 3)


def frame_of(table):
    """A data frame in which code -1 is missing and other codes are text."""
    out = {k: table[k] for k in ("age", "dose", "marker")}
    for k in ("sex", "grade"):
        out[k] = [None if c < 0 else f"L{c}" for c in table[k]]
    return pd.DataFrame(out)


def metadata_of(frame):
    kinds = {c: "categorical" if frame[c].dtype == object else "numerical" for c in frame.columns}
    return {"columns": {c: {"sdtype": k} for c, k in kinds.items()}}


def column_scores(real, synthetic):
    from sdmetrics import single_column as sc

    out = {}
    for name in real.columns:
        r, s = real[name], synthetic[name]
        entry = {"missing_value_similarity": sc.MissingValueSimilarity.compute(r, s)}
        if r.dtype == object:
            entry["tv_complement"] = sc.TVComplement.compute(r, s)
            entry["category_adherence"] = sc.CategoryAdherence.compute(r, s)
            entry["category_coverage"] = sc.CategoryCoverage.compute(r, s)
        else:
            entry["ks_complement"] = sc.KSComplement.compute(r, s)
            entry["range_coverage"] = sc.RangeCoverage.compute(r, s)
            entry["boundary_adherence"] = sc.BoundaryAdherence.compute(r, s)
            for statistic in ("mean", "std", "median"):
                entry[f"statistic_{statistic}"] = sc.StatisticSimilarity.compute(r, s, statistic)
            entry["earth_mover"] = stats.wasserstein_distance(r.dropna(), s.dropna())
        out[name] = entry
    return out


def pair_scores(real, synthetic, pairs):
    from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity

    out = []
    for x, y in pairs:
        r, s = real[[x, y]].copy(), synthetic[[x, y]].copy()
        numbers = [c for c in (x, y) if r[c].dtype != object]
        entry = {"x": x, "y": y}
        if len(numbers) == 2:
            for kind in ("Pearson", "Spearman"):
                entry[kind.lower()] = CorrelationSimilarity.compute(r, s, coefficient=kind)
        entry["contingency"] = ContingencySimilarity.compute(r, s, continuous_column_names=numbers or None)
        out.append(entry)
    return out


def reports(real, synthetic):
    from sdmetrics.reports.single_table import DiagnosticReport, QualityReport

    metadata = metadata_of(real)
    out = {}
    for name, threshold in (("associated", None), ("all_pairs", 0)):
        report = QualityReport()
        if threshold is not None:
            report.real_correlation_threshold = threshold
            report.real_association_threshold = threshold
            trends = report._properties["Column Pair Trends"]
            trends.real_correlation_threshold = threshold
            trends.real_association_threshold = threshold
        report.generate(real, synthetic, metadata, verbose=False)
        details = report.get_details("Column Pair Trends")
        out[name] = {
            "score": report.get_score(),
            "shapes": report._properties["Column Shapes"]._compute_average(),
            "trends": report._properties["Column Pair Trends"]._compute_average(),
            "counted": int(details["Meets Threshold?"].astype("boolean").fillna(False).sum())
            if "Meets Threshold?" in details
            else len(details),
            "pairs": details["Score"].tolist(),
        }
    report = DiagnosticReport()
    report.generate(real, synthetic, metadata, verbose=False)
    properties = report.get_properties().set_index("Property")["Score"]
    out["diagnostic"] = {
        "score": report.get_score(),
        "validity": properties["Data Validity"],
        "structure": properties["Data Structure"],
    }
    return out


def sdmetrics_golden(frame):
    from sdmetrics.single_table import NewRowSynthesis

    real, synthetic = cases(frame)
    out = {}
    for case, s in synthetic.items():
        out[case] = {"columns": column_scores(real, s), **reports(real, s)}
        out[case]["new_row_synthesis"] = NewRowSynthesis.compute(real, s, metadata_of(real))
        some = [("x0", "x3"), ("x3", "x4"), ("x0", "x4"), ("x0", "diagnosis"), ("x4", "diagnosis")]
        out[case]["pairs"] = pair_scores(real, s, some)
    r, s = mixed_tables()
    real, synthetic = frame_of(r), frame_of(s)
    names = list(real.columns)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    out["mixed"] = {
        "real": r,
        "synthetic": s,
        "columns": column_scores(real, synthetic),
        "pairs": pair_scores(real, synthetic, pairs),
        "new_row_synthesis": NewRowSynthesis.compute(real, synthetic, metadata_of(real)),
        **reports(real, synthetic),
    }
    return out


def expected_calibration_error(truth, probability, edges):
    """Mean |accuracy - confidence| over bins (lower edge open, upper edge closed), weighted by size."""
    total = 0.0
    for i, (low, high) in enumerate(zip(edges[:-1], edges[1:])):
        inside = (probability > low) & (probability <= high)
        if i == 0:
            inside |= probability == low
        if inside.any():
            total += inside.mean() * abs(truth[inside].mean() - probability[inside].mean())
    return total


def calibration_line(truth, probability):
    logit = np.log(probability / (1 - probability))

    def loss(beta, slope):
        eta = beta[0] + (beta[1] * logit if slope else logit)
        return np.sum(np.logaddexp(0, eta) - truth * eta)

    both = minimize(loss, [0.0, 1.0], args=(True,), method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-14, "maxiter": 9999})
    large = minimize(loss, [0.0], args=(False,), method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-14, "maxiter": 9999})
    return {"slope": both.x[1], "intercept": both.x[0], "in_the_large": large.x[0]}


def binary_golden(truth, score):
    fpr, tpr, _ = sk.roc_curve(truth, score, drop_intermediate=False)
    precision, recall, thresholds = sk.precision_recall_curve(truth, score)
    mean_truth, mean_score = calibration_curve(truth, score, n_bins=10, strategy="uniform")
    return {
        "truth": truth,
        "score": score,
        "auroc": sk.roc_auc_score(truth, score),
        "average_precision": sk.average_precision_score(truth, score),
        "brier": sk.brier_score_loss(truth, score),
        "log_loss": sk.log_loss(truth, score),
        "roc": {"fpr": fpr, "tpr": tpr},
        "pr": {"precision": precision[::-1], "recall": recall[::-1]},
        "recall_at_precision_0.4": max(r for p, r in zip(precision[:-1], recall[:-1]) if p >= 0.4),
        "precision_at_recall_0.8": max(p for p, r in zip(precision[:-1], recall[:-1]) if r >= 0.8),
        "ece_equal_width_10": expected_calibration_error(truth, score, np.linspace(0, 1, 11)),
        "reliability": {"observed": mean_truth, "predicted": mean_score},
        "calibration": calibration_line(truth, score),
        "auc_variance": delong_variance(truth, score),
    }


def delong_variance(truth, score):
    """DeLong, DeLong and Clarke-Pearson 1988, straight from the definition."""
    x, y = score[truth == 1], score[truth == 0]
    psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return psi.mean(1).var(ddof=1) / len(x) + psi.mean(0).var(ddof=1) / len(y)


def classification_golden():
    rng = np.random.default_rng(11)
    truth = (rng.random(200) < 0.15).astype(int)
    smooth = 1 / (1 + np.exp(-(1.6 * truth - 1.8 + rng.normal(0, 1, 200))))
    tied = np.clip(np.round(smooth, 1), 0.05, 0.95)
    classes = rng.choice(3, 120, p=[0.6, 0.3, 0.1])
    raw = rng.normal(0, 1, (120, 3)) + 1.5 * np.eye(3)[classes]
    probability = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    predicted = probability.argmax(1)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(classes, predicted, zero_division=0)
    return {
        "smooth": binary_golden(truth, smooth),
        "tied": binary_golden(truth, tied),
        "multiclass": {
            "truth": classes,
            "predicted": predicted,
            "probability": probability,
            "confusion": sk.confusion_matrix(classes, predicted),
            "accuracy": sk.accuracy_score(classes, predicted),
            "balanced_accuracy": sk.balanced_accuracy_score(classes, predicted),
            "macro_f1": sk.f1_score(classes, predicted, average="macro"),
            "mcc": sk.matthews_corrcoef(classes, predicted),
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "auroc_macro": sk.roc_auc_score(classes, probability, multi_class="ovr"),
            "log_loss": sk.log_loss(classes, probability),
            "kappa": sk.cohen_kappa_score(classes, predicted),
        },
    }


def gower(a, b, ranges):
    """Mixed Gower distances, SDMetrics' conventions; numbers NaN, codes -1 when missing."""
    total = np.zeros((len(next(iter(a.values()))), len(next(iter(b.values())))))
    for name, x in a.items():
        x, y = np.asarray(x, float)[:, None], np.asarray(b[name], float)[None, :]
        if name in ranges:
            d = np.minimum(np.abs(x - y) / ranges[name], 1)
            d = np.where(np.isnan(x) & np.isnan(y), 0, np.where(np.isnan(x) | np.isnan(y), 1, d))
        else:
            d = (x != y).astype(float)
        total += d
    return total / len(a)


def prdc(rr, ss, rs, k):
    """Naeem et al. 2020 from full distance matrices."""
    radius = lambda d: np.sort(d + np.diag(np.full(len(d), np.inf)), axis=1)[:, k - 1]
    r_ball, s_ball = radius(rr), radius(ss)
    return {
        "precision": (rs < r_ball[:, None]).any(0).mean(),
        "recall": (rs < s_ball[None, :]).any(1).mean(),
        "density": (rs < r_ball[:, None]).sum(0).mean() / k,
        "coverage": (rs.min(1) < r_ball).mean(),
    }


def neighbours_golden(frame):
    from sdmetrics.single_table.privacy.dcr_utils import calculate_dcr

    r, s = mixed_tables()
    real, synthetic = frame_of(r), frame_of(s)
    numbers = ("age", "dose", "marker")
    ranges = {c: np.nanmax(r[c]) - np.nanmin(r[c]) for c in numbers}
    rr, ss, rs = gower(r, r, ranges), gower(s, s, ranges), gower(r, s, ranges)
    inf_diagonal = lambda d: d + np.diag(np.full(len(d), np.inf))
    two = np.sort(rs, axis=0)[:2]
    nndr = np.where(two[1] > 0, two[0] / np.where(two[1] > 0, two[1], 1), 1)
    out = {
        "dcr": calculate_dcr(synthetic, real, metadata_of(real)).to_numpy(),
        "nndr_mean": nndr.mean(),
        "nndr_p5": np.percentile(nndr, 5),
        "nnaa": 0.5
        * ((rs.min(1) > inf_diagonal(rr).min(1)).mean() + (rs.min(0) > inf_diagonal(ss).min(1)).mean()),
        "identifiability": (rs.min(1) < inf_diagonal(rr).min(1)).mean(),
        "prdc": prdc(rr, ss, rs, 5),
    }
    assert np.allclose(out["dcr"], rs.min(0))
    parts = [frame.iloc[i::3].reset_index(drop=True) for i in range(3)]
    metadata = metadata_of(frame)
    d = calculate_dcr(parts[2], parts[0], metadata)
    out["wisconsin_thirds"] = {
        "mean": d.mean(),
        "quartiles": [d.quantile(q) for q in (0.25, 0.5, 0.75)],
        "max": d.max(),
    }
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wdbc", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    frame = wisconsin(args.wdbc)
    save(args.out / "classification.json", classification_golden())
    save(args.out / "neighbours.json", neighbours_golden(frame))
    save(args.out / "sdmetrics.json", sdmetrics_golden(frame))


if __name__ == "__main__":
    main()
