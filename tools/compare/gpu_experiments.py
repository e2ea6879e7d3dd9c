#!/usr/bin/env python3
"""Trains the experiments for two epochs on the CPU and on a GPU, and says how far apart they are.

    tools/compare/gpu_experiments.py                 all of experiments/
    tools/compare/gpu_experiments.py graphs higgs    those whose path has one of these words

Of each the largest relative difference of a loss or metric of the training and of the test rows, over
all trials and epochs. Runs build/cuda (--mlrun names another program); needs h5py, a GPU, and the data
as experiments/README.md has it. Images and what is as slow are cut down to 3000 rows (--limit).
Exits 1 if an experiment fails on the GPU but not on the CPU, or if NaN stands on one side only.
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
# They begin with what another experiment has left, or generate data of their own for a measurement.
FOLLOW_OTHERS = {"linear-probe", "judge", "fine-tune", "polarity-encoder", "speed"}
WITH_MANY_IMAGES = ("source: fashion-mnist", "source: cifar10")
AT_A_TIME = 4


class Failed(Exception):
    pass


def numbers(results):
    """Of every trial and epoch, by name."""
    with h5py.File(results / "results.h5") as f:
        history, trials = f["history"], f["trials"]
        by_epoch = np.lexsort((history["epoch"][:], history["trial"][:]))
        by_trial = np.argsort(trials["trial"][:])
        found = {name: history[name][:][by_epoch] for name in history
                 if name not in ("trial", "epoch", "seconds")}
        found.update({name: trials[name][:][by_trial] for name in trials
                      if name.startswith("test_")})
    return found


def train(args, path, folder, *words):
    text = path.read_text()
    words = [*words, "train.epochs=2"]
    if any(source in text for source in WITH_MANY_IMAGES):
        words.append(f"dataset.limit={args.limit}")
    command = "gridsearch" if "param_grid:" in text else "train"
    start = time.monotonic()
    try:
        run = subprocess.run([args.mlrun, command, path, *words, "-q", "-o", folder],
                             capture_output=True, text=True, timeout=args.seconds)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end in {args.seconds} s") from None
    if run.returncode != 0:
        raise Failed((run.stderr or run.stdout).strip().splitlines()[0])
    return numbers(folder), time.monotonic() - start


def difference(a, b):
    if a.shape != b.shape or (np.isnan(a) != np.isnan(b)).any():
        return float("inf")
    apart = np.abs(a - b) / np.maximum(np.abs(b), 1e-3)
    return float(np.nan_to_num(apart).max(initial=0))


def compare(args, path, work):
    """A line of the table, and whether all is well."""
    name = "/".join(path.parts[-2:])
    sides, troubles = {}, {}
    for side, words in (("gpu", ("--gpus", "0")), ("cpu", ())):
        try:
            sides[side] = train(args, path, work / f"{path.parent.name}-{path.stem}-{side}", *words)
        except Failed as reason:
            troubles[side] = str(reason)
    if troubles:
        said = "; ".join(f"{side}: {reason}" for side, reason in troubles.items())
        return f"{name:40} {said}", "gpu" not in troubles or "cpu" in troubles
    (gpu, gpu_s), (cpu, cpu_s) = sides["gpu"], sides["cpu"]
    worst = {key: difference(gpu[key], cpu[key]) for key in gpu}
    losses = max(value for key, value in worst.items() if "loss" in key)
    others = max((value for key, value in worst.items() if "loss" not in key), default=0)
    line = f"{name:40} {losses:12.1e} {others:12.1e} {gpu_s:8.1f} s {cpu_s:8.1f} s"
    return line, np.isfinite(max(losses, others))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--mlrun", type=pathlib.Path, default=ROOT / "build/cuda/apps/mlrun/mlrun")
    parser.add_argument("--limit", type=int, default=3000)
    parser.add_argument("--seconds", type=int, default=300, help="that one training may take")
    args = parser.parse_args()
    paths = [path for path in sorted((ROOT / "experiments").glob("*/*.yaml"))
             if path.stem not in FOLLOW_OTHERS
             and (not args.words or any(word in str(path) for word in args.words))]
    print(f"{'':40} {'losses':>12} {'metrics':>12} {'GPU':>10} {'CPU':>10}", flush=True)
    good = True
    with tempfile.TemporaryDirectory() as work:
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
            for line, well in pool.map(lambda path: compare(args, path, pathlib.Path(work)), paths):
                good = good and well
                print(line, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
