"""The GPU that is measured: the first one mlrun may use."""
import ctypes
import json
import subprocess

NVML = "libnvidia-ml.so.1"


def first_gpu(mlrun, environment):
    """The row of gpu0 of `mlrun devices`, and why there is none. Raises RuntimeError where mlrun does
    not run."""
    try:
        run = subprocess.run([mlrun, "devices", "--format", "json"], capture_output=True, text=True,
                             env=environment, timeout=60, check=True)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"mlrun devices: {error.stderr.strip()}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"mlrun devices: {error}") from None
    for row in json.loads(run.stdout):
        if row["device"] == "gpu0":
            return (None, row["not_used"]) if row["not_used"] else (row, "")
    return None, "mlrun devices shows no GPU"


class Driver:
    """What the driver's management library says of one GPU; None where it does not know."""

    def __init__(self, uuid, library=NVML):
        self._device = None
        try:
            self._nvml = ctypes.CDLL(library)
            if self._nvml.nvmlInit_v2() == 0:
                self._device = self._find(uuid)
        except (OSError, AttributeError):
            pass

    def version(self):
        text = ctypes.create_string_buffer(80)
        return self._text(text, lambda f: f.nvmlSystemGetDriverVersion(text, 80))

    def energy_j(self):
        """Since the driver was loaded."""
        value = ctypes.c_ulonglong(0)
        found = self._ask(lambda f: f.nvmlDeviceGetTotalEnergyConsumption(
            self._device, ctypes.byref(value)))
        return value.value / 1000 if found else None

    def _find(self, uuid):
        count = ctypes.c_uint(0)
        self._nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        for index in range(count.value):
            device, text = ctypes.c_void_p(), ctypes.create_string_buffer(96)
            if self._nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device)):
                continue
            if self._nvml.nvmlDeviceGetUUID(device, text, 96) == 0:
                if text.value.decode() == uuid:
                    return device
        return None

    def _ask(self, question):
        try:
            return self._device is not None and question(self._nvml) == 0
        except AttributeError:  # an older driver
            return False

    def _text(self, buffer, question):
        return buffer.value.decode() if self._ask(question) else None
