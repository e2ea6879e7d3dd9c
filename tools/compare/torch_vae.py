#!/usr/bin/env python3
"""The PyTorch twin of experiments/generative/vae.yaml: prints the negative ELBO on the test images.

    tools/compare/torch_vae.py RESULTS.h5 FOLDER [SEED]

FOLDER holds the IDX files of Fashion-MNIST. Layers, optimiser, batch size and epochs are those of
the run; initialisation is Keras' (Glorot uniform, zero biases), Adam's epsilon 1e-7.
"""
import gzip
import sys

import h5py
import numpy as np
import torch
import yaml
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits


def images(path):
    with gzip.open(path) as f:
        pixels = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)
    return torch.tensor(pixels.astype(np.float32) / 255)


class Vae(nn.Module):
    def __init__(self, hidden, latent):
        super().__init__()
        self.hidden = nn.Linear(784, hidden)
        self.mean = nn.Linear(hidden, latent)
        self.log_var = nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, 784))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def losses(self, x):
        h = torch.relu(self.hidden(x))
        mean, log_var = self.mean(h), self.log_var(h)
        z = mean + torch.exp(log_var / 2) * torch.randn_like(mean)
        kl = -0.5 * (1 + log_var - mean ** 2 - log_var.exp()).sum(1)
        fit = binary_cross_entropy_with_logits(self.decoder(z), x, reduction="none").sum(1)
        return fit, kl


def main():
    with h5py.File(sys.argv[1]) as f:
        config = yaml.safe_load(f["config"][()])
        ours = f.attrs["test_loss"], f.attrs["test_kl"]
    units = [layer["Dense"]["units"] for layer in config["model"]
             if isinstance(layer, dict) and "Dense" in layer]
    spec = config["train"]
    torch.manual_seed(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    torch.set_num_threads(1)
    model = Vae(units[0], units[1])
    adam = torch.optim.Adam(model.parameters(), lr=spec["optimizer"]["Adam"]["learning_rate"],
                            eps=1e-7)
    x = images(f"{sys.argv[2]}/train-images-idx3-ubyte.gz")
    for _ in range(spec["epochs"]):
        for rows in torch.randperm(len(x)).split(spec["batch_size"]):
            fit, kl = model.losses(x[rows])
            adam.zero_grad()
            (fit + kl).mean().backward()
            adam.step()
    with torch.no_grad():
        fit, kl = model.losses(images(f"{sys.argv[2]}/t10k-images-idx3-ubyte.gz"))
    theirs = (fit + kl).mean().item(), kl.mean().item()
    print(f"negative ELBO: mlrun {ours[0]:.2f} (KL {ours[1]:.2f}), PyTorch {theirs[0]:.2f} "
          f"(KL {theirs[1]:.2f}), difference {100 * (ours[0] / theirs[0] - 1):+.2f}%")


if __name__ == "__main__":
    main()
