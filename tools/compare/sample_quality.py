#!/usr/bin/env python3
"""How good are made samples? Judged by a classifier that has seen real data only.

    tools/compare/sample_quality.py REAL.h5 MADE.h5 [SCORES.h5]

REAL and MADE hold an array `features` (rows, width), SCORES the class probabilities `score` of the
made samples and their `label`: what `mlrun predict --layer features` and `mlrun predict` write.
Prints the Frechet distance of the features (Heusel et al. 2017, with this classifier instead of
Inception) and, with SCORES, how often the judge sees the class that was asked for and the entropy
of the classes it sees (log 10 = 2.303 for ten in equal parts).
"""
import sys

import h5py
import numpy as np


def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T


def frechet(a, b):
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    ra = root(ca)
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(ra @ cb @ ra), 0, None)).sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb) - 2 * cross


def features(path):
    with h5py.File(path) as f:
        return f["features"][:].astype(np.float64)


def main():
    # The judge's training images come first; the last 10,000 rows are real and unseen.
    real, made = features(sys.argv[1])[-10000:], features(sys.argv[2])
    half = len(real) // 2
    print(f"Frechet distance: made {frechet(real, made):.2f}, "
          f"real halves {frechet(real[:half], real[half:]):.2f}")
    if len(sys.argv) > 3:
        with h5py.File(sys.argv[3]) as f:
            scores, labels = f["score"][:], f["label"].asstr()[:].astype(int)
        share = np.bincount(scores.argmax(1), minlength=scores.shape[1]) / len(scores)
        entropy = -sum(p * np.log(p) for p in share if p > 0)
        print(f"class asked for: {(scores.argmax(1) == labels).mean():.4f}, "
              f"entropy of the classes: {entropy:.3f}")


if __name__ == "__main__":
    main()
