"""Golden values of the autoencoder of vital signs: codes, output, loss and gradients of one step of PyTorch.

usage: python vitals_autoencoder.py OUT.json

Weights and inputs come from a hash of their place (`hashed`), which the test repeats, so that the file holds results only.
Of long results it holds the norm and a few values. Without dropout, which has random numbers of its own.
"""

import json
import sys

import torch
from torch import nn

from places import hashed

torch.set_num_threads(1)
ROWS, CHANNELS, LENGTH, CODE, UNITS = 3, 4, 64, 32, 64


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = nn.ModuleList([nn.Conv1d(CHANNELS, 16, 5, 2, 2), nn.Conv1d(16, 32, 5, 2, 2)])
        self.reader = nn.LSTM(32, UNITS, num_layers=2)
        self.code, self.start = nn.Linear(UNITS, CODE), nn.Linear(CODE, UNITS)
        self.writer = nn.LSTM(UNITS, 32, num_layers=2)
        self.place = nn.Linear(32, 32)
        transposed = [nn.ConvTranspose1d(32, 16, 5, 2, 2, 1), nn.ConvTranspose1d(16, CHANNELS, 5, 2, 2, 1)]
        self.transposed = nn.ModuleList(transposed)

    def encode(self, x):
        for convolution in self.convolutions:
            x = torch.relu(convolution(x))
        return self.code(self.reader(x.permute(2, 0, 1))[0][-1])

    def forward(self, x):
        start = self.start(self.encode(x)).expand(LENGTH // 4, -1, -1)
        places = torch.relu(self.place(self.writer(start)[0]))
        return self.transposed[1](torch.relu(self.transposed[0](places.permute(1, 2, 0))))


def ours(name):
    """`reader.weight_ih_l1` is `reader.layers.1.input.weight`; one-dimensional kernels lie on images of height 1."""
    layer, kind = name.rsplit(".", 1)
    if layer in ("reader", "writer"):
        source = "input" if "_ih_" in kind else "recurrent"
        return f"{layer}.layers.{kind[-1]}.{source}.{kind.split('_')[0]}"
    return name


network = Autoencoder()
named = {ours(name): p for name, p in network.named_parameters()}
with torch.no_grad():
    for k, name in enumerate(sorted(named)):
        p = named[name]
        fan_in = p[0].numel() if p.dim() > 1 else 25
        p.copy_(hashed(p.numel(), k + 1).reshape(p.shape) * 5 / fan_in**0.5)

# Time first, as there.
x = (hashed(ROWS * CHANNELS * LENGTH, 1001) * 4).reshape(ROWS, LENGTH, CHANNELS).permute(0, 2, 1)
code, y = network.encode(x), network(x)
loss = ((y - x) ** 2).mean()
loss.backward()


def summary(t):
    flat = t.detach().flatten()
    return {"norm": flat.norm().item(), "values": flat[:: max(1, len(flat) // 10)].tolist()}


out = {
    "code": summary(code),
    "output": summary(y.permute(0, 2, 1)),
    "loss": loss.item(),
    "gradients": {name: summary(p.grad) for name, p in named.items()},
}
with open(sys.argv[1], "w") as file:
    json.dump(out, file, indent=1)
    file.write("\n")
