"""A minute of one lead of the MIT-BIH Arrhythmia Database with its beats, as a WFDB record.

    python mitdb_minute.py <folder of the database> crates/paucal-signal/tests/data/mitdb-minute

Record 223, first lead, 780 to 840 s: 71 N, 5 S, 7 V and 4 F. Needs nothing but Python.
"""

import struct
import sys
from pathlib import Path

RECORD, NAME, START, SECONDS, RATE = "223", "223m13", 780, 60, 360
BEATS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41}


def signed(code):
    return code - 4096 if code > 2047 else code


def first_lead(data):
    return [signed(data[i] | (data[i + 1] & 0x0F) << 8) for i in range(0, len(data) - 2, 3)]


def beats(data):
    at, time = 0, 0
    while True:
        (word,) = struct.unpack_from("<H", data, at)
        at += 2
        code, low = word >> 10, word & 1023
        if word == 0:
            return
        if code == 59:
            high, rest = struct.unpack_from("<HH", data, at)
            time += high << 16 | rest
            at += 4
        elif code == 63:
            at += low + low % 2
        elif code not in (60, 61, 62):
            time += low
            if code in BEATS:
                yield time, code


def main():
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    first, count = START * RATE, SECONDS * RATE
    lead = first_lead((source / f"{RECORD}.dat").read_bytes())[first : first + count]
    packed = bytearray()
    for a, b in zip(lead[::2], lead[1::2]):
        a, b = a & 0xFFF, b & 0xFFF
        packed += bytes([a & 0xFF, a >> 8 | (b >> 8) << 4, b & 0xFF])
    (out / f"{NAME}.dat").write_bytes(packed)

    checksum = (sum(lead) + 32768) % 65536 - 32768
    signal = f"{NAME}.dat 212 200 11 1024 {lead[0]} {checksum} 0 MLII"
    about = f"# MIT-BIH Arrhythmia Database, record {RECORD}, {START} to {START + SECONDS} s"
    (out / f"{NAME}.hea").write_text(f"{NAME} 1 {RATE} {count}\n{signal}\n{about}\n")

    marks, before = bytearray(), 0
    for time, code in beats((source / f"{RECORD}.atr").read_bytes()):
        if first <= time < first + count:
            step = time - first - before
            if step > 1023:
                marks += struct.pack("<HHH", 59 << 10, step >> 16, step & 0xFFFF)
                step = 0
            marks += struct.pack("<H", code << 10 | step)
            before = time - first
    (out / f"{NAME}.atr").write_bytes(marks + b"\0\0")


if __name__ == "__main__":
    main()
