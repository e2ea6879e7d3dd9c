"""The programs that run on a GPU: of a build, or gathered into a folder that looks like one."""
import fnmatch
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALL = ["apps/mlrun/mlrun", "tests/mlrun_tests", "tools/bench/gpu/step_rate",
       "tools/bench/gpu/product_rate", "lib/libmlrun_cuda.so"]
# Of the C library and of CUDA the machine has its own.
OF_SYSTEM = ("ld-linux", "libc.", "libm.", "libdl.", "librt.", "libpthread.", "libresolv.",
             "libcuda", "libcublas", "libnv")


class Programs:
    def __init__(self, build):
        self.build = build.resolve()
        self.mlrun = self.build / "apps/mlrun/mlrun"
        self.tests = self.build / "tests/mlrun_tests"
        self.tools = self.build / "tools/bench/gpu"
        folders = [self.build / "lib"] + _library_folders()
        if "LD_LIBRARY_PATH" in os.environ:
            folders.append(os.environ["LD_LIBRARY_PATH"])
        # On the GPU the tests do without the emulation, and fail where there is none.
        self.settings = {"LD_LIBRARY_PATH": ":".join(map(str, folders)), "MLRUN_TESTS_ON": "gpu"}

    def environment(self):
        return {**os.environ, **self.settings}

    def run(self, words, folder, limit):
        """What went wrong; "" for nothing."""
        line = " ".join(map(str, words))
        try:
            done = subprocess.run([str(w) for w in words], capture_output=True, text=True,
                                  cwd=folder, env=self.environment(), timeout=limit)
        except subprocess.TimeoutExpired:
            return f"{line}: no end in {limit:.0f} s"
        except OSError as error:
            return f"{line}: {error}"
        if done.returncode == 0:
            return ""
        return f"{line}: exit code {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"

    def test_files(self, pattern):
        """Files of tests in tests/ that fit the pattern, each as one for --source-file."""
        listed = subprocess.run([self.tests, "--list-test-cases", "--reporters=xml"],
                                capture_output=True, text=True, env=self.environment(), timeout=60)
        cases = xml.etree.ElementTree.fromstring(listed.stdout).iter("TestCase")
        names = {"/tests/" + case.get("filename").rpartition("/tests/")[2] for case in cases}
        return ["*" + name for name in sorted(fnmatch.filter(names, f"/tests/{pattern}"))]


def _library_folders():
    """Where a toolkit, or Python packages, have cuBLAS and cuDNN; the loader looks elsewhere itself."""
    patterns = ["/usr/local/cuda*/lib64", "/usr/local/cuda*/lib"]
    patterns += [f"{path}/nvidia/*/lib" for path in sys.path if path.endswith("-packages")]
    folders = [folder for pattern in patterns for folder in sorted(glob.glob(pattern))]
    libraries = ["libcublasLt.so.*", "libcudnn.so.*"]
    return [f for f in folders if any(glob.glob(f"{f}/{library}") for library in libraries)]


def gather(build, folder):
    """Programs without their symbols, their libraries, and the scripts that run them."""
    missing = [name for name in ALL if not (build / name).exists()]
    if missing:
        sys.exit(f"{build} has no {missing[0]}: cmake --preset cuda && cmake --build --preset cuda")
    scripts = ["tools/gpu-check", "tools/compare/torch_transformer.py"]
    scripts += [path.relative_to(ROOT) for path in (ROOT / "tools/bench").glob("*.py")]
    for name in ALL + scripts:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    for name in ALL:
        subprocess.run(["strip", "-o", folder / name, build / name], check=True)
        for library, path in _libraries(build / name).items():
            shutil.copy(path, folder / "lib" / library)
    for script in scripts:
        shutil.copy(ROOT / script, folder / script)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 2**20:.0f} MiB; on a machine with a GPU run {folder}/tools/gpu-check")


def _libraries(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found = [line.split() for line in listed.splitlines() if "=> /" in line]
    return {words[0]: words[2] for words in found if not words[0].startswith(OF_SYSTEM)}
