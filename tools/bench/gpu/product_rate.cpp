// How fast cuBLASLt multiplies bfloat16 matrices on the first GPU:
//
//   product_rate M,N,K[,ta][,tb] ...
//
// C (M, N) = op(A) op(B), row-major, sums in float32, C in bfloat16; `ta`, `tb`: A, B lie
// transposed. Of each product the fastest of what cuBLASLt proposes. Prints one JSON object:
// `seconds` of all products one after the other, over and over for some seconds, as a training runs
// them, and `tflops`; `burst_seconds`, the sum of each product alone for a few milliseconds, before
// the GPU lowers its clock for what it consumes.
#include <fmt/format.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "device/cuda_handles.h"
#include "measure.h"

namespace {

using namespace mlrun;
using namespace mlrun::bench;
using device::Owned;

using Descriptor = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

constexpr size_t kWorkspaceBytes = size_t{64} << 20;
constexpr int kProposals = 16;

struct Product {
  uint64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
};

Product parse(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  Product p;
  if (parts.size() >= 3) {
    p.m = std::strtoull(parts[0].c_str(), nullptr, 10);
    p.n = std::strtoull(parts[1].c_str(), nullptr, 10);
    p.k = std::strtoull(parts[2].c_str(), nullptr, 10);
  }
  if (p.m * p.n * p.k == 0) throw InputError(fmt::format("'{}' is no product M,N,K", text));
  for (size_t i = 3; i < parts.size(); ++i) {
    p.transpose_a = p.transpose_a || parts[i] == "ta";
    p.transpose_b = p.transpose_b || parts[i] == "tb";
  }
  return p;
}

// A row-major matrix is, to cuBLAS, its transpose.
Layout layout_of(uint64_t rows, uint64_t columns) {
  cublasLtMatrixLayout_t made = nullptr;
  MLRUN_CUDA_CHECK(
      cublasLtMatrixLayoutCreate(&made, CUDA_R_16BF, columns, rows, static_cast<int64_t>(columns)));
  return Layout(made);
}

Descriptor descriptor_of(const Product& p) {
  cublasLtMatmulDesc_t made = nullptr;
  MLRUN_CUDA_CHECK(cublasLtMatmulDescCreate(&made, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  Descriptor descriptor(made);
  const auto set = [&](cublasLtMatmulDescAttributes_t attribute, bool transposed) {
    const cublasOperation_t operation = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    MLRUN_CUDA_CHECK(cublasLtMatmulDescSetAttribute(made, attribute, &operation, sizeof operation));
  };
  set(CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_b);
  set(CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_a);
  return descriptor;
}

class Multiplier {
 public:
  explicit Multiplier(const Product& p)
      : descriptor_(descriptor_of(p)),
        a_(p.transpose_a ? layout_of(p.k, p.m) : layout_of(p.m, p.k)),
        b_(p.transpose_b ? layout_of(p.n, p.k) : layout_of(p.k, p.n)),
        c_(layout_of(p.m, p.n)),
        a_values_(to_device(random_bits(p.m * p.k, 1))),
        b_values_(to_device(random_bits(p.k * p.n, 2))),
        c_values_(make_bytes(p.m * p.n * kBfloat16)),
        workspace_(make_bytes(kWorkspaceBytes)) {
    cublasLtHandle_t handle = nullptr;
    MLRUN_CUDA_CHECK(cublasLtCreate(&handle));
    handle_.reset(handle);
  }

  // Chooses the kernel, and returns its seconds.
  double choose_fastest() {
    double best = 0;
    for (const cublasLtMatmulAlgo_t& algorithm : proposals()) {
      const double seconds = clock_.burst([&] { multiply(algorithm); });
      if (best != 0 && seconds >= best) continue;
      best = seconds;
      fastest_ = algorithm;
    }
    if (best == 0) throw Error("cuBLASLt has no kernel for this product");
    return best;
  }

  void multiply() { multiply(fastest_); }

 private:
  std::vector<cublasLtMatmulAlgo_t> proposals() {
    cublasLtMatmulPreference_t made = nullptr;
    MLRUN_CUDA_CHECK(cublasLtMatmulPreferenceCreate(&made));
    const Preference preference(made);
    const auto bytes = static_cast<uint64_t>(kWorkspaceBytes);
    MLRUN_CUDA_CHECK(cublasLtMatmulPreferenceSetAttribute(
        made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes, sizeof bytes));
    cublasLtMatmulHeuristicResult_t found[kProposals];
    int count = 0;
    MLRUN_CUDA_CHECK(cublasLtMatmulAlgoGetHeuristic(handle_.get(), descriptor_.get(), b_.get(),
                                                    a_.get(), c_.get(), c_.get(), made, kProposals,
                                                    found, &count));
    std::vector<cublasLtMatmulAlgo_t> algorithms;
    for (int i = 0; i < count; ++i) algorithms.push_back(found[i].algo);
    return algorithms;
  }

  void multiply(const cublasLtMatmulAlgo_t& algorithm) {
    const float one = 1;
    const float zero = 0;
    MLRUN_CUDA_CHECK(cublasLtMatmul(handle_.get(), descriptor_.get(), &one, b_values_.get(),
                                    b_.get(), a_values_.get(), a_.get(), &zero, c_values_.get(),
                                    c_.get(), c_values_.get(), c_.get(), &algorithm,
                                    workspace_.get(), kWorkspaceBytes, nullptr));
  }

  Descriptor descriptor_;
  Layout a_, b_, c_;
  device::DeviceMemory a_values_, b_values_, c_values_, workspace_;
  device::CublasLt handle_;
  GpuClock clock_;
  cublasLtMatmulAlgo_t fastest_{};
};

void run(int argc, char** argv) {
  if (argc < 2) throw InputError("product_rate needs products M,N,K[,ta][,tb]");
  std::vector<Multiplier> products;
  double burst_seconds = 0;
  double operations = 0;
  for (int i = 1; i < argc; ++i) {
    const Product p = parse(argv[i]);
    burst_seconds += products.emplace_back(p).choose_fastest();
    operations += 2.0 * static_cast<double>(p.m) * static_cast<double>(p.n * p.k);
  }
  const double seconds = GpuClock().sustained([&] {
    for (Multiplier& product : products) product.multiply();
  });
  fmt::print("{{\"seconds\": {:.6g}, \"tflops\": {:.4g}, \"burst_seconds\": {:.6g}}}\n", seconds,
             1e-12 * operations / seconds, burst_seconds);
}

}  // namespace

int main(int argc, char** argv) { return run_program("product_rate", run, argc, argv); }
