"""A GPU's cases, the most important first. Times are those of a training with everything that an
epoch needs (shuffling, gathering, the loss).

Each has sides that run in turn, as the cases of the CPU have. Without values its verdicts say what
is wanted. Data are random numbers of the shape of the data set that is named: no file is needed,
and no value shows in the time.
"""
import pathlib

from report import Verdict

ENCODER = pathlib.Path(__file__).resolve().parents[1] / "compare/torch_transformer.py"
ROWS = 46592  # HIGGS in whole batches of 128


def dense(units, activation):
    return {"Dense": {"units": units, "activation": activation}}


def random_table(rows, features, classes=2, **more):
    return {"generate": {"make_classification": {
        "n_samples": rows, "n_features": features, "n_informative": 8, "n_redundant": 0,
        "n_classes": classes, "n_clusters_per_class": 1}}, **more}


def experiment(dataset, model, loss, batch, epochs, **train):
    return {"dataset": dataset, "model": model, "seed": 1, "predictions": "none", "train": {
        "loss": loss, "optimizer": "Adam", "batch_size": batch, "epochs": epochs, **train}}


def baseline(epochs, rows=ROWS):
    return experiment(random_table(rows, 28), [dense(100, "relu"), dense(1, "sigmoid")],
                      "binary_crossentropy", 128, epochs)


class GpuTraining:
    """A step beside PyTorch's; `targets` by side."""

    needs_gpu = True
    MODES = {"PyTorch": "eager", "torch.compile": "compile", "PyTorch's CUDA graph": "graph"}

    def __init__(self, name, what, tree, job, targets):
        self.name, self.what, self.tree, self.targets = name, what, tree, targets
        self.job = {"device": "cuda", **job}

    def sides(self, shop):
        path = shop.experiment(self.name, self.tree)
        peers, skipped = shop.torch(
            {side: {**self.job, "mode": mode} for side, mode in self.MODES.items()})
        return {"mlrun": lambda: self._mlrun(shop, path), **peers}, skipped

    @staticmethod
    def _mlrun(shop, path):
        found = shop.step_rate(path)
        return {"step_us": found["wall_us"], "loss": found["loss"],
                "memory_mb": found["memory_bytes"] / 2**20}

    def verdicts(self, values):
        ours = values.get("mlrun", [])
        found = [Verdict(f"times as fast as {side}",
                         [p["step_us"] / o["step_us"] for p, o in zip(values.get(side, []), ours)],
                         self.targets.get(side)) for side in self.MODES]
        return found + [Verdict("memory of the GPU", [o["memory_mb"] for o in ours], None,
                                unit=" MB")]


class Stack:
    """Whole trainings, from nothing to their weights."""

    needs_gpu = True
    name = "gpu-stack"
    COUNT, ALONE = 128, 4
    what = (f"{COUNT} trainings of 28-100-1, batch 128, 10 epochs of {ROWS:,} rows, as one and one "
            "after the other: trainings a second")

    def sides(self, shop):
        path = shop.experiment(self.name, baseline(10))

        def rate(*options):
            found = shop.step_rate(path, *options)
            return {"trainings_per_s": found["trainings"] / found["fit_seconds"],
                    "memory_mb": found["memory_bytes"] / 2**20}
        return {"as one": lambda: rate("--stack", self.COUNT),
                "one after the other": lambda: rate("--trainings", self.ALONE)}, {}

    def verdicts(self, values):
        pairs = zip(values.get("as one", []), values.get("one after the other", []))
        return [Verdict("throughput of 128 as one",
                        [a["trainings_per_s"] / b["trainings_per_s"] for a, b in pairs], 50)]


class Products:
    """A step that is nearly nothing but products, beside the products alone."""

    needs_gpu = True
    name = "gpu-wide-bf16"
    NET, BATCH = [64, 4096, 4096, 4096, 4096, 16], 16384
    what = (f"{'-'.join(map(str, NET))} in bf16, batch {BATCH:,}, SGD, beside cuBLASLt's fastest "
            "products of these shapes (bfloat16 in and out), both for some seconds: the more a GPU "
            "consumes, the lower its clock")

    def sides(self, shop):
        layers = [dense(units, "relu") for units in self.NET[1:-1]] + [dense(self.NET[-1],
                                                                             "softmax")]
        path = shop.experiment(self.name, experiment(
            random_table(16 * self.BATCH, self.NET[0], self.NET[-1]), layers,
            "sparse_categorical_crossentropy", self.BATCH, 25, optimizer="SGD", precision="bf16"))

        def train():
            found = shop.step_rate(path)
            return {"step_us": found["wall_us"], "gpu_us": found["step_us"]}
        return {"mlrun": train, "cuBLASLt": lambda: self._products(shop)}, {}

    def _products(self, shop):
        """Forward, and the gradients of weights and (but for the first layer) of inputs."""
        products, batch = [], self.BATCH
        for layer, (k, n) in enumerate(zip(self.NET, self.NET[1:])):
            products += [f"{batch},{n},{k}", f"{k},{n},{batch},ta"]
            products += [f"{batch},{k},{n},tb"] if layer > 0 else []
        found = shop.product_rate(products)
        return {"step_us": 1e6 * found["seconds"], "tflops": found["tflops"],
                "burst_us": 1e6 * found["burst_seconds"]}

    def verdicts(self, values):
        pairs = list(zip(values.get("cuBLASLt", []), values.get("mlrun", [])))
        return [Verdict("of cuBLASLt's rate for its shapes",
                        [100 * c["step_us"] / o["step_us"] for c, o in pairs], 95, unit=" %"),
                Verdict("of its rate in bursts of milliseconds",
                        [100 * c["burst_us"] / o["step_us"] for c, o in pairs], 95, unit=" %")]


class Idle:
    """A step as it is, beside one whose launches have all been queued before the GPU begins: what
    is longer, the GPU waits."""

    needs_gpu = True
    name = "gpu-idle"
    what = ("28-100-1, batch 128, 100 steps an epoch, 40 epochs: the share of the time in which the "
            "GPU waits")

    def sides(self, shop):
        path = shop.experiment(self.name, baseline(40, rows=12800))

        def measure():
            found = shop.step_rate(path, "--idle")
            if found["busy_us"] is None:
                raise RuntimeError("the GPU began before all steps of an epoch were queued")
            return {key: found[key] for key in ("wall_us", "step_us", "busy_us")}
        return {"mlrun": measure}, {}

    def verdicts(self, values):
        def share(whole):
            return [100 * (1 - o["busy_us"] / o[whole]) for o in values.get("mlrun", [])]
        return [Verdict("GPU waits between steps", share("step_us"), 3, False, " %"),
                Verdict("GPU waits, ends of epochs included", share("wall_us"), None, unit=" %")]


class Trials:
    """The program as a whole."""

    needs_gpu = True
    name = "gpu-trials"
    RATES, FOLDS = [i / 2000 for i in range(1, 9)], 4
    what = ("mlrun gridsearch --gpus 0: 8 cells x 4 folds of 28-100-1, batch 128, 10 epochs, the "
            "whole process")

    def sides(self, shop):
        tree = baseline(10)
        path = shop.experiment(self.name, {
            **tree, "cv": {"n_splits": self.FOLDS, "shuffle": True}, "refit": False,
            "param_grid": {"train.optimizer.learning_rate": self.RATES}})

        def search(*words):
            before = shop.driver.energy_j()
            run = shop.run_mlrun(["gridsearch", path, "--gpus", 0, *words, "-q", "--overwrite",
                                  "-o", shop.work / "results"])
            after = shop.driver.energy_j()
            known = {} if None in (before, after) else {
                "energy_j": (after - before) / (len(self.RATES) * self.FOLDS)}
            return {"seconds": run["seconds"], **known}
        return {"as many as fit": lambda: search(),
                "in no stacks": lambda: search("--stack", 1),
                "one at a time": lambda: search("-j", 1, "--stack", 1)}, {}

    def verdicts(self, values):
        many, one = values.get("as many as fit", []), values.get("one at a time", [])
        streams = values.get("in no stacks", [])
        return [Verdict("throughput of several trials at a time",
                        [o["seconds"] / m["seconds"] for m, o in zip(many, one)], None),
                Verdict("the same without stacks",
                        [o["seconds"] / s["seconds"] for s, o in zip(streams, one)], None),
                Verdict("energy of a trial", [m["energy_j"] for m in many if "energy_j" in m], None,
                        unit=" J")]


def gpu_cases():
    images = random_table(12800, 784, 10, shape=[28, 28, 1])
    filters = [layer for count in (32, 64) for layer in (
        {"Conv2D": {"filters": count, "kernel_size": 3, "activation": "relu"}},
        {"MaxPooling2D": {"pool_size": 2}})]
    encoder = [{"Transformer": {"layers": 2, "heads": 4, "width": 128, "ff": 512, "dropout": 0.1,
                                "pooling": "mean", "outputs": 10}}]
    cross_entropy = "sparse_categorical_crossentropy"
    return [
        GpuTraining("gpu-baseline", f"28-100-1, batch 128, {ROWS:,} rows, Adam", baseline(12),
                    {"widths": [100, 1], "shape": [28], "classes": 2, "rows": ROWS, "batch": 128,
                     "epochs": 5}, {"PyTorch": 5, "torch.compile": 2}),
        Stack(), Products(), Idle(),
        GpuTraining("gpu-convolutions",
                    "Fashion-MNIST's CNN: 28x28, 32 and 64 filters 3x3 with pooling, 128 units, 10; "
                    "batch 128, 12,800 rows, Adam, float32",
                    experiment(images, filters + [{"Flatten": {}}, dense(128, "relu"),
                                                  dense(10, "softmax")], cross_entropy, 128, 12),
                    {"filters": [32, 64], "widths": [128, 10], "shape": [784], "classes": 10,
                     "rows": 12800, "batch": 128, "epochs": 5}, {"torch.compile": 1}),
        GpuTraining("gpu-transformer",
                    "transformer encoder, 2 pre-norm layers of 128 with 4 heads, 512 inside, dropout "
                    "0.1; 64 vectors of 32; batch 32, 3,200 rows, Adam, float32",
                    experiment(random_table(3200, 2048, 10, shape=[64, 32]), encoder,
                               {cross_entropy: {"from_logits": True}}, 32, 12),
                    {"encoder": str(ENCODER), "shape": [64, 32], "classes": 10, "rows": 3200,
                     "batch": 32, "epochs": 5}, {"torch.compile": 1}),
        GpuTraining("gpu-lstm",
                    "LSTM of 128 units over 28 steps of 28 numbers, 10 outputs; batch 128, 12,800 "
                    "rows, Adam, float32",
                    experiment(random_table(12800, 784, 10, shape=[28, 28]),
                               [{"LSTM": {"units": 128}}, dense(10, "softmax")], cross_entropy,
                               128, 12),
                    {"cell": "LSTM", "units": 128, "widths": [10], "shape": [784], "classes": 10,
                     "rows": 12800, "batch": 128, "epochs": 5}, {}),
        Trials(),
    ]
