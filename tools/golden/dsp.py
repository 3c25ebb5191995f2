"""Golden values of SciPy and NeuroKit2 for paucal-signal, on ten seconds of a real lead.

Usage: python tools/golden/dsp.py DATA crates/paucal-signal/tests/golden

DATA is the folder with the real data (golden/mitdb100_ch0_first3600_mV.csv and mitdb/). Writes lead.json (the
ten seconds, MIT-BIH record 100, lead MLII) and one JSON file per family. Needs scipy and neurokit2.
"""

import json
import sys
from pathlib import Path

import neurokit2 as nk
import numpy as np
import scipy
from scipy import ndimage, signal

FS = 360.0
EVERY = 400  # outputs are stored at every so many samples, and the last


def write(folder, name, content):
    versions = {"scipy": scipy.__version__, "neurokit2": nk.__version__}
    (folder / f"{name}.json").write_text(json.dumps({**versions, **content}) + "\n")


def thin(y):
    return [*y[::EVERY].tolist(), float(y[-1])]


def lead(data, folder):
    mv = np.loadtxt(data / "golden" / "mitdb100_ch0_first3600_mV.csv")
    units = np.rint(mv * 200).astype(int)
    assert np.abs(units / 200 - mv).max() < 1e-9
    content = {
        "source": "MIT-BIH Arrhythmia Database 1.0.0, record 100, MLII, first 10 s (Moody, Mark, 2001; physionet.org),"
        " Open Data Commons Attribution License v1.0",
        "fs": FS,
        "units_per_mv": 200,
        "samples": units.tolist(),
    }
    (folder / "lead.json").write_text(json.dumps(content) + "\n")
    return units / 200


def designs():
    for order in range(1, 9):
        for fs, low, high in [(360.0, 0.5, 45.0), (250.0, 8.0, 30.0), (1000.0, 5.0, 15.0), (50.0, 3.0, 22.5)]:
            yield order, "low", [high], fs
            yield order, "high", [low], fs
            yield order, "pass", [low, high], fs
            yield order, "stop", [low, high], fs


def filters(folder, x):
    cases = []
    for order, kind, edges, fs in designs():
        btype = {"low": "lowpass", "high": "highpass", "pass": "bandpass", "stop": "bandstop"}[kind]
        sos = signal.butter(order, edges if len(edges) > 1 else edges[0], btype, fs=fs, output="sos")
        stable = order <= 4 or kind == "low"
        cases.append(
            {
                "order": order,
                "kind": kind,
                "edges": edges,
                "fs": fs,
                "sos": sos.tolist(),
                "zi": signal.sosfilt_zi(sos).tolist() if stable else None,
                "filter": thin(signal.sosfilt(sos, x)) if stable else None,
                "filtfilt": thin(signal.sosfiltfilt(sos, x)) if stable else None,
                "filtfilt_short": signal.sosfiltfilt(sos, x[:24], padlen=11).tolist() if stable else None,
            }
        )
    polynomial = []
    for fs in [360.0, 260.4]:
        b, a = signal.butter(4, [0.5 / (fs / 2), 45.0 / (fs / 2)], "band")
        y = signal.filtfilt(b, a, x)
        z = (y - y.mean()) / (y.std() + 1e-8)
        polynomial.append(
            {
                "fs": fs,
                "b": b.tolist(),
                "a": a.tolist(),
                "zi": signal.lfilter_zi(b, a).tolist(),
                "filter": thin(signal.lfilter(b, a, x)),
                "filtfilt": thin(y),
                "mean": y.mean(),
                "std": y.std(),
                "standardised": thin(z),
            }
        )
    notches = []
    for frequency, quality, fs in [(50.0, 30.0, 360.0), (60.0, 5.0, 250.0)]:
        b, a = signal.iirnotch(frequency, quality, fs)
        notches.append({"frequency": frequency, "quality": quality, "fs": fs, "b": b.tolist(), "a": a.tolist()})
    write(folder, "filters", {"every": EVERY, "sections": cases, "polynomials": polynomial, "notches": notches})


def shapes(folder, x):
    means = [{"size": n, "output": thin(ndimage.uniform_filter1d(x, n, mode="nearest"))} for n in (1, 2, 36, 37, 270, 5000)]
    smooth = [{"size": n, "output": thin(nk.signal_smooth(x, kernel="boxcar", size=n))} for n in (36, 270)]
    medians = [{"size": n, "output": thin(ndimage.median_filter(x, n, mode="nearest"))} for n in (1, 71, 215)]
    part = x[500:720]
    peaks, properties = signal.find_peaks(part, prominence=(None, None))
    # SciPy takes equal peaks in any order; a slight tilt makes them differ.
    apart, _ = signal.find_peaks(part + 1e-7 * np.arange(len(part)), distance=12)
    write(
        folder,
        "shapes",
        {
            "every": EVERY,
            "means": means,
            "boxcar": smooth,
            "medians": medians,
            "gradient": thin(np.gradient(x)),
            "line_removed": thin(signal.detrend(x)),
            "peaks": {
                "from": 500,
                "to": 720,
                "peaks": peaks.tolist(),
                "prominences": properties["prominences"].tolist(),
                "apart_12": apart.tolist(),
            },
        },
    )


def resampled(folder, x):
    fourier = [
        {"input": n, "length": m, "output": signal.resample(x[:n], m).tolist()}
        for n, m in [(60, 90), (60, 41), (61, 40), (61, 122), (60, 60), (17, 34), (34, 17), (1, 4)]
    ]
    poly = [
        {
            "input": n,
            "up": up,
            "down": down,
            "zero": signal.resample_poly(x[:n], up, down).tolist(),
            "line": signal.resample_poly(x[:n], up, down, padtype="line").tolist(),
        }
        for n, up, down in [(60, 25, 36), (60, 3, 2), (60, 2, 4), (61, 1, 3), (60, 7, 1), (9, 25, 36), (60, 100, 99)]
    ]
    write(folder, "resample", {"fourier": fourier, "poly": poly})


def record(path):
    """The first lead of a record in format 212, in mV."""
    three = np.fromfile(path, np.uint8).reshape(-1, 3).astype(int)
    units = three[:, 0] | (three[:, 1] & 15) << 8
    return (np.where(units > 2047, units - 4096, units) - 1024) / 200


def peaks(folder, data, x):
    def neurokit(y, fs=FS):
        _, info = nk.ecg_peaks(y, sampling_rate=fs, method="neurokit")
        return np.asarray(info["ECG_R_Peaks"], dtype=np.int64)

    b, a = signal.butter(4, [0.5 / (FS / 2), 45.0 / (FS / 2)], "band")
    y = signal.filtfilt(b, a, x)
    records = {}
    for path in sorted((data / "mitdb").glob("*.dat")):
        found = neurokit(record(path))
        # The weighted sum tells two lists of the same length apart.
        records[path.stem] = {"count": len(found), "weighted": int((found * np.arange(1, len(found) + 1)).sum())}
    write(folder, "neurokit", {"raw": neurokit(x).tolist(), "filtered": neurokit(y).tolist(), "records": records})


def main():
    data, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    x = lead(data, folder)
    filters(folder, x)
    shapes(folder, x)
    resampled(folder, x)
    peaks(folder, data, x)


main()
