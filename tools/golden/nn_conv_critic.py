"""Golden values of a Wasserstein step of convolutional critics, with PyTorch's double backward (create_graph=True).

A sequence critic and an image critic, both with affine instance normalisation in some blocks, LeakyReLU 0.2 and fixed
dropout masks of 0.25; computed in double precision. Samples, masks and the flattened map of the head are stored with the
channels last.

usage: python nn_conv_critic.py OUT.safetensors
"""

import sys

import torch
from safetensors.torch import save_file
from torch.nn import functional

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
ROWS, LAMBDA = 3, 10.0

# name: (height, width, channels), [(outputs, kernel, stride, padding, norm)]
NETS = {
    "sequence": ((1, 23, 2), [(4, 5, 2, 2, False), (6, 5, 2, 2, True), (5, 3, 1, 1, False)]),
    "image": ((9, 8, 3), [(4, 4, 2, 1, False), (6, 3, 1, 1, True), (5, 4, 2, 1, True)]),
}


def square(height, n, alone):
    """Sequences are images of height 1."""
    return (alone if height == 1 else n, n)


class Critic:
    def __init__(self, size, blocks):
        height, width, channels = size
        self.convolutions, self.norms, self.maps = [], [], []
        for outputs, kernel, stride, padding, norm in blocks:
            self.convolutions.append(
                torch.nn.Conv2d(
                    channels,
                    outputs,
                    square(size[0], kernel, 1),
                    square(size[0], stride, 1),
                    square(size[0], padding, 0),
                    bias=not norm,
                )
            )
            self.norms.append(torch.nn.InstanceNorm2d(outputs, affine=True) if norm else None)
            if norm:
                torch.nn.init.normal_(self.norms[-1].weight, 1, 0.3)
                torch.nn.init.normal_(self.norms[-1].bias, 0, 0.3)
            if size[0] > 1:
                height = (height + 2 * padding - kernel) // stride + 1
            width = (width + 2 * padding - kernel) // stride + 1
            channels = outputs
            self.maps.append((height, width, channels))
        self.head = torch.nn.Linear(height * width * channels, 1)

    def masks(self):
        return [(torch.rand(ROWS, *m) >= 0.25).double() / 0.75 for m in self.maps]

    def __call__(self, x, masks):
        h = x.permute(0, 3, 1, 2)
        for convolution, norm, mask in zip(self.convolutions, self.norms, masks):
            h = convolution(h)
            h = norm(h) if norm else h
            h = functional.leaky_relu(h, 0.2) * mask.permute(0, 3, 1, 2)
        return self.head(h.permute(0, 2, 3, 1).flatten(1))

    def named(self):
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms)):
            for path, layer in ((f"convolutions.{i}", convolution), (f"norms.{i}", norm)):
                for name, parameter in layer.named_parameters() if layer else ():
                    yield f"{path}.{name}", parameter
        yield "head.weight", self.head.weight
        yield "head.bias", self.head.bias


out = {}
for net, (size, blocks) in NETS.items():
    critic = Critic(size, blocks)
    fake, real = torch.randn(ROWS, *size), torch.randn(ROWS, *size)
    mix = torch.rand(ROWS, 1)
    of_fake, of_real, of_mixed = critic.masks(), critic.masks(), critic.masks()
    alpha = mix.view(ROWS, 1, 1, 1)
    mixed = (alpha * fake + (1 - alpha) * real).requires_grad_()
    scores = critic(mixed, of_mixed)
    (gradient,) = torch.autograd.grad(scores, mixed, torch.ones_like(scores), create_graph=True)
    penalty = ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean() * LAMBDA
    wasserstein = critic(fake, of_fake).mean() - critic(real, of_real).mean()
    (wasserstein + penalty).backward()
    values = {
        "fake": fake,
        "real": real,
        "mix": mix,
        "wasserstein": wasserstein.reshape(1),
        "penalty": penalty.reshape(1),
        "input_gradient": gradient,
    }
    for i, parts in enumerate(zip(of_fake, of_real, of_mixed)):
        values[f"mask.{i}"] = torch.cat(parts)
    for name, parameter in critic.named():
        values[f"critic.{name}"] = parameter
        values[f"gradient.{name}"] = parameter.grad
    out |= {f"{net}.{name}": t.detach().float().contiguous() for name, t in values.items()}
save_file(out, sys.argv[1])
