"""One training, in mlrun and in its peers: microseconds a step, everything included that an epoch
needs (shuffling, gathering, loss and accuracy)."""
import pathlib

import machine
from report import Verdict
from workshop import FASHION, HIGGS_ROWS

ENCODER = pathlib.Path(__file__).resolve().parents[1] / "compare/torch_transformer.py"
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

    def _mlrun(self, shop, **train):
        run = shop.search("train", self._experiment(shop, train))
        return self._step_us({"seconds": run["trials"]["fit_time"][0],
                              "loss": run["history"]["loss"][-1]})

    def _experiment(self, shop, train):
        binary = self.widths[-1] == 1
        loss = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
        return shop.experiment(self.name, {
            "dataset": self._dataset(shop), "threads": self.threads, "seed": 1,
            "predictions": "none", "model": self._model(),
            "train": {"loss": loss, "optimizer": "Adam", "batch_size": self.batch,
                      "epochs": self.epochs, "metrics": ["accuracy"], **train}})

    def _dataset(self, shop):
        if self.data == "higgs":
            return {"source": str(shop.higgs_csv()), "target": "label", "standardize": True}
        return {"source": self.data, "rescale": 1 / 255, "shape": [784]}

    def _model(self):
        last = self.widths[-1]
        return ([{"Dense": {"units": u, "activation": "relu"}} for u in self.widths[:-1]]
                + [{"Dense": {"units": last, "activation": "sigmoid" if last == 1 else "softmax"}}])

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


class Precision(Training):
    """The same training in bfloat16 and in float32; accuracy of rows that were held out."""

    def __init__(self, name, data, widths, batch, epochs, threads=1, target=1):
        super().__init__(name, data, widths, batch, epochs, {"float32": target}, threads)
        rows = DATA[data][0]
        trained = rows - round(0.2 * rows) if data == "higgs" else rows
        self.steps = epochs * -(-trained // batch)
        self.what += "; a fifth held out" if data == "higgs" else "; its own test images"

    def sides(self, shop):
        return {"mlrun": lambda: self._mlrun(shop, precision="bf16"),
                "float32": lambda: self._mlrun(shop)}, {}

    def _mlrun(self, shop, **train):
        run = shop.search("train", self._experiment(shop, train))
        step = self._step_us({"seconds": run["trials"]["fit_time"][0],
                              "loss": run["history"]["loss"][-1]})
        return {**step, "test_accuracy": float(run["trials"]["test_accuracy"][0])}

    def _dataset(self, shop):
        held_out = {"test": 0.2, "shuffle": True} if self.data == "higgs" else {}
        return {**super()._dataset(shop), "split": held_out}


class Layered(Training):
    """A model that is more than dense layers: some rows, and what PyTorch is told of it."""

    def __init__(self, name, threads, target, rows, batch, epochs, what):
        super().__init__(name, "fashion-mnist", [10], batch, epochs, {"PyTorch": target}, threads)
        self.rows = rows
        self.steps = epochs * rows // batch
        self.what = (f"{what}; batch {batch}, {epochs} epochs of {rows:,} rows, Adam, "
                     f"{threads} thread{'s' if threads > 1 else ''}")

    def _peer(self, shop, which):
        job = {"data": str(FASHION), "standardize": False, "widths": self.widths,
               "rows": self.rows, "batch": self.batch, "epochs": self.epochs,
               "threads": self.threads, "foreach": True, **self._torch_model()}
        return self._step_us(shop.peer(which, job, self.threads))

    def _dataset(self, shop):
        return {"source": self.data, "rescale": 1 / 255, "shape": self.SHAPE, "limit": self.rows}


class Convolutions(Layered):
    """Filters 3 x 3, 32 then 64, each followed by a maximum over 2 x 2; then dense layers."""
    SHAPE = [28, 28, 1]

    def __init__(self, name, threads, target):
        super().__init__(name, threads, target, 12800, 128, 2,
                         "28x28, 32 and 64 filters 3x3 with pooling, 128 units, 10")
        self.widths = [128, 10]

    def _model(self):
        filters = [layer for count in (32, 64) for layer in (
            {"Conv2D": {"filters": count, "kernel_size": 3, "activation": "relu"}},
            {"MaxPooling2D": {"pool_size": 2}})]
        return filters + [{"Flatten": {}}] + super()._model()

    def _torch_model(self):
        return {"filters": [32, 64]}


class Recurrent(Layered):
    """The rows of an image from top to bottom."""
    SHAPE = [28, 28]
    UNITS = 64

    def __init__(self, name, cell, threads, target):
        super().__init__(name, threads, target, 12800, 64, 3, f"28x28, {cell}({self.UNITS}), 10")
        self.cell = cell

    def _model(self):
        return [{self.cell: {"units": self.UNITS}}] + super()._model()

    def _torch_model(self):
        return {"cell": self.cell, "units": self.UNITS}


class Transformer(Layered):
    """The encoder of experiments/attention/speed.yaml, on 64 patches of random numbers."""

    def __init__(self, name, threads, target):
        super().__init__(name, threads, target, 3200, 32, 2,
                         "transformer encoder, 2 pre-norm layers of 128 with 4 heads, 512 inside, "
                         "dropout 0.1; 64 random vectors of 32")

    def _experiment(self, shop, train):
        return super()._experiment(shop, {
            "loss": {"sparse_categorical_crossentropy": {"from_logits": True}}, **train})

    def _dataset(self, shop):
        return {"source": str(shop.sequences(self.rows)), "target": "y", "categorical": ["y"]}

    def _model(self):
        return [{"Transformer": {"layers": 2, "heads": 4, "width": 128, "ff": 512, "dropout": 0.1,
                                 "pooling": "mean", "outputs": 10}}]

    def _peer(self, shop, which):
        job = {"data": str(shop.sequences(self.rows)), "standardize": False,
               "encoder": str(ENCODER), "batch": self.batch, "epochs": self.epochs,
               "threads": self.threads, "foreach": True}
        return self._step_us(shop.peer(which, job, self.threads))
