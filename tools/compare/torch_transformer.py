#!/usr/bin/python3
"""Milliseconds of a training step of experiments/attention/speed.yaml in eager PyTorch.

    tools/compare/torch_transformer.py [--threads 1] [--dropout 0.1] [--steps 200]

The model is that of mlrun's preset: projection, learned positions, two pre-norm blocks with GELU,
mean over the positions, ten outputs; Adam.
"""
import argparse
import time

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, width=128, heads=4, ff=512, layers=2, tokens=64, features=32, outputs=10,
                 dropout=0.1):
        super().__init__()
        self.projection = nn.Linear(features, width)
        self.positions = nn.Parameter(0.05 * torch.rand(tokens, width))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, ff, dropout, "gelu", batch_first=True,
                                       norm_first=True) for _ in range(layers))
        for block in self.blocks:
            block.dropout.p = 0.0  # inside the feed-forward network, where mlrun has none
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, outputs)

    def forward(self, x):
        x = self.dropout(self.projection(x) + self.positions)
        for block in self.blocks:
            x = block(x)
        return self.output(self.norm(x).mean(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=200)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = Encoder(dropout=args.dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, foreach=True)
    x, y = torch.randn(3200, 64, 32), torch.randint(10, (3200,))
    loss_of = nn.CrossEntropyLoss()

    def step(i):
        rows = torch.arange(32) + 32 * (i % 100)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        return loss.item()

    for i in range(10):
        step(i)
    start = time.perf_counter()
    for i in range(args.steps):
        step(i)
    print(f"{1000 * (time.perf_counter() - start) / args.steps:.2f} ms a step, "
          f"{args.threads} thread(s), dropout {args.dropout}")


if __name__ == "__main__":
    main()
