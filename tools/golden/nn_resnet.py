"""Golden values of a residual network: logits, loss and gradients of one training step, in double precision.

One bottleneck block per stage, two images of 64 x 64; weights are hashes of their places (`hashed`), so that none has to be
stored. Structure and names are those of torchvision's resnet50, written out here.

usage: python nn_resnet.py OUT.json
"""

import json
import sys

import torch
from torch import nn
from torch.nn import functional

from places import hashed

ROWS, SIDE, CLASSES = 2, 64, 5
torch.set_default_dtype(torch.float64)


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.downsample = None
        if stride > 1 or inputs != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        # The first stage has a second block, whose shortcut is its input.
        self.layer1 = nn.Sequential(Bottleneck(64, 64, 1), Bottleneck(256, 64, 1))
        self.layer2 = nn.Sequential(Bottleneck(256, 128, 2))
        self.layer3 = nn.Sequential(Bottleneck(512, 256, 2))
        self.layer4 = nn.Sequential(Bottleneck(1024, 512, 2))
        self.fc = nn.Linear(2048, CLASSES)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


network = ResNet()
for k, (name, parameter) in enumerate(sorted(network.named_parameters())):
    values = hashed(parameter.numel(), k + 1).double().reshape(parameter.shape)
    if parameter.dim() == 1:
        values = values + 1 if name.endswith("weight") else values
    else:
        # As much goes out as comes in.
        values = (values * 5 / parameter[0].numel() ** 0.5).float().double()
    parameter.data = values
images = hashed(ROWS * SIDE * SIDE * 3, 1001).double().reshape(ROWS, SIDE, SIDE, 3) * 4
images = images.permute(0, 3, 1, 2)
network.eval()
evaluated = network(images)
network.train()
logits = network(images)
loss = functional.cross_entropy(logits, torch.tensor([1, 3]))
loss.backward()
gradients = {}
for name, parameter in network.named_parameters():
    flat = parameter.grad.flatten()
    gradients[name] = {"norm": flat.norm().item(), "values": flat[:: max(1, flat.numel() // 10)].tolist()}
network.eval()
golden = {
    "evaluated": evaluated.flatten().tolist(),
    "trained": logits.flatten().tolist(),
    "loss": loss.item(),
    "gradients": gradients,
    "after": network(images).flatten().tolist(),
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file, indent=1)
