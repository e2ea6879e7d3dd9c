"""What the numbers were measured on."""
import importlib.util
import os
import pathlib
import subprocess

LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")


def has_module(name):
    return importlib.util.find_spec(name) is not None


def cores():
    return len(os.sched_getaffinity(0))


def threaded_blas():
    """Folder of a BLAS that PyTorch can use with several threads (Debian's default is serial)."""
    folder = LIBRARIES / "openblas-openmp"
    return folder if (folder / "libblas.so.3").exists() else None


def processor():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown processor"


def _vector_sets():
    with open("/proc/cpuinfo") as f:
        flags = next((line for line in f if line.startswith("flags")), "").split()
    return [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]


def _package(name):
    try:
        run = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True,
                             text=True)
    except FileNotFoundError:
        return "not known"
    return run.stdout if run.returncode == 0 else "not installed"


def describe(bench):
    """Lines of text for the head of the report."""
    version = subprocess.run([bench.mlrun, "--version"], capture_output=True, text=True)
    packages = {"PyTorch": "python3-torch", "scikit-learn": "python3-sklearn",
                "pandas": "python3-pandas", "NumPy": "python3-numpy",
                "OpenBLAS": "libopenblas0-openmp", "oneDNN": "libdnnl2"}
    core_type = os.environ.get("OPENBLAS_CORETYPE")
    return [
        f"{processor()}, {cores()} cores ({', '.join(_vector_sets())}); {version.stdout.strip()}.",
        "Packages: " + ", ".join(f"{k} {_package(v)}" for k, v in packages.items()) + ".",
        f"OPENBLAS_CORETYPE: {core_type or 'not set'}. PyTorch with 2 threads uses "
        + ("OpenBLAS with OpenMP" if threaded_blas() else "the serial BLAS: no other is installed")
        + "; HIGGS is " + bench.higgs_origin() + ".",
    ]
