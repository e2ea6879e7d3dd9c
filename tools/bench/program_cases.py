"""Whole runs of the program: a search, many short trials, the import, memory, the start."""
import os
import pathlib
import statistics
import subprocess
import time

import machine
from report import Verdict
from workshop import HIGGS_ROWS


class Grid:
    name = "grid"
    units, rates = [50, 100, 200], [1e-2, 3e-3, 1e-3, 3e-4]
    what = "12 cells x 5 folds on higgs, batch 128, 5 epochs, AUC: the whole process"

    def sides(self, shop):
        experiment = shop.experiment(self.name, {
            "dataset": {"source": str(shop.higgs_csv()), "target": "label", "standardize": True},
            "model": [{"Dense": {"units": 100, "activation": "relu"}},
                      {"Dense": {"units": 1, "activation": "sigmoid"}}],
            "train": {"loss": "binary_crossentropy", "optimizer": "Adam", "batch_size": 128,
                      "epochs": 5, "metrics": ["auc"]},
            "cv": {"n_splits": 5, "stratify": True, "shuffle": True}, "scoring": "auc",
            "param_grid": {"model.0.units": self.units,
                           "train.optimizer.learning_rate": self.rates},
            "refit": False, "seed": 1, "predictions": "none"})
        shop.run_mlrun(["check", experiment])  # the import is a case of its own
        sides = {f"mlrun -j {jobs}": lambda jobs=jobs: {
            "seconds": shop.search("gridsearch", experiment, jobs)["seconds"]} for jobs in (2, 1)}
        if not machine.has_module("sklearn"):
            return sides, {"scikit-learn": "python3-sklearn is not installed"}
        job = {"data": str(shop.higgs_npy()), "standardize": False, "units": self.units,
               "rates": self.rates, "batch": 128, "epochs": 5, "workers": 2}
        sides["GridSearchCV n_jobs=2"] = lambda: shop.peer("sklearn_grid", job)
        return sides, {}

    def verdicts(self, values):
        two, one = ([v["seconds"] for v in values[f"mlrun -j {j}"]] for j in (2, 1))
        found = [Verdict("parallel efficiency of 2 workers",
                         [100 * o / (2 * t) for o, t in zip(one, two)], 95, unit=" %")]
        if "GridSearchCV n_jobs=2" in values:
            peer = [v["seconds"] for v in values["GridSearchCV n_jobs=2"]]
            found.insert(0, Verdict("times as fast as scikit-learn",
                                    [p / t for p, t in zip(peer, two)], 8))
        return found


class ShortTrials:
    name = "short-trials"
    what = ("1,000 trials of about 1 ms (200 cells x 5 folds of 300 generated rows), 2 workers: "
            "the whole process, less what the trainings took")

    def sides(self, shop):
        experiment = shop.experiment(self.name, {
            "dataset": {"generate": {"make_moons": {"n_samples": 300, "noise": 0.2}}},
            "model": [{"Dense": {"units": 16, "activation": "relu"}},
                      {"Dense": {"units": 1, "activation": "sigmoid"}}],
            "train": {"loss": "binary_crossentropy", "optimizer": "Adam", "batch_size": 32,
                      "epochs": 20, "metrics": ["accuracy"]},
            "cv": {"n_splits": 5, "shuffle": True},
            "param_grid": {"train.optimizer.learning_rate": [i / 10000 for i in range(1, 201)]},
            "refit": False, "seed": 1})

        def measure():
            run = shop.search("gridsearch", experiment, 2)
            trained = float(sum(run["trials"]["fit_time"] + run["trials"]["score_time"]))
            count = len(run["trials"]["trial"])
            return {"trials": count, "seconds": run["seconds"], "trial_ms": 1e3 * trained / count,
                    "overhead_ms": 1e3 * (2 * run["seconds"] - trained) / count}
        return {"mlrun -j 2": measure}, {}

    def verdicts(self, values):
        return [Verdict("worker time a trial beside its training",
                        [v["overhead_ms"] for v in values["mlrun -j 2"]], 1, False, " ms")]


class Import:
    name = "import"
    times = 4
    what = f"CSV of {times * HIGGS_ROWS:,} rows, 29 columns: import into the cache, and reopening"

    def sides(self, shop):
        path = shop.higgs_times(self.times)
        words = ["data", "import", path, "--target", "label", "--classes"]

        def afresh(cpus):
            for file in shop.cache.glob("higgs-*"):
                file.unlink()
            return shop.run_mlrun(words, cpus)
        every = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        first = every.split(",")[0]
        sides = {f"mlrun, {machine.cores()} cores": lambda: afresh(every),
                 "mlrun, 1 core": lambda: afresh(first),
                 "mlrun, reopening": lambda: self._reopen(shop, words)}
        if not machine.has_module("pandas"):
            return sides, {"pandas": "python3-pandas is not installed"}
        sides["pandas"] = lambda: shop.peer("pandas", {"data": str(path)})
        return sides, {}

    @staticmethod
    def _reopen(shop, words):
        return {"ms": statistics.median(1e3 * shop.run_mlrun(words)["seconds"] for _ in range(9))}

    def verdicts(self, values):
        found = [Verdict("reopening the cache, whole process",
                         [v["ms"] for v in values["mlrun, reopening"]], 20, False, " ms")]
        if "pandas" in values:
            for side, target in ((f"{machine.cores()} cores", 4), ("1 core", 4)):
                ratios = [p["seconds"] / m["seconds"]
                          for p, m in zip(values["pandas"], values[f"mlrun, {side}"])]
                found.insert(0, Verdict(f"times as fast as pandas.read_csv, {side}", ratios,
                                        target))
        return found


class Memory:
    name = "memory"
    what = "proportional set size of the data cache over the parent and 2 workers that train"

    def sides(self, shop):
        path = shop.higgs_times(Import.times)
        experiment = shop.experiment(self.name, {
            "dataset": {"source": str(path), "target": "label", "standardize": True},
            "model": [{"Dense": {"units": 100, "activation": "relu"}},
                      {"Dense": {"units": 1, "activation": "sigmoid"}}],
            "train": {"loss": "binary_crossentropy", "optimizer": "Adam", "batch_size": 128,
                      "epochs": 3},
            "cv": {"n_splits": 4, "shuffle": True}, "refit": False, "seed": 1,
            "predictions": "none"})
        shop.run_mlrun(["check", experiment])
        return {"mlrun -j 2": lambda: self._measure(shop, experiment)}, {}

    def _measure(self, shop, experiment):
        command = [shop.mlrun, "train", experiment, "-q", "-j", "2", "-o", shop.work / "results",
                   "--overwrite"]
        parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=shop.environment())
        most = {"cache_pss_mb": 0.0, "all_pss_mb": 0.0, "file_mb": 0.0}
        while parent.poll() is None:
            now = self._proportional(shop, parent.pid)
            if now and now["cache_pss_mb"] >= most["cache_pss_mb"]:
                most = now
            time.sleep(0.05)
        return most

    @staticmethod
    def _proportional(shop, parent):
        """None when a process ended while its maps were read, or not all are there yet."""
        cache_kb, all_kb, files, processes = 0, 0, set(), 0
        try:
            children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            for pid in [str(parent)] + children:
                processes += 1
                current = None
                for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
                    if line.startswith("Pss:"):
                        kb = int(line.split()[1])
                        all_kb += kb
                        if current:
                            cache_kb += kb
                            files.add(current)
                    elif "-" in line.split(" ", 1)[0]:
                        name = line.split()[-1]
                        current = name if name.startswith(str(shop.cache)) else None
        except (FileNotFoundError, ProcessLookupError):
            return None
        if processes < 3 or not files:
            return None
        size = sum(os.stat(name).st_size for name in files)
        return {"cache_pss_mb": cache_kb / 1024, "all_pss_mb": all_kb / 1024,
                "file_mb": size / 2**20}

    def verdicts(self, values):
        copies = [v["cache_pss_mb"] / v["file_mb"] for v in values["mlrun -j 2"]]
        return [Verdict("copies of the data set", copies, 1.001, False)]


class Start:
    name = "start"
    what = "mlrun --help and mlrun check on a small file: the whole process"

    def sides(self, shop):
        experiment = shop.experiment(self.name, {
            "dataset": {"generate": {"make_moons": {"n_samples": 300}}},
            "model": [{"Dense": {"units": 16, "activation": "relu"}},
                      {"Dense": {"units": 1, "activation": "sigmoid"}}],
            "train": {"loss": "binary_crossentropy", "optimizer": "Adam"}})
        return {f"mlrun {words[0]}": lambda words=words: {
            "ms": statistics.median(1e3 * shop.run_mlrun(words)["seconds"] for _ in range(15))}
            for words in (["--help"], ["check", experiment])}, {}

    def verdicts(self, values):
        return [Verdict(side, [v["ms"] for v in rounds], 15, False, " ms")
                for side, rounds in values.items()]
