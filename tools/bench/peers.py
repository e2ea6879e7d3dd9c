"""One measurement of a peer, in a process of its own: peers.py WHAT JOB.json, JSON on stdout.

Only the work is timed: imports, reading of files and scaling of features are not.
"""
import ctypes
import gzip
import importlib.util
import json
import pathlib
import sys
import threading
import time
import warnings

import numpy as np


def higgs(job):
    table = np.load(job["data"])
    return table[:, 1:].astype(np.float32), table[:, 0].astype(np.int64)


def fashion_mnist(job):
    def read(path, offset):
        with gzip.open(path) as f:
            return np.frombuffer(f.read(), np.uint8, offset=offset)
    images = read(f"{job['data']}/train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    return images.astype(np.float32) / 255, read(f"{job['data']}/train-labels-idx1-ubyte.gz",
                                                 8).astype(np.int64)


def sequences(job):
    import h5py
    with h5py.File(job["data"]) as f:
        return f["x"][:], f["y"][:]


def load(job):
    read = {".npy": higgs, ".h5": sequences}.get(pathlib.Path(job["data"]).suffix, fashion_mnist)
    x, y = read(job)
    if job["standardize"]:
        x = (x - x.mean(0)) / x.std(0)
    return np.ascontiguousarray(x), y


def convolutions(x, filters):
    """Layers for 28 x 28 images, the images, and the numbers that the layers make of one."""
    from torch import nn
    layers, side = [], 28
    for a, b in zip([1] + filters, filters):
        layers += [nn.Conv2d(a, b, 3), nn.ReLU(), nn.MaxPool2d(2)]
        side = (side - 2) // 2
    return layers + [nn.Flatten()], x.reshape(-1, 1, 28, 28), filters[-1] * side * side


def torch_model(job, x):
    """The model without an activation at its end, and the samples in the shape it reads."""
    from torch import nn
    if "encoder" in job:
        spec = importlib.util.spec_from_file_location("encoder", job["encoder"])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.Encoder(), x
    layers, widths = [], [x.shape[1]] + job["widths"]
    if "filters" in job:
        layers, x, widths[0] = convolutions(x, job["filters"])
    if "cell" in job:
        class LastStep(getattr(nn, job["cell"])):
            def forward(self, x):
                return super().forward(x)[0][:, -1]
        layers, x, widths[0] = [LastStep(28, job["units"], batch_first=True)], x.reshape(
            -1, 28, 28), job["units"]
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1]), x


def torch_training(job):
    """Eager PyTorch as one writes it by hand when speed matters: no DataLoader, batches gathered by
    an index, losses and accuracy summed over the epoch."""
    import torch
    from torch import nn
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    x, y = (torch.tensor(a[:job.get("rows")]) for a in load(job))
    model, x = torch_model(job, x)
    binary = job.get("widths", [0])[-1] == 1
    y = y.float() if binary else y
    loss_of = nn.BCEWithLogitsLoss() if binary else nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, foreach=job["foreach"])

    def epoch(batches):
        total, right = 0.0, 0
        for batch in batches:
            optimizer.zero_grad(set_to_none=True)
            out, target = model(x[batch]), y[batch]
            out = out.squeeze(1) if binary else out
            loss = loss_of(out, target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
            predicted = (out > 0).float() if binary else out.argmax(1)
            right += (predicted == target).sum().item()
        return total / len(x), right / len(x)

    epoch(torch.randperm(len(x)).split(job["batch"])[:20])
    start = time.perf_counter()
    for _ in range(job["epochs"]):
        scores = epoch(torch.randperm(len(x)).split(job["batch"]))
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "loss": scores[0]}


def sklearn_training(job):
    from sklearn.neural_network import MLPClassifier
    x, y = load(job)
    model = MLPClassifier(job["widths"][:-1], alpha=0, batch_size=job["batch"],
                          max_iter=job["epochs"], tol=0, n_iter_no_change=job["epochs"],
                          epsilon=1e-7, random_state=0)
    start = time.perf_counter()
    model.fit(x, y)
    return {"seconds": time.perf_counter() - start, "loss": model.loss_}


def sklearn_grid(job):
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    x, y = load(job)
    model = make_pipeline(StandardScaler(), MLPClassifier(
        alpha=0, batch_size=job["batch"], max_iter=job["epochs"], tol=0,
        n_iter_no_change=job["epochs"], epsilon=1e-7, random_state=0))
    grid = {"mlpclassifier__hidden_layer_sizes": [(u,) for u in job["units"]],
            "mlpclassifier__learning_rate_init": job["rates"]}
    search = GridSearchCV(model, grid, scoring="roc_auc", n_jobs=job["workers"], refit=False,
                          cv=StratifiedKFold(5, shuffle=True, random_state=0))
    start = time.perf_counter()
    search.fit(x, y)
    return {"seconds": time.perf_counter() - start, "score": search.best_score_}


def pandas_read(job):
    import pandas as pd
    start = time.perf_counter()
    frame = pd.read_csv(job["data"])
    return {"seconds": time.perf_counter() - start, "rows": len(frame)}


class Sgemm:
    """C (m, n) = op(A) op(B), as OpenBLAS and oneDNN compute it with one thread."""

    def __init__(self, path, m, n, k, ta, tb):
        self.blas = "openblas" in path
        library = ctypes.CDLL(path)
        a, b = np.random.rand(k, m) if ta else np.random.rand(m, k), np.random.rand(k, n)
        b = b.T.copy() if tb else b
        self.arrays = [x.astype(np.float32) for x in (a, b, np.empty((m, n)))]
        pa, pb, pc = (ctypes.c_void_p(x.ctypes.data) for x in self.arrays)
        lda, ldb = self.arrays[0].shape[1], self.arrays[1].shape[1]
        one, zero = ctypes.c_float(1), ctypes.c_float(0)
        if self.blas:
            self.call = lambda f=library.cblas_sgemm: f(
                101, 112 if ta else 111, 112 if tb else 111, m, n, k, one, pa, lda, pb, ldb, zero,
                pc, n)
        else:
            size = [ctypes.c_int64(v) for v in (m, n, k, lda, ldb, n)]
            sides = [ctypes.c_char(b"T" if t else b"N") for t in (ta, tb)]
            self.call = lambda f=library.dnnl_sgemm: f(
                *sides, size[0], size[1], size[2], one, pa, size[3], pb, size[4], zero, pc,
                size[5])


def sgemm_rate(job):
    """Seconds for all products of one training step, at the speed of the faster library for each
    shape; with several threads each has products of its own, and the step is shared out."""
    seconds = 0
    for shape in job["shapes"]:
        best = float("inf")
        for path in job["libraries"]:
            best = min(best, concurrent_seconds(lambda: Sgemm(path, *shape), job["threads"]))
        seconds += best / job["threads"]
    return {"seconds": seconds}


def concurrent_seconds(make, threads):
    """Median over 7 measurements of the time of one call while `threads` run it."""
    products = [make() for _ in range(threads)]
    start = time.perf_counter()
    products[0].call()
    repeats = max(1, int(0.02 / (time.perf_counter() - start)))
    times = []

    def work(product):
        for _ in range(repeats):
            product.call()
    for _ in range(7):
        others = [threading.Thread(target=work, args=(p,)) for p in products[1:]]
        start = time.perf_counter()
        for thread in others:
            thread.start()
        work(products[0])
        for thread in others:
            thread.join()
        times.append((time.perf_counter() - start) / repeats)
    return sorted(times)[len(times) // 2]


PEERS = {"torch": torch_training, "sklearn": sklearn_training, "sklearn_grid": sklearn_grid,
         "pandas": pandas_read, "sgemm": sgemm_rate}


def main():
    warnings.simplefilter("ignore")
    with open(sys.argv[2]) as f:
        job = json.load(f)
    print(json.dumps(PEERS[sys.argv[1]](job)))


if __name__ == "__main__":
    main()
