"""Golden values for the significance tests of crates/paucal-evidence, made by SciPy 1.17.

    python tools/golden/evidence.py --out crates/paucal-evidence/tests/golden

Writes significance.json. The Rust tests read it; Python is never needed to run them.
"""

import argparse
import json
import pathlib

import numpy as np
from scipy import optimize, stats


def corrected(differences, ratio):
    """Nadeau and Bengio 2003, with the t distribution of SciPy."""
    d = np.asarray(differences)
    j = len(d)
    error = np.sqrt(d.var(ddof=1) * (1 / j + ratio))
    half = stats.t.ppf(0.975, j - 1) * error
    return {
        "differences": list(d),
        "ratio": ratio,
        "low": d.mean() - half,
        "high": d.mean() + half,
        "p": 2 * stats.t.sf(abs(d.mean()) / error, j - 1),
        "detectable": (stats.t.ppf(0.975, j - 1) + stats.t.ppf(0.8, j - 1)) * error,
    }


def paired(differences):
    """Up to 50 differences exact (with ties: all sign patterns of the tied ranks), above by SciPy's
    normal approximation. The sign-flip test by SciPy's permutation test over all patterns."""
    d = np.asarray(differences)
    kept = d[d != 0]
    ranks = stats.rankdata(np.abs(kept))
    tied = len(set(ranks)) < len(ranks)
    if len(kept) > 50:
        p = stats.wilcoxon(kept, method="asymptotic", correction=False).pvalue
    elif tied and len(kept) > 14:
        raise ValueError("too many sign patterns to try")
    elif tied:
        p = stats.wilcoxon(kept, method=stats.PermutationMethod(n_resamples=np.inf)).pvalue
    else:
        p = stats.wilcoxon(kept, method="exact").pvalue
    flip = None
    if len(d) <= 12:
        flip = stats.permutation_test(
            (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
        ).pvalue
    return {
        "differences": list(d),
        "wilcoxon_p": p,
        "positive_ranks": float(ranks[kept > 0].sum()),
        "sign_flip_p": flip,
    }


def detectable_paired(n):
    if n < 6:
        return [n, None]
    power = lambda d: stats.binom.sf(5, n, d) - 0.8
    return [n, optimize.brentq(power, 1e-9, 1 - 1e-12, xtol=1e-14)]


def detectable_unpaired(n, p1):
    z_level, z_power = stats.norm.ppf(0.975), stats.norm.ppf(0.8)

    def short(rise):
        p2 = p1 + rise
        mean = (p1 + p2) / 2
        needed = z_level * np.sqrt(2 * mean * (1 - mean)) + z_power * np.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
        return rise * np.sqrt(n) - needed

    if short(1 - p1) < 0:
        return [n, p1, None]
    return [n, p1, optimize.brentq(short, 1e-9, 1 - p1, xtol=1e-14)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    out = parser.parse_args().out
    rng = np.random.default_rng(7)
    draw = lambda n, shift: [round(float(x), 9) for x in rng.normal(shift, 0.05, n)]
    grid = lambda n: [float(x) for x in rng.integers(-4, 6, n)]
    golden = {
        "corrected_t": [corrected(draw(n, s), r) for n, s, r in [(5, 0.03, 0.25), (50, 0.02, 0.25), (100, 0.0, 1 / 9)]],
        "paired": [paired(draw(n, 0.02)) for n in (3, 6, 10, 12, 30, 50, 80)] + [paired(grid(n)) for n in (8, 12, 14, 90)],
        "mcnemar": [[b, c, stats.binomtest(b, b + c).pvalue] for b, c in [(0, 6), (1, 9), (7, 12), (20, 41), (300, 351)]],
        "detectable_paired": [detectable_paired(n) for n in (4, 8, 20, 55, 212, 760)],
        "detectable_unpaired": [detectable_unpaired(n, p) for n, p in [(3, 0.5), (20, 0.5), (55, 0.7), (212, 0.3), (760, 0.9)]],
    }
    path = out / "significance.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
