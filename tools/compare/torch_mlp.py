#!/usr/bin/env python3
"""Trains the MLP of a finished run with PyTorch on the same folds, and prints both scores.

    tools/compare/torch_mlp.py RESULTS.h5 DATA.csv[.gz] [LABEL]

Dense layers with relu, tanh or sigmoid, Dropout and BatchNormalization; a final sigmoid or softmax;
Adam. Everything else is taken from the run: the folds, batch size, epochs, and Keras' defaults
(Glorot uniform, zero biases, epsilon 1e-7). Features are standardised on the training fold.
"""
import sys

import h5py
import numpy as np
import pandas as pd
import torch
import yaml
from sklearn.metrics import accuracy_score, roc_auc_score
from torch import nn


def build(layers, width):
    modules = []
    for layer in layers:
        (name, fields), = layer.items() if isinstance(layer, dict) else ((layer, {}),)
        if name == "Dense":
            linear = nn.Linear(width, fields["units"])
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
            modules.append(linear)
            width = fields["units"]
            activation = fields.get("activation")
            kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, None: None, "sigmoid": None, "softmax": None}
            if kinds[activation]:
                modules.append(kinds[activation]())
        elif name == "Dropout":
            modules.append(nn.Dropout(fields["rate"]))
        elif name == "BatchNormalization":
            modules.append(nn.BatchNorm1d(width, eps=fields["epsilon"],
                                          momentum=1 - fields["momentum"]))
        elif name != "Flatten":
            sys.exit(f"no PyTorch twin for {name}")
    return nn.Sequential(*modules), width


def train(config, x, y, x_test, seed):
    torch.manual_seed(seed)
    train_spec = config["train"]
    model, outputs = build(config["model"], x.shape[1])
    adam = train_spec["optimizer"]["Adam"]
    optimizer = torch.optim.Adam(model.parameters(), lr=adam["learning_rate"], eps=1e-7)
    loss_of = nn.BCEWithLogitsLoss() if outputs == 1 else nn.CrossEntropyLoss()
    x, x_test = torch.tensor(x), torch.tensor(x_test)
    y = torch.tensor(y).float() if outputs == 1 else torch.tensor(y).long()
    model.train()
    for _ in range(train_spec["epochs"]):
        for batch in torch.randperm(len(x)).split(train_spec["batch_size"]):
            optimizer.zero_grad()
            out = model(x[batch])
            loss_of(out.squeeze(1) if outputs == 1 else out, y[batch]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(x_test)
        return torch.sigmoid(out).squeeze(1).numpy() if outputs == 1 else out.softmax(1).numpy()


def main():
    path, data_path = sys.argv[1:3]
    frame = pd.read_csv(data_path)
    label = sys.argv[3] if len(sys.argv) > 3 else frame.columns[0]
    y = frame[label].to_numpy()
    x = frame.drop(columns=label).to_numpy(np.float32)
    with h5py.File(path) as f:
        config = yaml.safe_load(f["config"][()])
        folds = [(f[f"folds/{k}/train"][:], f[f"folds/{k}/test"][:])
                 for k in sorted(f["folds"], key=int)]
        cells = {k: f["cells"][k][0] for k in f["cells"]}
    print(f"{'fold':>4} {'accuracy':>9} {'torch':>8} {'auc':>9} {'torch':>8}")
    rows = []
    for k, (rows_train, rows_test) in enumerate(folds):
        mean, std = x[rows_train].mean(0), x[rows_train].std(0)
        std[std == 0] = 1
        p = train(config, (x[rows_train] - mean) / std, y[rows_train],
                  (x[rows_test] - mean) / std, seed=k)
        predicted = (p >= 0.5) if p.ndim == 1 else p.argmax(1)
        auc = roc_auc_score(y[rows_test], p, multi_class="ovr")
        rows.append((cells[f"split{k}_test_accuracy"], accuracy_score(y[rows_test], predicted),
                     cells.get(f"split{k}_test_auc", np.nan), auc))
        print(f"{k:4d} {rows[-1][0]:9.4f} {rows[-1][1]:8.4f} {rows[-1][2]:9.4f} {rows[-1][3]:8.4f}")
    mean, std = np.mean(rows, 0), np.std(rows, 0)
    print(f"mean {mean[0]:9.4f} {mean[1]:8.4f} {mean[2]:9.4f} {mean[3]:8.4f}")
    print(f"std  {std[0]:9.4f} {std[1]:8.4f} {std[2]:9.4f} {std[3]:8.4f}")
    print(f"difference of the means: accuracy {mean[0] - mean[1]:+.4f}, auc {mean[2] - mean[3]:+.4f}")


if __name__ == "__main__":
    main()
