"""Golden values of the Gaussian copula: moments of a multivariate normal under interval conditions, and
tetrachoric correlations.

Usage: python table_copula.py OUTPUT.json      (needs numpy and scipy)
"""

import json
import sys

import numpy as np
from scipy import integrate, optimize, stats

R = np.array(
    [
        [1.0, 0.7, -0.4, 0.3],
        [0.7, 1.0, -0.2, 0.5],
        [-0.4, -0.2, 1.0, 0.1],
        [0.3, 0.5, 0.1, 1.0],
    ]
)


def conditional(intervals):
    """Mean of the free coordinates given that the first len(intervals) lie in their intervals.

    The free part is S12 S22^-1 E[z2 | box], because the conditional mean is linear in z2.
    """
    k = len(intervals)
    density = stats.multivariate_normal(np.zeros(k), R[:k, :k]).pdf
    box = [[max(a, -9.0), min(b, 9.0)] for a, b in intervals]
    mass = integrate.nquad(lambda *z: density(z), box)[0]
    first = [integrate.nquad(lambda *z, i=i: z[i] * density(z), box)[0] / mass for i in range(k)]
    free = R[k:, :k] @ np.linalg.solve(R[:k, :k], np.array(first))
    return {"intervals": intervals, "mass": mass, "confined": first, "free": free.tolist()}


def tetrachoric(table):
    """Correlation at which a bivariate normal, cut at the marginals, has the first cell of the 2 x 2 table."""
    p = np.array(table) / np.sum(table)
    a, b = stats.norm.ppf(p[0].sum()), stats.norm.ppf(p[:, 0].sum())
    cell = lambda rho: stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([a, b]) - p[0, 0]
    return {"table": table, "rho": optimize.brentq(cell, -0.999, 0.999, xtol=1e-10)}


golden = {
    "correlation": R.tolist(),
    "conditional": [
        conditional([[1.0, 20.0]]),
        conditional([[-20.0, -0.5], [0.2, 1.5]]),
        conditional([[0.8, 20.0], [-20.0, -0.3]]),
    ],
    "tetrachoric": [tetrachoric([[40, 10], [20, 30]]), tetrachoric([[5, 95], [1, 899]]), tetrachoric([[10, 40], [45, 5]])],
}
with open(sys.argv[1], "w") as out:
    json.dump(golden, out, indent=1)
    out.write("\n")
