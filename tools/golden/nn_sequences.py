"""Golden values of recurrent layers and of transposed convolutions: outputs and all gradients of PyTorch.

usage: python nn_sequences.py OUT.safetensors

Every case holds its inputs, its weights as PyTorch names them, the gradient given to its output, and what came of them.
"""

import sys

import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(12)
out = {}


def case(name, layer, *inputs, result=lambda y: y):
    """Runs a layer and keeps everything under `name`."""
    inputs = [x.requires_grad_() for x in inputs]
    y = result(layer(*inputs))
    dy = torch.randn_like(y)
    (y * dy).sum().backward()
    out[f"{name}.y"], out[f"{name}.dy"] = y, dy
    for i, x in enumerate(inputs):
        out[f"{name}.x{i}"], out[f"{name}.dx{i}"] = x, x.grad
    for key, p in layer.named_parameters():
        out[f"{name}.weights.{key}"], out[f"{name}.gradients.{key}"] = p, p.grad


class From(nn.Module):
    """A recurrent layer with the states it starts from as inputs."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, *state):
        state = [s[None] for s in state]
        return self.layer(x, state[0] if len(state) == 1 else tuple(state))[0]


# Sequences are [steps, rows, values].
case("gru", From(nn.GRU(3, 4)), torch.randn(5, 6, 3), torch.randn(6, 4))
case("lstm", From(nn.LSTM(3, 4)), torch.randn(5, 6, 3), torch.randn(6, 4), torch.randn(6, 4))
case("gru_stack", nn.GRU(3, 5, num_layers=2), torch.randn(4, 7, 3), result=lambda y: y[0])
case("lstm_stack", nn.LSTM(3, 5, num_layers=2), torch.randn(4, 7, 3), result=lambda y: y[0])
# The last state alone.
case("lstm_last", nn.LSTM(2, 3, num_layers=2), torch.randn(6, 17, 2), result=lambda y: y[0][-1])
# Images are [rows, channels, height, width].
case("transposed", nn.ConvTranspose2d(3, 4, (3, 2), (2, 3), (1, 0), (1, 2)), torch.randn(2, 3, 4, 5))
case("halving", nn.ConvTranspose2d(2, 5, 4, 2, 1), torch.randn(3, 2, 3, 3))
case("sequence", nn.ConvTranspose2d(3, 2, (1, 5), (1, 2), (0, 2), (0, 1)), torch.randn(4, 3, 1, 7))
case("dilated", nn.ConvTranspose2d(2, 3, 3, 2, 2, 0, dilation=2), torch.randn(1, 2, 4, 3))

save_file({name: t.detach().contiguous() for name, t in out.items()}, sys.argv[1])
