"""Golden values of a Wasserstein critic step, with PyTorch's double backward (create_graph=True).

The critic is that of CTGAN in small: rows grouped by pac, Linear / LeakyReLU 0.2 / dropout 0.5 with fixed masks, one
interpolation coefficient per group, gradient norm over the flattened group.

usage: python nn_gradient_penalty.py OUT.safetensors
"""

import sys

import torch
from safetensors.torch import save_file

torch.manual_seed(5)
GROUPS, PAC, WIDTH, UNITS, LAMBDA = 4, 3, 5, (8, 6), 10.0

layers = []
width = PAC * WIDTH
for units in UNITS:
    layers.append(torch.nn.Linear(width, units))
    width = units
head = torch.nn.Linear(width, 1)


def masks():
    return [(torch.rand(GROUPS, units) < 0.5).float() * 2 for units in UNITS]


def critic(x, masks):
    for layer, mask in zip(layers, masks):
        x = torch.nn.functional.leaky_relu(layer(x), 0.2) * mask
    return head(x)


fake = torch.randn(GROUPS * PAC, WIDTH).view(GROUPS, -1)
real = torch.randn(GROUPS * PAC, WIDTH).view(GROUPS, -1)
mix = torch.rand(GROUPS, 1)
of_fake, of_real, of_mixed = masks(), masks(), masks()

mixed = (mix * fake + (1 - mix) * real).requires_grad_()
scores = critic(mixed, of_mixed)
(gradient,) = torch.autograd.grad(
    scores, mixed, torch.ones_like(scores), create_graph=True, retain_graph=True
)
penalty = ((gradient.norm(2, dim=1) - 1) ** 2).mean() * LAMBDA
wasserstein = critic(fake, of_fake).mean() - critic(real, of_real).mean()
(wasserstein + penalty).backward()

out = {
    "fake": fake,
    "real": real,
    "mix": mix,
    "wasserstein": wasserstein.reshape(1),
    "penalty": penalty.reshape(1),
    "input_gradient": gradient,
}
for i, layer in enumerate(layers):
    out[f"mask.{i}"] = torch.cat([of_fake[i], of_real[i], of_mixed[i]])
    out[f"critic.hidden.{i}.weight"], out[f"critic.hidden.{i}.bias"] = layer.weight, layer.bias
    out[f"gradient.hidden.{i}.weight"], out[f"gradient.hidden.{i}.bias"] = layer.weight.grad, layer.bias.grad
out["critic.head.weight"], out["critic.head.bias"] = head.weight, head.bias
out["gradient.head.weight"], out["gradient.head.bias"] = head.weight.grad, head.bias.grad
save_file({name: t.detach().contiguous() for name, t in out.items()}, sys.argv[1])
