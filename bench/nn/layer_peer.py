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
    """The layer and its input."""
    inputs, units = layer["channels"]
    rows, kind = layer["rows"], layer["kind"]
    if kind == "linear":
        return nn.Linear(inputs, units), torch.randn(rows, inputs)
    if kind in ("lstm", "gru"):
        recurrent = (nn.LSTM if kind == "lstm" else nn.GRU)(inputs, units)
        return lambda x: recurrent(x)[0], torch.randn(*layer["size"], rows, inputs)
    x = torch.randn(rows, inputs, *layer["size"])
    if kind == "batch-norm":
        return nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(inplace=True)), x
    if kind == "max-pool":
        return nn.MaxPool2d(layer["kernel"], layer["stride"], layer["padding"]), x
    return convolution(layer), x


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("layer", choices=LAYERS)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--channels-last", choices=["yes", "no"], required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    layer, x = made(LAYERS[args.layer])
    if args.channels_last == "yes":
        x = x.contiguous(memory_format=torch.channels_last)
        if isinstance(layer, nn.Module):
            layer = layer.to(memory_format=torch.channels_last)
    x.requires_grad_()
    dy = torch.randn_like(layer(x))

    def step():
        x.grad = None
        if isinstance(layer, nn.Module):
            layer.zero_grad()
        layer(x).backward(dy)

    serve(step)


main()
