"""Where the cases get their data, and how the sides are run."""
import gzip
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

import machine

HERE = pathlib.Path(__file__).resolve().parent
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
HIGGS_ROWS = 46596


class Workshop:
    def __init__(self, mlrun, work):
        self.mlrun = mlrun
        self.work = work
        self.cache = work / "cache"

    def describe(self):
        """What a case ran on, where that is not what the head of the report says."""
        return ""

    def limit(self):
        """Seconds that a run may take; None: as many as it needs."""
        return None

    def is_late(self):
        """Whether no further round is to be begun."""
        return False

    def close_peers(self):
        """Those that run on between two rounds."""

    # Data

    def higgs_origin(self):
        return ("46,596 collisions (higgs_dev.csv.gz)" if self._shared_higgs() else
                "a random table of 46,596 rows and 28 columns: MLRUN_SHARED_DATA is not set")

    @staticmethod
    def _shared_higgs():
        folder = os.environ.get("MLRUN_SHARED_DATA")
        path = pathlib.Path(folder) / "higgs/higgs_dev.csv.gz" if folder else None
        return path if path and path.exists() else None

    def higgs_csv(self):
        path = self.work / "higgs.csv"
        if not path.exists():
            shared = self._shared_higgs()
            if shared:
                with gzip.open(shared) as source, open(path, "wb") as target:
                    shutil.copyfileobj(source, target)
            else:
                import numpy as np
                rng = np.random.default_rng(0)
                table = rng.standard_normal((HIGGS_ROWS, 29)).astype(np.float32)
                table[:, 0] = table[:, 1] + rng.standard_normal(HIGGS_ROWS) > 0
                header = ",".join(["label"] + [f"x{i}" for i in range(28)])
                np.savetxt(path, table, fmt="%.8g", delimiter=",", header=header, comments="")
        return path

    def higgs_times(self, times):
        """The text of HIGGS, `times` over: large enough to be timed."""
        path = self.work / f"higgs-{times}.csv"
        if not path.exists():
            header, rows = self.higgs_csv().read_bytes().split(b"\n", 1)
            path.write_bytes(header + b"\n" + rows * times)
        return path

    def higgs_npy(self):
        path = self.work / "higgs.npy"
        if not path.exists():
            import numpy as np
            np.save(path, np.loadtxt(self.higgs_csv(), np.float32, delimiter=",", skiprows=1))
        return path

    def sequences(self, rows):
        """Random sequences of 64 vectors of 32 numbers, and classes 0 to 9."""
        path = self.work / f"sequences-{rows}.h5"
        if not path.exists():
            import h5py
            import numpy as np
            rng = np.random.default_rng(0)
            with h5py.File(path, "w") as f:
                f["x"] = rng.standard_normal((rows, 64, 32)).astype(np.float32)
                f["y"] = np.arange(rows) % 10
        return path

    # mlrun

    def experiment(self, name, tree):
        """JSON is YAML."""
        path = self.work / f"{name}.yaml"
        path.write_text(json.dumps({"name": name, **tree}))
        return path

    def environment(self, **more):
        return {**os.environ, "MLRUN_CACHE": str(self.cache), **more}

    def run_mlrun(self, words, cpus=None, **environment):
        """A whole process: seconds from its start to its end."""
        command = [str(w) for w in ([self.mlrun] + words)]
        if cpus:
            command = ["taskset", "-c", cpus] + command
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.work,
                              env=self.environment(**environment), timeout=self.limit())
        seconds = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return {"seconds": seconds,
                "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}

    def search(self, verb, experiment, jobs=1):
        """Runs it afresh; the process' times and the tables of the results file."""
        import h5py
        output = self.work / "results"
        run = self.run_mlrun([verb, experiment, "-q", "-j", jobs, "-o", output, "--overwrite"])
        with h5py.File(output / "results.h5") as f:
            run["trials"] = {k: f["trials"][k][:] for k in f["trials"]}
            run["history"] = {k: f["history"][k][:] for k in f["history"]}
        return run

    # Peers

    def peer(self, what, job, threads=1):
        path = self.work / "job.json"
        path.write_text(json.dumps(job))
        environment = self.environment(OMP_NUM_THREADS=str(threads),
                                       OPENBLAS_NUM_THREADS=str(threads))
        blas = machine.threaded_blas()
        if threads > 1 and blas:
            environment["LD_LIBRARY_PATH"] = str(blas)
        done = subprocess.run([sys.executable, HERE / "peers.py", what, path], capture_output=True,
                              text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"{what}:\n{done.stderr}")
        return json.loads(done.stdout)
