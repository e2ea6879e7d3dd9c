// What it costs on the first GPU that a product also passes a gradient through relu:
//
//   fused_rate M,N,K
//
// C (M, N) = A (M, K) B^T, with B (N, K), in bfloat16 and sums in float32; then C is zero where
// Y (M, N), relu's output, is not above zero; then the sum of C's rows, as of a bias. By the
// kernels that cuDNN compiles for such graphs (of each the fastest that it proposes). Prints one
// JSON object: `product_us`, `relu_us` and `relu_sums_us`, in bursts of milliseconds; `differ`,
// the share of C that the second and third compute otherwise than the first, more than rounding.
#include <cudnn.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "base/error.h"
#include "measure.h"

namespace {

using namespace mlrun;
using namespace mlrun::bench;
using Raw = cudnnBackendDescriptor_t;

void* cudnn() {
  static void* const library = ::dlopen("libcudnn.so.9", RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error("cuDNN is not installed");
  return library;
}

template <class Function, class... Arguments>
auto call_by_name(const char* name, Arguments... arguments) {
  const auto function = reinterpret_cast<Function*>(::dlsym(cudnn(), name));
  if (!function) throw Error(fmt::format("cuDNN has no {}", name));
  return function(arguments...);
}

#define STATUS_OF(function, ...) call_by_name<decltype(function)>(#function, __VA_ARGS__)

void check(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  throw Error(fmt::format("{}: {}", what, STATUS_OF(cudnnGetErrorString, status)));
}

#define CALL(function, ...) check(STATUS_OF(function, __VA_ARGS__), #function)

// Never destroyed: there are few, and they live as long as the program.
class Part {
 public:
  explicit Part(cudnnBackendDescriptorType_t type) {
    CALL(cudnnBackendCreateDescriptor, type, &raw_);
  }

  template <class T>
  Part& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const T& value) {
    return set_values(name, type, &value, 1);
  }
  template <class T>
  Part& set_all(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                const std::vector<T>& values) {
    return set_values(name, type, values.data(), values.size());
  }
  Part& set(cudnnBackendAttributeName_t name, const Part& part) {
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, part.raw_);
  }
  Part& finish() {
    CALL(cudnnBackendFinalize, raw_);
    return *this;
  }
  bool can_finish() { return STATUS_OF(cudnnBackendFinalize, raw_) == CUDNN_STATUS_SUCCESS; }

  Raw raw() const { return raw_; }

 private:
  Part& set_values(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                   const void* values, size_t count) {
    CALL(cudnnBackendSetAttribute, raw_, name, type, static_cast<int64_t>(count), values);
    return *this;
  }

  Raw raw_ = nullptr;
};

struct Sizes {
  int64_t m = 0, n = 0, k = 0;
};

enum Id : int64_t { kA = 1, kB, kC, kY, kSums, kProduct };

Part tensor(Id id, std::vector<int64_t> dims, std::vector<int64_t> strides, cudnnDataType_t type,
            bool is_virtual = false) {
  Part t(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  t.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, int64_t{id})
      .set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type)
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, int64_t{16})
      .set_all(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, dims)
      .set_all(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, strides)
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, is_virtual);
  return t.finish();
}

Part product(const Sizes& s, const Part& result) {
  Part kind(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
  kind.set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT).finish();
  Part op(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_MATMUL_ADESC,
         tensor(kA, {1, s.m, s.k}, {s.m * s.k, s.k, 1}, CUDNN_DATA_BFLOAT16))
      .set(CUDNN_ATTR_OPERATION_MATMUL_BDESC,
           tensor(kB, {1, s.k, s.n}, {s.k * s.n, 1, s.k}, CUDNN_DATA_BFLOAT16))
      .set(CUDNN_ATTR_OPERATION_MATMUL_CDESC, result)
      .set(CUDNN_ATTR_OPERATION_MATMUL_DESC, kind);
  return op.finish();
}

Part relu_gradient(const Part& product, const Part& y, const Part& result) {
  Part kind(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  kind.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, CUDNN_POINTWISE_RELU_BWD)
      .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT)
      .finish();
  Part op(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kind)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, y)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_DYDESC, product)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_DXDESC, result);
  return op.finish();
}

Part column_sums(const Sizes& s, const Part& of) {
  Part kind(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
  kind.set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE,
           CUDNN_REDUCE_TENSOR_ADD)
      .set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT)
      .finish();
  Part op(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
  op.set(CUDNN_ATTR_OPERATION_REDUCTION_DESC, kind)
      .set(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, of)
      .set(CUDNN_ATTR_OPERATION_REDUCTION_YDESC,
           tensor(kSums, {1, 1, s.n}, {s.n, s.n, 1}, CUDNN_DATA_FLOAT));
  return op.finish();
}

enum class Tail { kNone, kRelu, kReluSums };

std::vector<Raw> operations(const Sizes& s, Tail tail) {
  const std::vector<int64_t> dims = {1, s.m, s.n};
  const std::vector<int64_t> strides = {s.m * s.n, s.n, 1};
  const Part c = tensor(kC, dims, strides, CUDNN_DATA_BFLOAT16);
  if (tail == Tail::kNone) return {product(s, c).raw()};
  const Part between = tensor(kProduct, dims, strides, CUDNN_DATA_FLOAT, true);
  const Part y = tensor(kY, dims, strides, CUDNN_DATA_BFLOAT16);
  std::vector<Raw> all = {product(s, between).raw(), relu_gradient(between, y, c).raw()};
  if (tail == Tail::kReluSums) all.push_back(column_sums(s, c).raw());
  return all;
}

// Those of cuDNN's proposals that can be run.
std::vector<Part> plans(cudnnHandle_t handle, const std::vector<Raw>& operations) {
  Part graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle)
      .set_all(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations)
      .finish();
  Part heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
      .set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, CUDNN_HEUR_MODE_A)
      .finish();
  constexpr int64_t kProposals = 16;
  std::vector<Raw> proposals;
  for (int64_t i = 0; i < kProposals; ++i) {
    proposals.push_back(Part(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR).raw());
  }
  int64_t count = 0;
  CALL(cudnnBackendGetAttribute, heuristic.raw(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
       CUDNN_TYPE_BACKEND_DESCRIPTOR, kProposals, &count, static_cast<void*>(proposals.data()));
  proposals.resize(static_cast<size_t>(std::min(count, kProposals)));
  std::vector<Part> found;
  for (const Raw proposal : proposals) {
    Part plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, handle)
        .set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, proposal);
    if (plan.can_finish()) found.push_back(plan);
  }
  return found;
}

int64_t workspace_of(const Part& plan) {
  int64_t count = 0;
  int64_t bytes = 0;
  CALL(cudnnBackendGetAttribute, plan.raw(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
       CUDNN_TYPE_INT64, int64_t{1}, &count, static_cast<void*>(&bytes));
  return bytes;
}

float value_of(uint16_t bfloat16) { return std::bit_cast<float>(uint32_t{bfloat16} << 16); }

class Bench {
 public:
  explicit Bench(const Sizes& s)
      : sizes_(s),
        y_values_(random_bits(count(s.m, s.n), 3)),
        a_(to_device(random_bits(count(s.m, s.k), 1))),
        b_(to_device(random_bits(count(s.k, s.n), 2))),
        y_(to_device(y_values_)),
        c_(make_bytes(count(s.m, s.n) * kBfloat16)),
        sums_(make_bytes(count(1, s.n) * sizeof(float))) {
    CALL(cudnnCreate, &handle_);
  }

  struct Fastest {
    double seconds = std::numeric_limits<double>::infinity();
    std::vector<uint16_t> c;
  };

  Fastest run(Tail tail) {
    Fastest fastest;
    for (const Part& plan : plans(handle_, operations(sizes_, tail))) {
      const auto workspace = make_bytes(static_cast<size_t>(workspace_of(plan)) + 1);
      const Part pack = pointers(tail, workspace.get());
      const double seconds =
          clock_.burst([&] { CALL(cudnnBackendExecute, handle_, plan.raw(), pack.raw()); });
      if (seconds >= fastest.seconds) continue;
      fastest.seconds = seconds;
      fastest.c.resize(y_values_.size());
      MLRUN_CUDA_CHECK(cudaMemcpy(fastest.c.data(), c_.get(), fastest.c.size() * kBfloat16,
                                  cudaMemcpyDeviceToHost));
    }
    if (fastest.c.empty()) throw Error("cuDNN has no kernel for this graph");
    return fastest;
  }

  // Of what relu lets through, and of the rest, which is to be zero.
  double differ(const std::vector<uint16_t>& product, const std::vector<uint16_t>& c) const {
    constexpr float kRounding = 1.0f / 64;
    size_t wrong = 0;
    for (size_t i = 0; i < c.size(); ++i) {
      const float want = value_of(y_values_[i]) > 0 ? value_of(product[i]) : 0;
      const float most = kRounding * (std::abs(want) + std::sqrt(static_cast<float>(sizes_.k)));
      wrong += !(std::abs(value_of(c[i]) - want) <= (want == 0 ? 0 : most));
    }
    return static_cast<double>(wrong) / static_cast<double>(c.size());
  }

 private:
  static size_t count(int64_t rows, int64_t columns) {
    return static_cast<size_t>(rows) * static_cast<size_t>(columns);
  }

  Part pointers(Tail tail, void* workspace) const {
    std::vector<int64_t> ids = {kA, kB, kC};
    std::vector<void*> addresses = {a_.get(), b_.get(), c_.get()};
    if (tail != Tail::kNone) ids.push_back(kY), addresses.push_back(y_.get());
    if (tail == Tail::kReluSums) ids.push_back(kSums), addresses.push_back(sums_.get());
    Part pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set_all(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, ids)
        .set_all(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, addresses)
        .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace);
    return pack.finish();
  }

  Sizes sizes_;
  std::vector<uint16_t> y_values_;
  device::DeviceMemory a_, b_, y_, c_, sums_;
  cudnnHandle_t handle_ = nullptr;
  GpuClock clock_;
};

void run(int argc, char** argv) {
  Sizes s;
  if (argc != 2 || std::sscanf(argv[1], "%ld,%ld,%ld", &s.m, &s.n, &s.k) != 3 ||
      std::min({s.m, s.n, s.k}) < 1) {
    throw InputError("fused_rate needs a product M,N,K");
  }
  Bench bench(s);
  const Bench::Fastest product = bench.run(Tail::kNone);
  const Bench::Fastest relu = bench.run(Tail::kRelu);
  const Bench::Fastest sums = bench.run(Tail::kReluSums);
  const double differ = std::max(bench.differ(product.c, relu.c), bench.differ(product.c, sums.c));
  fmt::print(
      "{{\"product_us\": {:.6g}, \"relu_us\": {:.6g}, \"relu_sums_us\": {:.6g}, "
      "\"differ\": {:.3g}}}\n",
      1e6 * product.seconds, 1e6 * relu.seconds, 1e6 * sums.seconds, differ);
}

}  // namespace

int main(int argc, char** argv) { return run_program("fused_rate", run, argc, argv); }
