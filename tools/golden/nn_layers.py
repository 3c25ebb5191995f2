"""Golden values of a small network with batch norm, trained for three steps by PyTorch's Adam.

usage: python nn_layers.py OUT.safetensors
"""

import sys

import torch
from safetensors.torch import save_file

torch.manual_seed(11)
hidden, norm, head = torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 4)
with torch.no_grad():
    norm.weight.uniform_(0.5, 1.5)
    norm.bias.normal_()
network = torch.nn.ModuleDict({"hidden": hidden, "norm": norm, "head": head})
x, target = torch.randn(16, 6) * 2 + 1, torch.randn(16, 4)


def state(prefix):
    return {
        f"{prefix}.{name}": t.detach().clone()
        for name, t in network.state_dict().items()
        if "num_batches" not in name
    }


def forward(x):
    return head(torch.relu(norm(hidden(x))))


out = {"x": x, "target": target, **state("before")}
adam = torch.optim.Adam(network.parameters(), lr=2e-2, betas=(0.5, 0.9), weight_decay=1e-2)
losses = []
for step in range(3):
    adam.zero_grad()
    loss = ((forward(x) - target) ** 2).mean()
    loss.backward()
    if step == 0:
        out |= {f"gradient.{name}": p.grad.clone() for name, p in network.named_parameters()}
    adam.step()
    losses.append(loss.detach())
network.eval()
out |= {"losses": torch.stack(losses), "evaluated": forward(x), **state("after")}
save_file({name: t.detach().contiguous() for name, t in out.items()}, sys.argv[1])
