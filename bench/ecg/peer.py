"""The steps of `paucal ecg prepare` with NumPy, SciPy, scikit-learn, pandas and NeuroKit2.

    python peer.py default|spec MITDB OUT

spec: the steps of the first description, as `--compat spec` has them: band-pass, z-scores, NeuroKit2's peaks, beats with the
annotation within 150 ms, noise scores over all beats, clusters within each class, principal components, clusters of all
beats, medians, context windows, with the numbers of starts that it names, and its files.

default: a light version of today's default. Two leads are read, one is used: two moving medians are taken off, beats are found with NeuroKit2's own detector, moved
to the largest deflection nearby and cut out, RR intervals, principal components, clusters and median waves follow, and
arrays are written. Left out, in favour of this side: signal quality, annotations, the split, tables.
"""

import sys
from pathlib import Path

import neurokit2 as nk
import numpy as np
import pandas as pd
from scipy.ndimage import median_filter
from scipy.signal import butter, filtfilt
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


def default(source, out):
    parts = [beats_of(read(header)) for header in sorted(source.glob("*.hea"))]
    waves, rr = (np.concatenate(part) for part in zip(*parts))
    components = PCA(24, random_state=1).fit_transform(waves)
    features = np.concatenate([components / components.std(0), (rr - np.median(rr, 0)) / rr.std(0)], 1)
    clusters = KMeans(20, n_init=3, random_state=1).fit_predict(features)
    medians = np.stack([np.median(waves[clusters == k], 0) for k in range(20)])
    ids = np.arange(len(waves))
    windows = np.stack([ids + shift for shift in range(-2, 3)], 1)
    arrays = dict(beats=waves, features=features, clusters=clusters, prototypes=medians, windows=windows)
    for name, array in arrays.items():
        np.save(out / f"{name}.npy", array)


def marks(path):
    """Samples and codes of the beats of an annotation file."""
    words, at, time, found = np.fromfile(path, "<u2"), 0, 0, []
    while at < len(words):
        code, step = words[at] >> 10, int(words[at]) & 0x3FF
        at += 1
        if code == 0 and step == 0:
            break
        if code == 59:
            time += (int(words[at]) << 16) + int(words[at + 1])
            at += 2
        elif code == 63:
            at += (step + 1) // 2
        elif code < 60:
            time += step
            if 1 <= code <= 13 or code in (25, 30, 34, 35, 38):
                found.append((time, code))
    return np.array(found)


CLASSES = {1: 0, 2: 0, 3: 0, 11: 0, 34: 0, 4: 1, 7: 1, 8: 1, 9: 1, 5: 2, 10: 2, 6: 3}


def literal_beats(header, row):
    b, a = butter(4, [0.5 / 180, 45 / 180], btype="band")
    signal = filtfilt(b, a, read(header)).astype(np.float32)
    signal = (signal - signal.mean()) / (signal.std() + 1e-8)
    peaks = nk.ecg_peaks(signal, sampling_rate=RATE, method="neurokit")[1]["ECG_R_Peaks"]
    before, after = 90, 144
    peaks = np.array([p for p in peaks if p >= before and p + after < len(signal)])
    waves = np.stack([signal[p - before : p + after + 1] for p in peaks]).astype(np.float32)
    rr = np.diff(peaks) / RATE
    previous, following = np.r_[rr[:1], rr], np.r_[rr, rr[-1:]]
    annotated = marks(header.with_suffix(".atr"))
    nearest = np.abs(annotated[:, 0][None] - peaks[:, None]).argmin(1)
    close = np.abs(annotated[nearest, 0] - peaks) <= 54
    labels = np.array([CLASSES.get(code, 4) if there else -100 for code, there in zip(annotated[nearest, 1], close)])
    return waves, previous, following, labels, np.full(len(peaks), row), peaks


def robust(x):
    middle = np.median(x)
    return 0.6745 * (x - middle) / (np.median(np.abs(x - middle)) + 1e-9)


def spec(source, out):
    headers = sorted(source.glob("*.hea"))
    parts = [literal_beats(header, row) for row, header in enumerate(headers)]
    waves, previous, following, labels, rows, peaks = (np.concatenate(part) for part in zip(*parts))
    edge = np.concatenate([waves[:, :23], waves[:, -23:]], 1).std(1)
    scores = [robust(np.ptp(waves, 1)), robust(np.abs(np.diff(waves, axis=1)).max(1)), robust(edge)]
    impossible = (previous < 0.2) | (previous > 2.5) | (following < 0.2) | (following > 2.5)
    noise = impossible | (scores[0] < -3) | (scores[1] < -3) | (scores[2] > 3.5) | (scores[1] > 6)
    local = np.full(len(waves), -1)
    for label in np.unique(labels[labels >= 0]):
        own = np.where((labels == label) & ~noise)[0]
        if len(own) >= 12:
            k = int(np.clip(round((len(own) / 60) ** 0.5 + 1), 2, 4))
            local[own] = KMeans(k, n_init=20, random_state=42).fit_predict(waves[own])
            sizes = np.bincount(local[own])
            noise[own[sizes[local[own]] < 12]] = True
        else:
            noise[own] = True
    embedded = PCA(24, random_state=42).fit_transform(waves)
    features = np.column_stack([embedded, previous, following, (previous + 1e-6) / (following + 1e-6)])
    features = ((features - features.mean(0)) / (features.std(0) + 1e-6)).astype(np.float32)
    usable = np.where(~noise)[0]
    clusters = np.full(len(waves), -1)
    clusters[usable] = KMeans(20, n_init=20, random_state=42).fit_predict(features[usable])
    prototypes = {f"prototype_{k}": np.median(waves[clusters == k], 0) for k in range(20)}
    templates = {f"class_{c}": np.median(waves[(labels == c) & ~noise], 0) for c in np.unique(labels[labels >= 0])}
    windows, mask = [], []
    for row in np.unique(rows):
        own = usable[rows[usable] == row]
        for middle in range(len(own)):
            slots = [own[at] if 0 <= at < len(own) else -1 for at in range(middle - 2, middle + 3)]
            windows.append(np.stack([waves[s] if s >= 0 else np.zeros(waves.shape[1], np.float32) for s in slots]))
            mask.append([float(s >= 0) for s in slots])
    table = pd.DataFrame(dict(
        source_row=rows, record_label=labels, r_index=peaks, rr_prev_sec=previous, rr_next_sec=following,
        quality_score=np.abs(scores).mean(0), noise_flag=noise, local_cluster_id=local, global_cluster_id=clusters,
    ))
    table.to_csv(out / "beat_metadata.csv", index=False)
    for name, array in dict(beats=waves, labels=labels, noise_flags=noise, features=features, global_cluster_ids=clusters).items():
        np.save(out / f"{name}.npy", array)
    np.savez_compressed(out / "context_windows.npz", X=np.stack(windows), y=labels[usable], mask=np.array(mask, np.float32))
    np.savez_compressed(out / "class_templates.npz", **templates)
    np.savez_compressed(out / "prototype_library_waves.npz", **prototypes)


if __name__ == "__main__":
    folder = Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    {"default": default, "spec": spec}[sys.argv[1]](Path(sys.argv[2]), folder)
