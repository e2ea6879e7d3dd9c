#!/usr/bin/env python3
"""Times the training step of a small convolutional network in mlrun and in PyTorch, in turns.

    tools/compare/cnn_step.py build/release/apps/mlrun/mlrun [--threads 1] [--repeats 5]

28 x 28 images of Fashion-MNIST in batches of 128; filters 3 x 3, 32 then 64, each followed by a
maximum over 2 x 2, then 128 units, then 10. A step includes all that an epoch needs: shuffling,
gathering, loss, accuracy, Adam. One JSON object is printed.

Needs PyTorch, h5py and the package dataset-fashion-mnist.
"""
import argparse
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import h5py
import numpy as np
import torch
from torch import nn

FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
ROWS, BATCH, EPOCHS = 12800, 128, 2
STEPS = EPOCHS * ROWS // BATCH

EXPERIMENT = f"""
name: cnn-step
seed: 1
threads: THREADS
predictions: none
dataset: {{source: {FASHION}/train-images-idx3-ubyte.gz, shape: [28, 28, 1], limit: {ROWS},
          rescale: {1 / 255}}}
model:
  - Conv2D: {{filters: 32, kernel_size: 3, activation: relu}}
  - MaxPooling2D
  - Conv2D: {{filters: 64, kernel_size: 3, activation: relu}}
  - MaxPooling2D
  - Flatten
  - Dense: {{units: 128, activation: relu}}
  - Dense: {{units: 10, activation: softmax}}
train: {{loss: sparse_categorical_crossentropy, optimizer: Adam, batch_size: {BATCH},
        epochs: {EPOCHS}, metrics: [accuracy]}}
"""


def mlrun_step(program, threads):
    with tempfile.TemporaryDirectory() as folder:
        experiment = pathlib.Path(folder) / "cnn.yaml"
        experiment.write_text(EXPERIMENT.replace("THREADS", str(threads)))
        subprocess.run([program, "train", experiment, "-o", f"{folder}/out", "-q"], check=True,
                       stdout=subprocess.DEVNULL)
        with h5py.File(f"{folder}/out/results.h5") as f:
            return f["trials/fit_time"][0] / STEPS, float(f["history/loss"][-1])


def read(name, offset):
    with gzip.open(FASHION / name) as f:
        return np.frombuffer(f.read(), np.uint8, offset=offset)


def torch_step(threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x = torch.tensor(read("train-images-idx3-ubyte.gz", 16)[:ROWS * 784] / np.float32(255))
    x = x.reshape(-1, 1, 28, 28)
    y = torch.tensor(read("train-labels-idx1-ubyte.gz", 8)[:ROWS].astype(np.int64))
    model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)

    def epoch(batches):
        total, right = 0.0, 0
        for batch in batches:
            optimizer.zero_grad(set_to_none=True)
            out = model(x[batch])
            loss = nn.functional.cross_entropy(out, y[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
            right += (out.argmax(1) == y[batch]).sum().item()
        return total / len(x), right / len(x)

    epoch(torch.randperm(len(x)).split(BATCH)[:5])
    start = time.perf_counter()
    for _ in range(EPOCHS):
        loss, _ = epoch(torch.randperm(len(x)).split(BATCH))
    return (time.perf_counter() - start) / STEPS, loss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mlrun")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", str(args.threads))
    ours, theirs = [], []
    for _ in range(args.repeats):
        ours.append(mlrun_step(args.mlrun, args.threads))
        theirs.append(torch_step(args.threads))
    ratios = [t[0] / o[0] for o, t in zip(ours, theirs)]
    ms = lambda side: [round(1000 * seconds, 2) for seconds, _ in side]
    print(json.dumps({"threads": args.threads, "mlrun_ms": ms(ours), "torch_ms": ms(theirs),
                      "mlrun_loss": ours[-1][1], "torch_loss": theirs[-1][1],
                      "ratio_median": round(statistics.median(ratios), 2),
                      "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)]}))


if __name__ == "__main__":
    main()
