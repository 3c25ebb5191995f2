"""Cuts the two-minute extracts of the MIT-BIH Arrhythmia Database that the demo carries.

    python ecg_minutes.py MITDB OUT

MITDB is the folder of the records. For each record of 22 patients without a pacemaker, the two minutes (at whole
half-minutes) with the most rare beats are taken, each class counted up to 20, and the lead MLII (else the first). The
choice makes rare beats more common than they are; the demo says so.
"""

import sys
from pathlib import Path

import numpy as np
import wfdb

RECORDS = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230".split()
CLASSES = {"A": "S", "a": "S", "J": "S", "S": "S", "V": "V", "E": "V", "F": "F"}
RATE, SECONDS, STEP, MOST = 360, 120, 30, 20


def main(source, out):
    out.mkdir(parents=True, exist_ok=True)
    for record in RECORDS:
        header = wfdb.rdheader(str(source / record))
        lead = header.sig_name.index("MLII") if "MLII" in header.sig_name else 0
        marks = wfdb.rdann(str(source / record), "atr")
        best = max(range(0, header.sig_len - SECONDS * RATE + 1, STEP * RATE), key=lambda at: worth(marks, at))
        end = best + SECONDS * RATE
        signals = wfdb.rdrecord(str(source / record), sampfrom=best, sampto=end, channels=[lead], physical=False)
        name = f"{record}m{best // (60 * RATE)}{'h' if best // (30 * RATE) % 2 else ''}"
        wfdb.wrsamp(
            name, fs=RATE, units=signals.units, sig_name=signals.sig_name, d_signal=signals.d_signal, fmt=["212"],
            adc_gain=signals.adc_gain, baseline=signals.baseline, comments=[f"{SECONDS} s of record {record} from {best / RATE:.0f} s"],
            write_dir=str(out),
        )
        inside = (marks.sample >= best) & (marks.sample < end)
        wfdb.wrann(
            name, "atr", marks.sample[inside] - best, symbol=list(np.array(marks.symbol)[inside]),
            aux_note=list(np.array(marks.aux_note)[inside]), write_dir=str(out),
        )


def worth(marks, at):
    inside = (marks.sample >= at) & (marks.sample < at + SECONDS * RATE)
    classes = [CLASSES.get(symbol) for symbol in np.array(marks.symbol)[inside]]
    return sum(min(classes.count(name), MOST) for name in "SVF")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
