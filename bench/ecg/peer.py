"""The steps of `paucal ecg prepare` with NumPy, SciPy, scikit-learn and NeuroKit2.

    python peer.py MITDB OUT

Two leads are read, one is used: two moving medians are taken off, beats are found with NeuroKit2's own detector, moved
to the largest deflection nearby and cut out, RR intervals, principal components, clusters and median waves follow, and
arrays are written. Left out, in favour of this side: signal quality, annotations, the split, tables.
"""

import sys
from pathlib import Path

import neurokit2 as nk
import numpy as np
from scipy.ndimage import median_filter
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

RATE, BEFORE, AFTER, REACH = 360, 90, 109, 18


def read(header):
    """Both leads of a record in format 212, in mV."""
    lines = header.read_text().splitlines()
    signals = [line.split() for line in lines[1:3]]
    raw = np.fromfile(header.with_name(signals[0][0]), np.uint8).reshape(-1, 3).astype(np.int16)
    first = raw[:, 0] | ((raw[:, 1] & 0x0F) << 8)
    second = raw[:, 2] | ((raw[:, 1] & 0xF0) << 4)
    leads = [np.where(x > 2047, x - 4096, x) for x in (first, second)]
    names = [s[-1] for s in signals]
    mv = [(x - int(s[4])) / float(s[2].split("/")[0].split("(")[0]) for x, s in zip(leads, signals)]
    return mv[names.index("MLII") if "MLII" in names else 0]


def beats_of(signal):
    flat = signal - median_filter(median_filter(signal, 71, mode="nearest"), 215, mode="nearest")
    peaks = nk.ecg_peaks(signal, sampling_rate=RATE, method="neurokit")[1]["ECG_R_Peaks"]
    moved = []
    for peak in peaks:
        low, high = max(0, peak - REACH), min(len(flat), peak + REACH + 1)
        moved.append(low + int(np.argmax(np.abs(flat[low:high]))))
    peaks = np.unique(moved)
    rr = np.diff(peaks) / RATE
    previous, following = np.r_[np.nan, rr], np.r_[rr, np.nan]
    mean = rr.mean()
    kept = (peaks >= BEFORE) & (peaks + AFTER < len(flat))
    waves = np.stack([flat[p - BEFORE : p + AFTER + 1] for p in peaks[kept]]).astype(np.float32)
    features = np.stack([previous - mean, following - mean, previous / following], 1)[kept]
    return waves, np.nan_to_num(features)


def main(source, out):
    out.mkdir(parents=True, exist_ok=True)
    parts = [beats_of(read(header)) for header in sorted(source.glob("*.hea"))]
    waves, rr = (np.concatenate(part) for part in zip(*parts))
    components = PCA(24, random_state=1).fit_transform(waves)
    features = np.concatenate([components / components.std(0), (rr - np.median(rr, 0)) / rr.std(0)], 1)
    clusters = KMeans(20, n_init=3, random_state=1).fit_predict(features)
    medians = np.stack([np.median(waves[clusters == k], 0) for k in range(20)])
    ids = np.arange(len(waves))
    windows = np.stack([ids + shift for shift in range(-2, 3)], 1)
    for name, array in [("beats", waves), ("features", features), ("clusters", clusters), ("prototypes", medians), ("windows", windows)]:
        np.save(out / f"{name}.npy", array)
    print(len(waves))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
