"""PyTorch's side of `layers.py`: forward and backward of one layer of `layers.json`.

usage: python layer_peer.py LAYER --threads 2 --channels-last yes|no

Every line of standard input is a number of steps; the answer is the milliseconds that each took, on one line.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import nn

from sides import serve

LAYERS = {layer["name"]: layer for layer in json.loads((Path(__file__).parent / "layers.json").read_text())}


def convolution(layer):
    of = {
        "conv": {1: nn.Conv1d, 2: nn.Conv2d},
        "transposed": {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d},
    }[layer["kind"]][len(layer["size"])]
    stride, padding, groups = layer.get("stride", 1), layer.get("padding", 0), layer.get("groups", 1)
    return of(*layer["channels"], layer["kernel"], stride, padding, groups=groups)


def made(layer):
    """The layer, what is called, and its input."""
    inputs, units = layer["channels"]
    rows, kind = layer["rows"], layer["kind"]
    if kind == "linear":
        module = nn.Linear(inputs, units)
        return module, module, torch.randn(rows, inputs)
    if kind in ("lstm", "gru"):
        module = (nn.LSTM if kind == "lstm" else nn.GRU)(inputs, units)
        return module, lambda x: module(x)[0], torch.randn(*layer["size"], rows, inputs)
    if kind == "batch-norm":
        module = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(inplace=True))
    elif kind == "max-pool":
        module = nn.MaxPool2d(layer["kernel"], layer["stride"], layer["padding"])
    else:
        module = convolution(layer)
    return module, module, torch.randn(rows, inputs, *layer["size"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("layer", choices=LAYERS)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--channels-last", choices=["yes", "no"], required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    module, forward, x = made(LAYERS[args.layer])
    if args.channels_last == "yes":
        x = x.contiguous(memory_format=torch.channels_last)
        module.to(memory_format=torch.channels_last)
    x.requires_grad_()
    dy = torch.randn_like(forward(x))

    def step():
        x.grad = None
        module.zero_grad()
        forward(x).backward(dy)

    serve(step)


main()
