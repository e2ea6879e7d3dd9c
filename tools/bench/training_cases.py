"""One training, in mlrun and in its peers: microseconds a step, everything included that an epoch
needs (shuffling, gathering, loss and accuracy)."""
import pathlib

import machine
from report import Verdict
from workshop import FASHION, HIGGS_ROWS

DATA = {"higgs": (HIGGS_ROWS, 28), "fashion-mnist": (60000, 784)}


class Training:
    def __init__(self, name, data, widths, batch, epochs, targets, threads=1, sgemm_target=None):
        self.name, self.data, self.widths = name, data, widths
        self.batch, self.epochs, self.threads = batch, epochs, threads
        self.targets, self.sgemm_target = targets, sgemm_target
        rows, width = DATA[data]
        self.steps = epochs * -(-rows // batch)
        self.net = [width] + widths
        self.what = (f"{'-'.join(map(str, self.net))} on {data}, batch {batch}, {epochs} epochs of "
                     f"{rows:,} rows, Adam, {threads} thread{'s' if threads > 1 else ''}")

    def sides(self, shop):
        sides = {"mlrun": lambda: self._mlrun(shop)}
        skipped = {}
        if machine.has_module("torch"):
            sides["PyTorch"] = lambda: self._peer(shop, "torch")
        else:
            skipped["PyTorch"] = "python3-torch is not installed"
        if "scikit-learn" in self.targets:
            if machine.has_module("sklearn"):
                sides["scikit-learn"] = lambda: self._peer(shop, "sklearn")
            else:
                skipped["scikit-learn"] = "python3-sklearn is not installed"
        if self.sgemm_target:
            sides["sgemm"] = lambda: self._sgemm(shop)
        return sides, skipped

    def verdicts(self, values):
        ours = [v["step_us"] for v in values["mlrun"]]
        found = []
        for peer, target in self.targets.items():
            if peer in values:
                ratios = [v["step_us"] / o for v, o in zip(values[peer], ours)]
                found.append(Verdict(f"times as fast as {peer}", ratios, target))
        if self.sgemm_target:
            shares = [100 * v["step_us"] / o for v, o in zip(values["sgemm"], ours)]
            found.append(Verdict("of the sgemm rate for its shapes", shares, self.sgemm_target,
                                 unit=" %"))
        return found

    def _step_us(self, run):
        return {"step_us": 1e6 * float(run["seconds"]) / self.steps, "loss": float(run["loss"])}

    def _mlrun(self, shop):
        last = self.widths[-1]
        head = {"units": last, "activation": "sigmoid" if last == 1 else "softmax"}
        if self.data == "higgs":
            dataset = {"source": str(shop.higgs_csv()), "target": "label", "standardize": True}
        else:
            dataset = {"source": self.data, "rescale": 1 / 255, "shape": [784]}
        loss = "binary_crossentropy" if last == 1 else "sparse_categorical_crossentropy"
        experiment = shop.experiment(self.name, {
            "dataset": dataset, "threads": self.threads, "seed": 1, "predictions": "none",
            "model": [{"Dense": {"units": u, "activation": "relu"}} for u in self.widths[:-1]]
            + [{"Dense": head}],
            "train": {"loss": loss, "optimizer": "Adam", "batch_size": self.batch,
                      "epochs": self.epochs, "metrics": ["accuracy"]}})
        run = shop.search("train", experiment)
        return self._step_us({"seconds": run["trials"]["fit_time"][0],
                              "loss": run["history"]["loss"][-1]})

    def _peer(self, shop, which):
        data = shop.higgs_npy() if self.data == "higgs" else FASHION
        job = {"data": str(data), "standardize": self.data == "higgs", "widths": self.widths,
               "batch": self.batch, "epochs": self.epochs, "threads": self.threads}
        if which == "torch":
            job["foreach"] = True
        return self._step_us(shop.peer(which, job, self.threads))

    def _sgemm(self, shop):
        """Forward, and the gradients of weights and (but for the first layer) of inputs."""
        shapes = []
        for layer, (k, n) in enumerate(zip(self.net, self.widths)):
            shapes.append((self.batch, n, k, False, False))
            shapes.append((k, n, self.batch, True, False))
            if layer > 0:
                shapes.append((self.batch, k, n, False, True))
        libraries = [machine.LIBRARIES / "openblas-serial/libblas.so.3",
                     machine.LIBRARIES / "libdnnl.so.2"]
        job = {"shapes": [s for s in shapes if 1 not in s[:3]], "threads": self.threads,
               "libraries": [str(p) for p in libraries if pathlib.Path(p).exists()]}
        seconds = shop.peer("sgemm", job, threads=1)["seconds"]
        return {"step_us": 1e6 * seconds}


class Convolutions(Training):
    """Filters 3 x 3, 32 then 64, each followed by a maximum over 2 x 2; then dense layers."""
    ROWS = 12800

    def __init__(self, name, threads, targets):
        super().__init__(name, "fashion-mnist", [128, 10], 128, 2, targets, threads)
        self.steps = self.epochs * self.ROWS // self.batch
        self.what = (f"28x28, 32 and 64 filters 3x3 with pooling, {self.widths[0]} units, 10; "
                     f"batch {self.batch}, {self.epochs} epochs of {self.ROWS:,} rows, Adam, "
                     f"{threads} thread{'s' if threads > 1 else ''}")

    def _mlrun(self, shop):
        filters = [layer for count in (32, 64) for layer in (
            {"Conv2D": {"filters": count, "kernel_size": 3, "activation": "relu"}},
            {"MaxPooling2D": {"pool_size": 2}})]
        experiment = shop.experiment(self.name, {
            "dataset": {"source": self.data, "rescale": 1 / 255, "shape": [28, 28, 1],
                        "limit": self.ROWS},
            "threads": self.threads, "seed": 1, "predictions": "none",
            "model": filters + [{"Flatten": {}},
                                {"Dense": {"units": self.widths[0], "activation": "relu"}},
                                {"Dense": {"units": self.widths[1], "activation": "softmax"}}],
            "train": {"loss": "sparse_categorical_crossentropy", "optimizer": "Adam",
                      "batch_size": self.batch, "epochs": self.epochs, "metrics": ["accuracy"]}})
        run = shop.search("train", experiment)
        return self._step_us({"seconds": run["trials"]["fit_time"][0],
                              "loss": run["history"]["loss"][-1]})

    def _peer(self, shop, which):
        job = {"data": str(FASHION), "standardize": False, "widths": self.widths,
               "filters": [32, 64], "rows": self.ROWS, "batch": self.batch,
               "epochs": self.epochs, "threads": self.threads, "foreach": True}
        return self._step_us(shop.peer(which, job, self.threads))
