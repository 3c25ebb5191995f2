"""What wfdb-python reads from WFDB records: samples, checksums, annotations.

    python wfdb_records.py DATA crates/paucal-signal/tests/golden

DATA holds mitdb/, ctu-uhb/ and wfdb-samples/. Needs wfdb 4.3.1 and soundfile (for FLAC).
"""

import json
import sys
from pathlib import Path

import numpy as np
import wfdb


def edges(values, count):
    """First and last samples, length and sum: enough to tell any slip of the reader."""
    values = [int(v) for v in values]
    return {"first": values[:count], "last": values[-3:], "length": len(values), "sum": sum(values)}


def stored(path, count=8):
    """The codes of a record of one segment, skew taken out, every sample of a frame kept."""
    try:
        record = wfdb.rdrecord(str(path), physical=False, smooth_frames=False)
        columns = record.e_d_signal
    except ValueError:
        # wfdb-python fails to narrow the numbers of some formats when it keeps the samples of a frame apart.
        record = wfdb.rdrecord(str(path), physical=False)
        columns = list(record.d_signal.T)
    return {
        "rate": record.fs,
        "names": record.sig_name,
        "units": record.units,
        "gains": [float(g) for g in record.adc_gain],
        "baselines": [int(b) for b in record.baseline],
        "codes": [edges(c, count) for c in columns],
    }


def joined(path):
    """Physical values of a record of several segments."""
    record = wfdb.rdrecord(str(path), m2s=True)
    columns = []
    for c in range(record.n_sig):
        values = record.p_signal[:, c]
        valid = np.flatnonzero(~np.isnan(values))
        columns.append(
            {
                "length": len(values),
                "valid": len(valid),
                "at": [int(i) for i in valid[:: max(1, len(valid) // 5)][:5]],
                "values": [float(values[i]) for i in valid[:: max(1, len(valid) // 5)][:5]],
                "sum": float(np.nansum(values)),
            }
        )
    return {"rate": record.fs, "names": record.sig_name, "units": record.units, "columns": columns}


def marks(path, annotator):
    """Annotations: all of the numbers summed, the first texts."""
    a = wfdb.rdann(str(path), annotator)
    return {
        "count": len(a.sample),
        "rate": a.fs,
        "symbols": "".join(s for s in a.symbol[:40] if isinstance(s, str)),
        "samples": [int(s) for s in a.sample[:10]],
        "sum": int(np.sum(a.sample, dtype=object)) if len(a.sample) else 0,
        "subtypes": int(np.sum(a.subtype)),
        "channels": int(np.sum(a.chan)),
        "numbers": int(np.sum(a.num)),
        "texts": [t.rstrip("\x00") for t in a.aux_note if isinstance(t, str) and t.strip("\x00 ")][:4],
    }


def try_all(paths, read):
    """Results by name; what wfdb-python refuses is left out."""
    out = {}
    for path in paths:
        try:
            out[path.name if path.suffix else path.stem] = read(path)
        except Exception as error:  # noqa: BLE001
            print(f"left out {path.name}: {type(error).__name__}: {error}", file=sys.stderr)
    return out


def write(path, tables):
    """A line for each record."""
    lines = lambda table: ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in table.items())
    body = ",\n".join(f"{json.dumps(name)}: {{\n{lines(table)}\n}}" for name, table in tables.items())
    path.write_text("{\n" + body + "\n}\n")


def main():
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    samples = data / "wfdb-samples"

    headers = sorted(samples.glob("*.hea"))
    segments = sorted(samples.glob("multi-segment/*/*.hea"))
    multi = [p for p in segments if "/" in p.read_text(errors="replace").lstrip("# ").split()[0]]
    golden = {
        "records": try_all([p for p in headers + segments if p not in multi], lambda p: stored(p.with_suffix(""))),
        "segmented": try_all(multi, lambda p: joined(p.with_suffix(""))),
        "annotations": try_all(
            [p for p in sorted(samples.iterdir()) if p.suffix[1:] in {"atr", "qrs", "gqrsh", "gqrsl", "sqrs", "wabp", "wqrs", "anI"}],
            lambda p: marks(p.with_suffix(""), p.suffix[1:]),
        ),
    }
    write(out / "wfdb_samples.json", golden)

    whole = {}
    for folder in ["mitdb", "ctu-uhb"]:
        lines = {}
        for header in sorted((data / folder).glob("*.hea")):
            codes = stored(header.with_suffix(""), 4)["codes"]
            lines[header.stem] = [[c["length"], c["sum"], *c["first"]] for c in codes]
        whole[folder] = lines
    whole["mitdb annotations"] = {
        h.stem: marks(h.with_suffix(""), "atr") for h in sorted((data / "mitdb").glob("*.hea"))
    }
    write(out / "wfdb_databases.json", whole)


if __name__ == "__main__":
    main()
