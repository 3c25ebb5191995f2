"""What the benchmarks of networks share: processes that are timed in turn, and where results are written."""

import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHMARKS = HERE.parent.parent / "BENCHMARKS.md"


class Side:
    """One process that makes steps."""

    def __init__(self, command, threads, waiting="passive"):
        environment = os.environ | {"RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        environment["OMP_WAIT_POLICY"] = waiting
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.times, self.seconds = [], 0.0

    def steps(self, count):
        """Milliseconds of each of so many steps. In between the process is stopped: threads that wait in a loop would take
        a core from the other side."""
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        times = [float(v) for v in self.process.stdout.readline().split()]
        self.process.send_signal(signal.SIGSTOP)
        if len(times) != count:
            sys.exit(f"{' '.join(map(str, self.process.args))} has ended")
        return times

    def measure(self, count):
        before = self.processor_time()
        self.times += self.steps(count)
        self.seconds += self.processor_time() - before

    def median(self):
        return statistics.median(self.times)

    def processor_time(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        """Peak memory in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def warm_up(self):
        """Milliseconds of a step, the first of which are not counted."""
        first = self.steps(2)[1]
        return statistics.median(self.steps(5)) if first < 500 else first

    def end(self):
        self.process.stdin.close()
        self.process.send_signal(signal.SIGCONT)
        self.process.wait()


def in_turn(sides, rounds, milliseconds, share):
    """Measures all sides in turn, as many steps a round as the given time of a step lets pass in `share` seconds."""
    count = max(2, min(200, round(share * 1e3 / milliseconds)))
    for _ in range(rounds):
        for side in sides:
            side.measure(count)


def serve(step):
    """What a side does: for every number on standard input so many steps, answered by the milliseconds that each took."""
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            times.append(f"{(time.perf_counter() - start) * 1e3:.4f}")
        print(" ".join(times), flush=True)


def fastest(sides):
    """Warms all up, keeps the fastest, and how long its step takes."""
    times = [side.warm_up() for side in sides]
    kept = times.index(min(times))
    for i, side in enumerate(sides):
        if i != kept:
            side.end()
    return sides[kept], times[kept]


def milliseconds(value):
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def heading(threads, rounds):
    """Where, when and how it was measured. How busy the machine is with other work is part of the result."""
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    machine = f"{time.strftime('%Y-%m-%d')}, {names[0] if names else platform.machine()}, {os.cpu_count()} cores"
    return [
        f"{machine}; Python {platform.python_version()}, torch {version('torch')}, eager; {threads};",
        f"medians of {rounds} rounds in turn; {os.getloadavg()[0]:.1f} processes were running before the first.",
        "",
    ]


def write(marker, lines):
    """Replaces what stands between the markers of that name."""
    text = BENCHMARKS.read_text()
    start, end = (text.index(f"<!-- {bar}{marker} -->") for bar in ("", "/"))
    BENCHMARKS.write_text(f"{text[:start]}<!-- {marker} -->\n" + "\n".join(lines) + f"\n{text[end:]}")
