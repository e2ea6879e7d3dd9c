"""How the cases on a GPU are run: prebuilt programs and nothing but Python's own modules. PyTorch is
a peer where it is installed."""
import json
import pathlib
import select
import subprocess
import sys
import time

import gpu
import machine
from workshop import HERE, Workshop

LIMIT_S = 180  # of one run of a side
ROUND_S = 20  # a round is not begun when less is left


class LeftOut(Exception):
    """A side that cannot be measured, and why."""


class TorchPeer:
    """torch_gpu.py at work. `limit` gives the seconds that an answer may take."""

    def __init__(self, job, work, limit):
        path = work / f"torch-{job['mode']}.json"
        path.write_text(json.dumps(job))
        self._limit = limit
        self._errors = path.with_suffix(".err")
        with open(self._errors, "w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, HERE / "torch_gpu.py", path], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, text=True)

    def get_ready(self):
        """Waits until all is compiled; the version of PyTorch."""
        return self._answer()["torch"]

    def measure(self):
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self):
        self._process.kill()
        self._process.communicate()

    def _answer(self):
        output = self._process.stdout
        limit = self._limit()
        if not select.select([output], [], [], limit)[0]:
            self.close()
            raise LeftOut(f"no answer in {limit:.0f} s")
        line = output.readline()
        if not line:
            self.close()
            said = self._errors.read_text().strip().splitlines()
            raise LeftOut(said[-1] if said else "its process ended")
        return json.loads(line)


class GpuWorkshop(Workshop):
    """`tools` holds step_rate and product_rate; `environment` is that of our own programs, such as
    the path of their libraries."""

    def __init__(self, mlrun, tools, work, environment=None, deadline=None):
        super().__init__(mlrun, work)
        self.tools = pathlib.Path(tools)
        self.deadline = deadline
        self.torch_version = None
        self._more = environment or {}
        self._peers = []
        try:
            self.gpu, self._absence = gpu.first_gpu(mlrun, self.environment())
        except RuntimeError as error:
            self.gpu, self._absence = None, str(error)
        self.driver = gpu.Driver(self.gpu["uuid"]) if self.gpu else None

    @staticmethod
    def of_build(build, work):
        return GpuWorkshop(build / "apps/mlrun/mlrun", build / "tools/bench/gpu", work)

    def why_not(self):
        """Why nothing can be measured here; "" if it can."""
        missing = [name for name in ("step_rate", "product_rate")
                   if not (self.tools / name).exists()]
        return self._absence or (f"{self.tools}/{missing[0]} is not built" if missing else "")

    def describe(self):
        version = subprocess.run([self.mlrun, "--version"], capture_output=True, text=True,
                                 env=self.environment()).stdout.strip()
        return (f"{self.gpu['name']} (driver {self.driver.version()}), {machine.processor()}, "
                f"{machine.cores()} cores; {version}; "
                + (f"PyTorch {self.torch_version}" if self.torch_version else "no PyTorch"))

    def environment(self, **more):
        return super().environment(**self._more, **more)

    def limit(self):
        if self.deadline is None:
            return LIMIT_S
        return max(1.0, min(LIMIT_S, self.deadline - time.monotonic()))

    def is_late(self):
        return self.deadline is not None and self.deadline - time.monotonic() < ROUND_S

    def step_rate(self, experiment, *options):
        return self._tool("step_rate", experiment, *options)

    def product_rate(self, products):
        return self._tool("product_rate", *products)

    def _tool(self, name, *words):
        command = [str(w) for w in (self.tools / name, *words)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.work,
                              env=self.environment(), timeout=self.limit())
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def torch(self, jobs):
        """A measuring function for each job of this PyTorch, by name, and why others are left out."""
        if not machine.has_module("torch"):
            return {}, dict.fromkeys(jobs, "PyTorch is not installed")
        started = {name: TorchPeer(job, self.work, self.limit) for name, job in jobs.items()}
        self._peers += started.values()
        sides, skipped = {}, {}
        for name, peer in started.items():
            try:
                self.torch_version = peer.get_ready()
                sides[name] = peer.measure
            except LeftOut as reason:
                skipped[name] = str(reason)
        return sides, skipped

    def close_peers(self):
        for peer in self._peers:
            peer.close()
        self._peers.clear()
