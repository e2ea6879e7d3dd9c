#!/usr/bin/env python3
"""Trains scikit-learn's MLP on the folds of a finished run, and prints both scores.

    tools/compare/sklearn_mlp.py RESULTS.h5 DATA.csv[.gz] [TARGET]

Hidden layers, activation, learning rate, batch size and epochs are those of the run; Adam, no
penalty. Scores are accuracy (classes) or R2 (values).
"""
import sys
import warnings

import h5py
import numpy as np
import pandas as pd
import yaml
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler


def peer(config, classify):
    dense = [next(iter(layer.values())) for layer in config["model"]]
    spec = config["train"]
    make = MLPClassifier if classify else MLPRegressor
    return make(hidden_layer_sizes=[layer["units"] for layer in dense[:-1]],
                activation=dense[0]["activation"], alpha=0, batch_size=spec["batch_size"],
                learning_rate_init=spec["optimizer"]["Adam"]["learning_rate"],
                max_iter=spec["epochs"], tol=0, n_iter_no_change=spec["epochs"], random_state=0)


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    path, data_path = sys.argv[1:3]
    frame = pd.read_csv(data_path)
    target = sys.argv[3] if len(sys.argv) > 3 else "target"
    y = frame[target].to_numpy()
    x = frame.drop(columns=target).to_numpy()
    with h5py.File(path) as f:
        config = yaml.safe_load(f["config"][()])
        classify = "class" in f["dataset"]
        score = "accuracy" if classify else "r2"
        ours = [f[f"cells/split{k}_test_{score}"][0] for k in range(len(f["folds"]))]
        folds = [(f[f"folds/{k}/train"][:], f[f"folds/{k}/test"][:])
                 for k in range(len(f["folds"]))]
    theirs = []
    for rows_train, rows_test in folds:
        scaler = StandardScaler().fit(x[rows_train])
        model = peer(config, classify).fit(scaler.transform(x[rows_train]), y[rows_train])
        theirs.append(model.score(scaler.transform(x[rows_test]), y[rows_test]))
    difference = np.mean(ours) - np.mean(theirs)
    print(f"{config['name']:16} {score:9} mlrun {np.mean(ours):.4f} +- {np.std(ours):.4f}  "
          f"scikit-learn {np.mean(theirs):.4f} +- {np.std(theirs):.4f}  "
          f"difference {difference:+.4f} = {difference / np.std(theirs):+.2f} standard deviations")


if __name__ == "__main__":
    main()
