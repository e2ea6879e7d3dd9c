"""PyTorch's training step on a GPU, in a process that measures as often as it is asked to:

    torch_gpu.py JOB.json

When all is compiled and warm it prints a line of JSON, and one more for each line that it reads.

Written as one does when speed matters: random data lie on the GPU, batches are gathered there,
losses are added up there and fetched once an epoch, Adam is the fused one. Job `mode`:

    eager      as it is
    compile    forward and backward by torch.compile(mode="reduce-overhead"), in CUDA graphs
    graph      a whole step, gathering included, captured by hand in one torch.cuda.CUDAGraph
"""
import json
import os
import pathlib
import statistics
import sys
import time
import warnings

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from peers import torch_model  # noqa: E402


class Training:
    def __init__(self, job):
        self.device = torch.device(job["device"])
        self.batch, self.epochs = job["batch"], job["epochs"]
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        x = torch.randn(job["rows"], *job["shape"])
        self.binary = job["classes"] == 2
        y = torch.randint(job["classes"], (job["rows"],))
        model, x = torch_model(job, x)
        self.x, self.y = x.to(self.device), (y.float() if self.binary else y).to(self.device)
        self.model = model.to(self.device)
        self.loss_of = nn.BCEWithLogitsLoss() if self.binary else nn.CrossEntropyLoss()
        on_gpu = self.device.type == "cuda"
        fast = {"fused": True, "capturable": True} if on_gpu else {"foreach": True}
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, eps=1e-7, **fast)
        self.total = torch.zeros((), device=self.device)
        self.step = {"eager": lambda: self.eager_step, "compile": self.compiled_step,
                     "graph": self.captured_step}[job["mode"]]()

    def loss(self, x, y):
        out = self.model(x)
        return self.loss_of(out.squeeze(1) if self.binary else out, y)

    def learn(self, loss_of, rows):
        self.optimizer.zero_grad(set_to_none=True)
        loss = loss_of(self.x[rows], self.y[rows])
        loss.backward()
        self.optimizer.step()
        self.total.add_(loss.detach(), alpha=self.batch)

    def eager_step(self, rows):
        self.learn(self.loss, rows)

    def compiled_step(self):
        loss_of = torch.compile(self.loss, mode="reduce-overhead")
        return lambda rows: self.learn(loss_of, rows)

    def captured_step(self):
        """Three steps on a stream of their own come before a capture, as PyTorch's manual has it."""
        rows = torch.arange(self.batch, device=self.device)
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                self.eager_step(rows)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.eager_step(rows)

        def step(wanted):
            rows.copy_(wanted)
            graph.replay()
        return step

    def epoch(self):
        """Mean loss, and microseconds a step."""
        start = time.perf_counter()
        self.total.zero_()
        for rows in torch.randperm(len(self.x), device=self.device).split(self.batch):
            self.step(rows)
        loss = self.total.item() / len(self.x)  # waits for all of it
        return loss, 1e6 * (time.perf_counter() - start) * self.batch / len(self.x)

    def measure(self):
        losses, times = zip(*(self.epoch() for _ in range(self.epochs)))
        found = {"step_us": statistics.median(times), "loss": losses[-1]}
        if self.device.type == "cuda":
            found["memory_mb"] = torch.cuda.max_memory_allocated() / 2**20
        return found


def main():
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what else is printed is no answer
    with open(sys.argv[1]) as f:
        training = Training(json.load(f))
    for _ in range(2):
        training.epoch()
    print(json.dumps({"torch": torch.__version__}), file=answers)
    for _ in sys.stdin:
        print(json.dumps(training.measure()), file=answers)


if __name__ == "__main__":
    main()
