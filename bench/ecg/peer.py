"""The steps of `paucal ecg prepare` with NumPy, SciPy, scikit-learn, pandas and NeuroKit2.

    python peer.py default|spec MITDB OUT

spec: the steps of the first description, as `--compat spec` has them: band-pass, z-scores, NeuroKit2's peaks, beats with the
annotation within 150 ms, noise scores over all beats, clusters within each class, principal components, clusters of all
beats, medians, context windows, with the numbers of starts that it names, and its files.

default: the steps of today's default, each as one would write it with these libraries. Both sides read both leads in format 212
with their checksums and the annotations, hash the files, take off two moving medians, find beats (here NeuroKit2's cleaning
and detector, there a detector of their own), move them to the largest deflection nearby, give them the class of the
annotation within 150 ms, take RR intervals, judge the signal of each beat by the same measures (flat and clipped stretches,
noise between QRS complexes, steps of the baseline, correlation with 20 neighbours), split by patient, fit components,
scales, clusters of all beats and clusters within each class on usable training beats and apply them to all, take median
waves of classes and clusters, and write beats, labels, flags, features, clusters, context windows, tables as CSV
and (with pyarrow) Parquet, the split and a summary. Only the other side makes a report.

This side is one process; its linear algebra and k-means use all cores, as those libraries do by themselves.
"""

import hashlib
import json
import sys
from pathlib import Path

import neurokit2 as nk
import numpy as np
import pandas as pd
from scipy.ndimage import median_filter
from scipy.signal import butter, filtfilt
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedGroupKFold

RATE, BEFORE, AFTER, REACH = 360, 90, 109, 18


def read(header):
    """Both leads of a record in format 212, in mV."""
    lines = header.read_text().splitlines()
    signals = [line.split() for line in lines[1:3]]
    raw = np.fromfile(header.with_name(signals[0][0]), np.uint8).reshape(-1, 3).astype(np.int16)
    first = raw[:, 0] | ((raw[:, 1] & 0x0F) << 8)
    second = raw[:, 2] | ((raw[:, 1] & 0xF0) << 4)
    leads = [np.where(x > 2047, x - 4096, x) for x in (first, second)]
    for lead, fields in zip(leads, signals):
        assert (int(lead.sum(dtype=np.int64)) - int(fields[6])) % 65536 == 0, header
    names = [s[-1] for s in signals]
    mv = [(x - int(s[4])) / float(s[2].split("/")[0].split("(")[0]) for x, s in zip(leads, signals)]
    return mv[names.index("MLII") if "MLII" in names else 0]


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


def annotated(header, peaks):
    """The code of the annotation nearest to each peak, 0 if none lies within 150 ms."""
    found = marks(header.with_suffix(".atr"))
    at = np.clip(np.searchsorted(found[:, 0], peaks), 1, len(found) - 1)
    nearest = np.where(peaks - found[at - 1, 0] <= found[at, 0] - peaks, at - 1, at)
    return np.where(np.abs(found[nearest, 0] - peaks) <= 54, found[nearest, 1], 0)


def doubtful(signal):
    """Running sums of the samples in flat stretches of 0.2 s, and of those clipped, of a lead."""
    starts = np.flatnonzero(np.r_[True, np.diff(signal) != 0])
    lengths = np.diff(np.r_[starts, len(signal)])
    extreme = (signal[starts] == signal.min()) | (signal[starts] == signal.max())
    flat = np.repeat(lengths >= 72, lengths)
    clipped = np.repeat((lengths >= 3) & (lengths < 72) & extreme, lengths)
    return np.r_[0, np.cumsum(flat)], np.r_[0, np.cumsum(clipped)]


def window_medians(signal, starts, width):
    return np.median(sliding_window_view(signal, width)[np.clip(starts, 0, len(signal) - width)], axis=1)


def quality(signal, waves, peaks, kept):
    """The score of each kept beat: the largest ratio of a measure to its threshold."""
    usual = np.median(np.abs(signal[peaks] - window_medians(signal, peaks - 72, 145)))
    quiet = np.ones(len(signal), bool)
    quiet[np.clip(peaks[:, None] + np.arange(-22, 23), 0, len(signal) - 1)] = False
    quiet[[0, -1]] = False
    rough = np.r_[0, np.abs(np.diff(signal, 2)), 0] * quiet
    sums, counts = np.r_[0, np.cumsum(rough)], np.r_[0, np.cumsum(quiet)]
    low, high = peaks[kept] - BEFORE, peaks[kept] + AFTER + 1
    noise = (sums[high] - sums[low]) / np.maximum(counts[high] - counts[low], 1) / (np.sqrt(12 / np.pi))
    steps = np.abs(np.diff(window_medians(signal, peaks - 108, 72)))
    step = np.maximum(np.r_[0, steps], np.r_[steps, 0])[kept]
    unit = waves - waves.mean(1, keepdims=True)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-9)
    similar = np.full(len(unit), -1.0)
    for shift in range(1, min(11, len(unit))):
        products = np.einsum("ij,ij->i", unit[shift:], unit[:-shift])
        similar[shift:] = np.maximum(similar[shift:], products)
        similar[:-shift] = np.maximum(similar[:-shift], products)
    flat, clipped = ((sums[high] - sums[low]) / (high - low) for sums in doubtful(signal))
    louder = np.minimum(noise / (5 * np.median(noise)), noise / usual / 0.1)
    loud = np.maximum(louder, noise / usual / 0.3)
    jump = np.minimum(step / (6 * np.median(step)), step / usual / 2)
    unlike = np.minimum((1 - similar) / 0.6, 2 * np.maximum(loud, jump))
    return np.max([flat / 0.5, clipped / 0.05, loud, jump, unlike], axis=0)


def beats_of(header, row):
    """The waves of a record's beats, and a table of what is known of them."""
    signal = read(header)
    flat = signal - median_filter(median_filter(signal, 71, mode="nearest"), 215, mode="nearest")
    cleaned = nk.ecg_clean(signal, sampling_rate=RATE)
    peaks = nk.ecg_peaks(cleaned, sampling_rate=RATE)[1]["ECG_R_Peaks"]
    peaks = peaks[(peaks >= REACH) & (peaks + REACH < len(flat))]
    around = sliding_window_view(np.abs(flat), 2 * REACH + 1)[peaks - REACH]
    peaks = np.unique(peaks - REACH + around.argmax(1))
    rr = pd.Series(np.r_[np.nan, np.diff(peaks) / RATE])
    kept = np.flatnonzero((peaks >= BEFORE) & (peaks + AFTER < len(flat)))
    waves = sliding_window_view(flat, BEFORE + AFTER + 1)[peaks[kept] - BEFORE].astype(np.float32)
    table = pd.DataFrame(dict(
        source_row=row, record=header.stem, patient_id=header.stem, r_index=peaks, seconds=(peaks / RATE).round(4),
        code=annotated(header, peaks), rr_prev_sec=rr, rr_next_sec=rr.shift(-1),
        rr_local_sec=rr.rolling(10, min_periods=1).mean(), rr_record_sec=rr.mean(),
    )).iloc[kept].reset_index(drop=True)
    table.insert(1, "beat_index_in_record", np.arange(len(table)))
    table["quality_score"] = quality(signal, waves, peaks, kept)
    return waves, table


RR = ["rr_prev_minus_record", "rr_next_minus_record", "rr_prev_over_next", "rr_local_minus_record"]


def rr_features(table):
    filled = table[["rr_prev_sec", "rr_next_sec", "rr_local_sec"]].apply(lambda column: column.fillna(table.rr_record_sec))
    previous, following, local, record = (*filled.to_numpy().T, table.rr_record_sec.to_numpy())
    return np.stack([previous - record, following - record, previous / following, local - record], 1)


def sides(table):
    """A fifth of the patients tests, a fifth of the others validates; classes in proportion."""
    side = np.full(len(table), "train", dtype=object)
    rest = np.arange(len(table))
    for name in ("test", "validation"):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=1)
        _, chosen = next(folds.split(rest, table.record_label[rest], table.patient_id[rest]))
        side[rest[chosen]] = name
        rest = np.delete(rest, chosen)
    return side


def local_clusters(features, table, fitted):
    clusters = np.full(len(table), -1)
    for label in range(5):
        own = np.flatnonzero(fitted & (table.record_label == label))
        if len(own) >= 12:
            k = int(np.clip(round((len(own) / 60) ** 0.5 + 1), 2, 4))
            clusters[own] = KMeans(k, n_init=3, random_state=1).fit_predict(features[own])
        else:
            clusters[own] = 0
    return clusters


def prototypes(table, waves, fitted):
    """A row and a median wave for each cluster."""
    rows, medians = [], {}
    for cluster, own in table[fitted].groupby("global_cluster_id"):
        mix = own.record_label.value_counts()
        medians[f"prototype_{cluster}"] = np.median(waves[own.index], 0)
        rows.append(dict(
            prototype_id=cluster, size=len(own), dominant_label=mix.index[0], purity=mix.iloc[0] / len(own),
            label_mix=";".join(f"{label}:{n}" for label, n in mix.items()), patients=own.patient_id.nunique(),
            rr_prev_mean=own.rr_prev_sec.mean(), rr_next_mean=own.rr_next_sec.mean(),
            example_beat_ids=",".join(map(str, own.index[:10])),
        ))
    return pd.DataFrame(rows).sort_values("size", ascending=False), medians


def context(table):
    """For each beat its own number and those of two beats on either side in its record, -1 where there is none."""
    ids, rows = np.arange(len(table)), table.source_row.to_numpy()
    slots = ids[:, None] + np.arange(-2, 3)
    inside = (slots >= 0) & (slots < len(ids))
    inside &= rows[np.clip(slots, 0, len(ids) - 1)] == rows[:, None]
    slots = np.where(inside, slots, -1)
    return dict(
        y=table.record_label.to_numpy(np.int32), mask=inside.astype(np.float32), beat_global_id=slots.astype(np.int32),
        patient=np.where(inside, rows[:, None], -1).astype(np.int32),
    )


def default(source, out):
    headers = sorted(source.glob("*.hea"))
    names = [header.with_suffix(end) for header in headers for end in (".hea", ".dat", ".atr")]
    hashes = {name.name: hashlib.sha256(name.read_bytes()).hexdigest() for name in names}
    parts = [beats_of(header, row) for row, header in enumerate(headers)]
    waves = np.concatenate([part[0] for part in parts])
    table = pd.concat([part[1] for part in parts], ignore_index=True)
    known = table.code != 0
    table["record_label"] = np.where(known, table.code.map(CLASSES).fillna(4), -100).astype(int)
    table["noise_flag"] = (table.quality_score >= 1).astype(int)
    table["signal_quality"] = 1 / (1 + table.quality_score)
    table["side"] = sides(table)
    fitted = ((table.side == "train") & (table.noise_flag == 0)).to_numpy()
    raw = rr_features(table)
    quartiles = np.quantile(raw[fitted], [0.25, 0.5, 0.75], axis=0)
    scaled = (raw - quartiles[1]) / (quartiles[2] - quartiles[0])
    components = PCA(24, random_state=1).fit(waves[fitted])
    embedded = components.transform(waves)
    embedded = (embedded - embedded[fitted].mean(0)) / (embedded[fitted].std(0) + 1e-6)
    features = np.concatenate([embedded, scaled.clip(-10, 10)], 1).astype(np.float32)
    model = KMeans(20, n_init=3, random_state=1).fit(features[fitted])
    table["global_cluster_id"] = np.where(table.noise_flag == 1, -1, model.predict(features))
    table["local_cluster_id"] = local_clusters(features, table, fitted)
    for kind in ("global", "local"):
        keys = [f"{kind}_cluster_id"] + (["record_label"] if kind == "local" else [])
        table[f"{kind}_cluster_size"] = table.groupby(keys)["r_index"].transform("size")
    rows, medians = prototypes(table, waves, fitted)
    groups = table[fitted & known].groupby("record_label")
    templates = {f"class_{label}": np.median(waves[own.index], 0) for label, own in groups}
    table[RR] = raw
    table.index.name = "beat_global_id"
    table.to_csv(out / "beat_metadata.csv")
    wide = table.assign(**{f"scaled_{name}": scaled[:, k] for k, name in enumerate(RR)})
    try:
        pd.concat([wide, pd.DataFrame(embedded).add_prefix("pc")], axis=1).to_parquet(out / "beats.parquet")
    except ImportError:
        print("pyarrow is not there: no beats.parquet", file=sys.stderr)
    arrays = dict(
        beats=waves, features=features, labels=table.record_label.to_numpy(np.int32),
        noise_flags=table.noise_flag.to_numpy(np.int32), global_cluster_ids=table.global_cluster_id.to_numpy(np.int32),
    )
    for name, array in arrays.items():
        np.save(out / f"{name}.npy", array)
    np.savez_compressed(out / "context_windows.npz", **context(table))
    np.savez_compressed(out / "class_templates.npz", **templates)
    np.savez_compressed(out / "prototype_library_waves.npz", **medians)
    np.savez_compressed(out / "feature_map.npz", mean=components.mean_, axes=components.components_, clusters=model.cluster_centers_)
    rows.to_csv(out / "prototype_library.csv", index=False)
    side_of = table.groupby("record").side.first().to_dict()
    counts = table.groupby(["side", "record_label"]).size().unstack(fill_value=0).to_dict("index")
    summary = dict(beats=len(table), noise=int(table.noise_flag.sum()), sides=counts, split=side_of, inputs=hashes)
    (out / "summary.json").write_text(json.dumps(summary, indent=2, default=int))


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
