"""The literal preparation of beats, by the first description's own program, on a minute of a real record.

    python ecg_spec.py <folder of colab_ecg_preprocess.py> crates/paucal-signal/tests/data/mitdb-minute/223m13 \
        crates/paucal-signal/tests/golden/ecg_spec.json

Peaks are the annotated ones, so that no detector is needed. Needs numpy, scipy, pandas and scikit-learn.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, sys.argv[1])
import colab_ecg_preprocess as spec  # noqa: E402
import mitdb_minute  # noqa: E402

FS = 360.0


def lead(path):
    data = path.read_bytes()
    codes = []
    for i in range(0, len(data), 3):
        a, b, c = data[i : i + 3]
        codes += [mitdb_minute.signed(a | (b & 0x0F) << 8), mitdb_minute.signed(c | (b >> 4) << 8)]
    return (np.asarray(codes, dtype=np.float32) - 1024) / np.float32(200)


def rounded(value):
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def main():
    record, out = Path(sys.argv[2]), Path(sys.argv[3])
    wave = lead(record.with_suffix(".dat"))
    peaks = [time for time, _ in mitdb_minute.beats(record.with_suffix(".atr").read_bytes())]
    ecg = spec.normalize_wave(spec.bandpass_ecg(wave, FS))
    beats, kept = spec.extract_beats(ecg, np.asarray(peaks), FS, 250.0, 400.0)
    rr = np.diff(kept) / FS
    rr_prev = np.concatenate([[rr[0]], rr]).astype(np.float32)
    rr_next = np.concatenate([rr, [rr[-1]]]).astype(np.float32)
    score, noise = spec.score_noise(beats, rr_prev, rr_next)
    features = spec.build_global_feature_space(beats, rr_prev, rr_next, 8)
    rows = np.zeros(len(beats), dtype=np.int32)
    windows, _, mask = spec.make_context_windows(beats, rows, rows, noise, 2)
    used = np.flatnonzero(~noise)
    golden = {
        "length": int(beats.shape[1]),
        "kept": kept.tolist(),
        "beats": [[float(v) for v in beat[::20]] for beat in beats[::10]],
        "rr_prev": rr_prev.tolist(),
        "rr_next": rr_next.tolist(),
        "score": score.tolist(),
        "noise": np.flatnonzero(noise).tolist(),
        "features": [[float(v) for v in row] for row in features[::10]],
        "windows": len(windows),
        "mask": mask.sum(axis=1).astype(int).tolist(),
        "centres": used.tolist(),
        "template": [float(v) for v in spec.build_templates(beats, rows, noise)[0][::20]],
    }
    lines = [f"{json.dumps(key)}: {json.dumps(rounded(value))}" for key, value in golden.items()]
    out.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
