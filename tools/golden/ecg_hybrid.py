"""Golden values of the hybrid network for beats: logits, loss and gradients of one step of PyTorch.

usage: python ecg_hybrid.py OUT.json

Weights and inputs come from a hash of their place (`hashed`), which the test repeats, so that the file holds results only.
Of each gradient it holds the norm and a few values.
"""

import json
import sys

import torch
from torch import nn

from places import hashed

torch.set_num_threads(1)
BATCH, SLOTS, LENGTH, PROTOTYPES, TABLE, CLASSES = 6, 5, 34, 7, 4, 3


class Hybrid(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.first_norm = nn.Conv1d(1, 24, 7, padding=3), nn.BatchNorm1d(24)
        self.second, self.second_norm = nn.Conv1d(24, 48, 5, padding=2), nn.BatchNorm1d(48)
        self.closing = nn.Conv1d(48, 64, 3, padding=1)
        self.context = nn.LSTM(64, 96, batch_first=True, bidirectional=True)
        self.prototypes = nn.Sequential(nn.Linear(PROTOTYPES, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.table = nn.Sequential(nn.Linear(TABLE, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.fusion = nn.Sequential(nn.Linear(64 + 192 + 64, 128), nn.ReLU(), nn.Linear(128, 96), nn.ReLU())
        self.class_head, self.noise_head = nn.Linear(96, CLASSES), nn.Linear(96, 1)

    def forward(self, waves, prototypes, table):
        x = waves.reshape(-1, 1, LENGTH)
        x = torch.max_pool1d(torch.relu(self.first_norm(self.first(x))), 2)
        x = torch.max_pool1d(torch.relu(self.second_norm(self.second(x))), 2)
        shapes = torch.relu(self.closing(x)).mean(2).reshape(-1, SLOTS, 64)
        context, _ = self.context(shapes)
        middle = SLOTS // 2
        parts = [shapes[:, middle], context[:, middle], self.prototypes(prototypes), self.table(table)]
        fused = self.fusion(torch.cat(parts, 1))
        return self.class_head(fused), self.noise_head(fused)


NAMES = {
    "first": "encoder.convolutions.0", "first_norm": "encoder.norms.0",
    "second": "encoder.convolutions.1", "second_norm": "encoder.norms.1",
    "prototypes.0": "prototypes.first", "prototypes.2": "prototypes.second",
    "table.0": "table.first", "table.2": "table.second",
    "fusion.0": "fusion.first", "fusion.2": "fusion.second",
}


def ours(name):
    layer, kind = name.rsplit(".", 1)
    if layer == "context":
        direction = "back" if kind.endswith("_reverse") else "forth"
        source = "input" if "_ih_" in kind else "recurrent"
        return f"context.{direction}.{source}.{kind.split('_')[0]}"
    return f"{NAMES.get(layer, layer)}.{kind}"


network = Hybrid()
named = {ours(name): p for name, p in network.named_parameters()}
with torch.no_grad():
    for k, name in enumerate(sorted(named)):
        p = named[name]
        values = hashed(p.numel(), k + 1).reshape(p.shape)
        if "norms" in name and name.endswith("weight"):
            p.copy_(1 + values)
        else:
            fan_in = p[0].numel() if p.dim() > 1 else 25
            p.copy_(values * 5 / fan_in**0.5)

waves = hashed(BATCH * SLOTS * LENGTH, 1001).reshape(BATCH, SLOTS, LENGTH) * 4
prototypes = hashed(BATCH * PROTOTYPES, 1002).reshape(BATCH, PROTOTYPES) * 2
table = hashed(BATCH * TABLE, 1003).reshape(BATCH, TABLE) * 2
classes = torch.arange(BATCH) % CLASSES
noisy = (torch.arange(BATCH) % 4 == 1).float().reshape(BATCH, 1)

network.eval()
evaluated = network(waves, prototypes, table)
network.train()
logits, noise = network(waves, prototypes, table)
loss = nn.CrossEntropyLoss()(logits, classes) + 0.5 * nn.BCEWithLogitsLoss()(noise, noisy)
loss.backward()
gradients = {name: p.grad.flatten() for name, p in named.items()}
network.eval()
after = network(waves, prototypes, table)


def numbers(tensors):
    return [t.detach().flatten().tolist() for t in tensors]


out = {
    "evaluated": numbers(evaluated),
    "trained": numbers([logits, noise]),
    "loss": loss.item(),
    "gradients": {
        name: {"norm": g.norm().item(), "values": g[:: max(1, len(g) // 10)].tolist()} for name, g in gradients.items()
    },
    # With the statistics that the step has recorded, the weights being what they were.
    "after": numbers(after),
}
with open(sys.argv[1], "w") as file:
    json.dump(out, file, indent=1)
    file.write("\n")
