"""One training step of the hybrid network for beats, Paucal and PyTorch in turn.

usage: python bench/nn/ecg.py EXAMPLE [threads] [rounds]

EXAMPLE is the program `ecg_step`, built with `cargo build --release -p paucal-nn --example ecg_step`. A step is forward,
loss, backward and Adam on 128 windows of five beats of 170 samples. Prints medians, fastest steps, processor time (Linux) and
their ratios.
"""

import os
import statistics
import subprocess
import sys
import time

import torch
from torch import nn

EXAMPLE = sys.argv[1]
THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else 2
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 20
STEPS = 5
BATCH, SLOTS, LENGTH, PROTOTYPES, CLASSES = 128, 5, 170, 12, 5
torch.set_num_threads(THREADS)


class Hybrid(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(1, 24, 7, padding=3), nn.BatchNorm1d(24), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(24, 48, 5, padding=2), nn.BatchNorm1d(48), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(48, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
        )
        self.context = nn.LSTM(64, 96, batch_first=True, bidirectional=True)
        self.prototypes = nn.Sequential(
            nn.Linear(PROTOTYPES, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 32), nn.ReLU()
        )
        self.fusion = nn.Sequential(
            nn.Linear(64 + 192 + 32, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 96), nn.ReLU()
        )
        self.class_head, self.noise_head = nn.Linear(96, CLASSES), nn.Linear(96, 1)

    def forward(self, waves, prototypes):
        shapes = self.encoder(waves.reshape(-1, 1, LENGTH)).squeeze(-1).reshape(-1, SLOTS, 64)
        context, _ = self.context(shapes)
        middle = SLOTS // 2
        fused = self.fusion(torch.cat([shapes[:, middle], context[:, middle], self.prototypes(prototypes)], 1))
        return self.class_head(fused), self.noise_head(fused).squeeze(1)


def peer():
    torch.manual_seed(1)
    network = Hybrid()
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    waves, prototypes = torch.randn(BATCH, SLOTS, LENGTH), torch.randn(BATCH, PROTOTYPES)
    classes = torch.arange(BATCH) % CLASSES
    noisy = (torch.arange(BATCH) % 10 == 0).float()
    of_class, of_noise = nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss()

    def step():
        start = time.perf_counter()
        adam.zero_grad()
        logits, noise = network(waves, prototypes)
        loss = of_class(logits, classes) + 0.5 * of_noise(noise, noisy)
        loss.backward()
        adam.step()
        loss.item()
        return (time.perf_counter() - start) * 1e3

    return step


environment = os.environ | {"RAYON_NUM_THREADS": str(THREADS)}
ours = subprocess.Popen([EXAMPLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
theirs = peer()


def ask():
    ours.stdin.write(f"{STEPS}\n")
    ours.stdin.flush()
    return [float(v) for v in ours.stdout.readline().split()]


def spent():
    """Processor seconds of the example so far (Linux)."""
    with open(f"/proc/{ours.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


ask(), [theirs() for _ in range(STEPS)]
mine, other, ratios = [], [], []
own_start, peer_time = spent(), 0.0
for _ in range(ROUNDS):
    a = ask()
    start = time.process_time()
    b = [theirs() for _ in range(STEPS)]
    peer_time += time.process_time() - start
    mine += a
    other += b
    ratios.append(statistics.median(a) / statistics.median(b))
own_time = spent() - own_start
ours.stdin.close()
ours.wait()
print(f"threads {THREADS}, torch {torch.__version__}, milliseconds per step")
for name, of in [("median", statistics.median), ("fastest", min)]:
    print(f"{name}: paucal {of(mine):.1f}, torch {of(other):.1f}, ratio {of(mine) / of(other):.2f}")
of_own, of_peer = (1e3 * spent / len(mine) for spent in (own_time, peer_time))
print(f"processor time: paucal {of_own:.1f}, torch {of_peer:.1f}, ratio {of_own / of_peer:.2f}")
print(f"median of the ratios of {ROUNDS} rounds: {statistics.median(ratios):.2f}")
