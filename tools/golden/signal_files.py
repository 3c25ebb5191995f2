"""Arrays by NumPy and a spreadsheet by openpyxl, for the readers of recordings.

    python signal_files.py crates/paucal-signal/tests/golden

Needs numpy and openpyxl.
"""

import sys
from pathlib import Path

import numpy as np
import openpyxl


def main():
    out = Path(sys.argv[1])
    grid = np.arange(12).reshape(4, 3) / 4
    np.savez_compressed(
        out / "arrays.npz",
        f4=grid.astype("<f4"),
        f8_fortran=np.asfortranarray(grid),
        i2_big=np.array([1, -2, 300], dtype=">i2"),
        i4=np.array([[1, -2], [3, 40000]], dtype="<i4"),
        i8=np.arange(3),
        truth=np.array([True, False]),
        cube_fortran=np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype("<f4")),
        scalar=np.float64(2.5),
    )

    # The layout of spec 5, with the dirt it provides for: a bad token, a short strip, a missing patient.
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Patient ID", "ECG Wave", "Label"])
    wave = [round(float(np.sin(i / 10)), 4) for i in range(260)]
    sheet.append([12, ",".join(map(str, wave)), 1])
    sheet.append([12, ", ".join(map(str, wave[::-1])) + ",", 0])
    sheet.append([7, "1,2,x", 0])
    sheet.append([8, "1,2,3", 0])
    sheet.append([None, ",".join(map(str, range(250))), -1])
    book.save(out / "strips.xlsx")


if __name__ == "__main__":
    main()
