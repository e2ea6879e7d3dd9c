// Whether there is a GPU for a test. With MLRUN_TESTS_ON=gpu, as tools/gpu-check sets it, tests
// that can compute on one do so without the emulation, and fail where there is none.
#pragma once

namespace mlrun::test {

bool on_gpu_only();

/// Whether this process can compute on a GPU. Starts CUDA: it must not fork afterwards.
bool gpu_is_there();

/// The same, for a test that needs one and else is left out, which is said.
bool has_gpu();

/// The same, found out by a process of its own: this one may fork workers.
bool workers_have_gpu();

}  // namespace mlrun::test
