"""PyTorch's side of `run.py`: training steps of one workload, eager, as its users write them.

usage: python peer.py WORKLOAD [--threads 2] [--channels-last yes|no] [--compile]

Every line of standard input is a number of steps; the answer is the milliseconds that each took, on one line.

A step is forward, loss, backward and one step of Adam (in its fused or grouped form, whichever PyTorch takes by itself), all
in single precision, on a batch that is given; random numbers are drawn within the step. Inputs are normal.

ctgan-critic     Wasserstein loss on 50 fake and 50 real packs of 10 x 100 values, penalty (weight 10, norm of the gradient over
                 the whole pack) on packs between them; 256-256, LeakyReLU 0.2, dropout 0.5
ctgan-generator  500 rows of 150 normal values to 100 raw values by two residual blocks of 256 with batch norm; loss is minus
                 the mean score of the critic above, whose weights are held
tvae             500 rows of 150 values (6 scalars, 15 one-hot spans), 128-128 to 128 latent values and back; the spans are gone
                 through one by one, as the authors' program does
ecg-hybrid       128 windows of five beats of 170 samples and 12 similarities; cross-entropy of 5 classes and half of the
                 binary one of noise; see docs of `paucal_nn::beats`
autoencoder      mean squared error on 32 windows of 256 samples of 4 channels; see docs of `paucal_nn::vitals`
critic-1d        Wasserstein loss and penalty as above on 32 given fake and real series of 2 x 1200; Conv 32, 64, 128, 256 of 5,
                 stride 2, padding 2, LeakyReLU 0.2, dropout 0.25, then dense 1
critic-2d        the same on 16 images of 3 x 64 x 64; Conv 64, 128, 256, 512 of 4, stride 2, padding 1, affine instance norm after
                 all but the first, LeakyReLU 0.2, then Conv 1 of 4
resnet-50        cross-entropy of 1000 classes on 8 images of 3 x 224 x 224; the architecture of torchvision

Images lie channels first or last in memory, whichever was found to be faster here (`LAST`); `--channels-last` overrules it.
`--compile` passes the networks through `torch.compile`, which is not how the comparison is made: it needs a compiler at run time.
"""

import argparse

import torch
from torch import nn
from torch.nn import functional

from sides import serve

# Workloads that PyTorch does faster with the channels last.
LAST = {"critic-2d", "resnet-50"}


def adam(network, rate, betas=(0.9, 0.999), decay=0.0):
    return torch.optim.Adam(network.parameters(), lr=rate, betas=betas, weight_decay=decay)


def wasserstein(critic, fake, real, optimiser):
    """A step of a critic with gradient penalty."""
    shape = (len(real),) + (1,) * (real.dim() - 1)

    def step():
        optimiser.zero_grad()
        loss = critic(fake).mean() - critic(real).mean()
        mix = torch.rand(shape)
        mixed = (mix * fake + (1 - mix) * real).requires_grad_()
        scores = critic(mixed)
        (gradient,) = torch.autograd.grad(scores, mixed, torch.ones_like(scores), create_graph=True, retain_graph=True)
        loss = loss + 10 * ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
        loss.backward()
        optimiser.step()
        loss.item()

    return step


def dense_critic():
    return nn.Sequential(
        nn.Linear(1000, 256), nn.LeakyReLU(0.2), nn.Dropout(0.5),
        nn.Linear(256, 256), nn.LeakyReLU(0.2), nn.Dropout(0.5),
        nn.Linear(256, 1),
    )  # fmt: skip


def ctgan_critic(wrap):
    critic = wrap(dense_critic())
    return wasserstein(critic, torch.randn(50, 1000), torch.randn(50, 1000), adam(critic, 2e-4, (0.5, 0.9)))


class Residual(nn.Module):
    def __init__(self, inputs, units):
        super().__init__()
        self.linear, self.norm = nn.Linear(inputs, units), nn.BatchNorm1d(units)

    def forward(self, x):
        return torch.cat([torch.relu(self.norm(self.linear(x))), x], dim=1)


def ctgan_generator(wrap):
    generator = wrap(nn.Sequential(Residual(150, 256), Residual(406, 256), nn.Linear(662, 100)))
    critic = wrap(dense_critic().requires_grad_(False))
    optimiser = adam(generator, 2e-4, (0.5, 0.9))

    def step():
        optimiser.zero_grad()
        loss = -critic(generator(torch.randn(500, 150)).view(50, 1000)).mean()
        loss.backward()
        optimiser.step()
        loss.item()

    return step


LEVELS = [9, 16, 7, 15, 6, 5, 2, 30, 6]
SPANS = [("scalar", 1), ("one-hot", 8)] * 6 + [("one-hot", n) for n in LEVELS]


class Autoencoding(nn.Module):
    def __init__(self, width, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(width, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(128, latent), nn.Linear(128, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, width)
        )
        self.sigma = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x):
        hidden = self.encoder(x)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        deviation = torch.exp(0.5 * log_variance)
        return self.decoder(mean + torch.randn_like(deviation) * deviation), mean, log_variance


def tvae(wrap):
    rows = 500
    real = torch.zeros(rows, sum(length for _, length in SPANS))
    at = 0
    for kind, length in SPANS:
        real[torch.arange(rows), at + torch.arange(rows) % length] = 1.0
        if kind == "scalar":
            real[:, at] = torch.arange(rows) / rows - 0.5
        at += length
    network = Autoencoding(real.shape[1], 128)
    forward, optimiser = wrap(network), adam(network, 1e-3, decay=1e-5)

    def step():
        optimiser.zero_grad()
        raw, mean, log_variance = forward(real)
        losses, at = [], 0
        for kind, length in SPANS:
            if kind == "scalar":
                sigma = network.sigma[at]
                errors = real[:, at] - torch.tanh(raw[:, at])
                losses += [(errors**2 / 2 / sigma**2).sum(), torch.log(sigma) * rows]
            else:
                levels = torch.argmax(real[:, at : at + length], dim=-1)
                losses.append(functional.cross_entropy(raw[:, at : at + length], levels, reduction="sum"))
            at += length
        divergence = -0.5 * torch.sum(1 + log_variance - mean**2 - log_variance.exp())
        loss = 2 * sum(losses) / rows + divergence / rows
        loss.backward()
        optimiser.step()
        network.sigma.data.clamp_(0.01, 1.0)
        loss.item()

    return step


class Hybrid(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(1, 24, 7, padding=3), nn.BatchNorm1d(24), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(24, 48, 5, padding=2), nn.BatchNorm1d(48), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(48, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
        )  # fmt: skip
        self.context = nn.LSTM(64, 96, batch_first=True, bidirectional=True)
        self.prototypes = nn.Sequential(
            nn.Linear(12, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 32), nn.ReLU()
        )
        self.fusion = nn.Sequential(
            nn.Linear(64 + 192 + 32, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 96), nn.ReLU()
        )
        self.class_head, self.noise_head = nn.Linear(96, 5), nn.Linear(96, 1)

    def forward(self, waves, prototypes):
        shapes = self.encoder(waves.reshape(-1, 1, 170)).squeeze(-1).reshape(-1, 5, 64)
        context, _ = self.context(shapes)
        fused = self.fusion(torch.cat([shapes[:, 2], context[:, 2], self.prototypes(prototypes)], 1))
        return self.class_head(fused), self.noise_head(fused).squeeze(1)


def ecg_hybrid(wrap):
    network = wrap(Hybrid())
    optimiser = adam(network, 1e-3)
    waves, prototypes = torch.randn(128, 5, 170), torch.randn(128, 12)
    classes, noisy = torch.arange(128) % 5, (torch.arange(128) % 10 == 0).float()

    def step():
        optimiser.zero_grad()
        logits, noise = network(waves, prototypes)
        of_noise = functional.binary_cross_entropy_with_logits(noise, noisy)
        loss = functional.cross_entropy(logits, classes) + 0.5 * of_noise
        loss.backward()
        optimiser.step()
        loss.item()

    return step


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(4, 16, 5, 2, 2), nn.ReLU(), nn.Conv1d(16, 32, 5, 2, 2), nn.ReLU()
        )
        self.reader = nn.LSTM(32, 64, num_layers=2, dropout=0.5)
        self.code, self.start = nn.Linear(64, 32), nn.Linear(32, 64)
        self.writer = nn.LSTM(64, 32, num_layers=2, dropout=0.5)
        self.place = nn.Linear(32, 32)
        self.decoder = nn.Sequential(
            nn.ConvTranspose1d(32, 16, 5, 2, 2, 1), nn.ReLU(), nn.ConvTranspose1d(16, 4, 5, 2, 2, 1)
        )

    def forward(self, x):
        states, _ = self.reader(self.encoder(x).permute(2, 0, 1))
        start = self.start(self.code(states[-1])).expand(64, -1, -1)
        places = torch.relu(self.place(self.writer(start)[0]))
        return self.decoder(places.permute(1, 2, 0))


def autoencoder(wrap):
    network = wrap(Autoencoder())
    optimiser = adam(network, 1e-3)
    x = torch.randn(32, 4, 256)

    def step():
        optimiser.zero_grad()
        loss = functional.mse_loss(network(x), x)
        loss.backward()
        optimiser.step()
        loss.item()

    return step


def critic_1d(wrap):
    layers, channels = [], 2
    for outputs in [32, 64, 128, 256]:
        layers += [nn.Conv1d(channels, outputs, 5, 2, 2), nn.LeakyReLU(0.2), nn.Dropout(0.25)]
        channels = outputs
    critic = wrap(nn.Sequential(*layers, nn.Flatten(), nn.Linear(256 * 75, 1)))
    return wasserstein(critic, torch.randn(32, 2, 1200), torch.randn(32, 2, 1200), adam(critic, 1e-4, (0.0, 0.9)))


def critic_2d(wrap):
    layers, channels = [], 3
    for outputs in [64, 128, 256, 512]:
        # A bias before the norm would do nothing.
        layers.append(nn.Conv2d(channels, outputs, 4, 2, 1, bias=channels == 3))
        if channels > 3:
            layers.append(nn.InstanceNorm2d(outputs, affine=True))
        layers.append(nn.LeakyReLU(0.2))
        channels = outputs
    critic = wrap(nn.Sequential(*layers, nn.Conv2d(512, 1, 4)))
    images = [wrap.images(torch.randn(16, 3, 64, 64)) for _ in range(2)]
    return wasserstein(critic, *images, adam(critic, 1e-4, (0.0, 0.9)))


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride), 1x1, and the way past them."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        outputs = 4 * width

        def conv(inputs, outputs, kernel, stride=1):
            return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)

        relu = nn.ReLU(inplace=True)
        self.main = nn.Sequential(
            *conv(inputs, width, 1), relu, *conv(width, width, 3, stride), relu, *conv(width, outputs, 1)
        )
        self.past = nn.Sequential(*conv(inputs, outputs, 1, stride)) if inputs != outputs or stride > 1 else nn.Identity()

    def forward(self, x):
        return torch.relu_(self.main(x) + self.past(x))


def resnet_50(wrap):
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for width, blocks, stride in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]:
        for i in range(blocks):
            layers.append(Bottleneck(channels, width, stride if i == 0 else 1))
            channels = 4 * width
    network = wrap(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000)))
    optimiser = adam(network, 1e-3)
    images, classes = wrap.images(torch.randn(8, 3, 224, 224)), torch.arange(8) * 100

    def step():
        optimiser.zero_grad()
        loss = functional.cross_entropy(network(images), classes)
        loss.backward()
        optimiser.step()
        loss.item()

    return step


class Wrap:
    """How networks and images lie in memory, and whether networks are compiled."""

    def __init__(self, last, compiled):
        self.format = torch.channels_last if last else torch.contiguous_format
        self.compiled = compiled

    def __call__(self, network):
        network = network.to(memory_format=self.format)
        return torch.compile(network) if self.compiled else network

    def images(self, x):
        return x.to(memory_format=self.format)


WORKLOADS = {
    "ctgan-critic": ctgan_critic,
    "ctgan-generator": ctgan_generator,
    "tvae": tvae,
    "ecg-hybrid": ecg_hybrid,
    "autoencoder": autoencoder,
    "critic-1d": critic_1d,
    "critic-2d": critic_2d,
    "resnet-50": resnet_50,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", choices=["yes", "no"])
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    last = args.workload in LAST if args.channels_last is None else args.channels_last == "yes"
    step = WORKLOADS[args.workload](Wrap(last, args.compile))
    serve(step)


main()
