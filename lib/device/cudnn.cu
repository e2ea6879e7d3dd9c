#include "device/cudnn.h"

#include <cudnn.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <limits>
#include <new>
#include <span>
#include <utility>

#include "base/error.h"

namespace mlrun::device {

// Not linked: loading it takes long, and a machine may lack it.
class CudnnLibrary {
 public:
  /// Null where it is not installed.
  static std::unique_ptr<CudnnLibrary> open() {
    void* const library = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL);
    return library ? std::unique_ptr<CudnnLibrary>(new CudnnLibrary(library)) : nullptr;
  }
  /// The result of the function of this name; Error where it is not there.
  template <class Function, class... Arguments>
  auto run(const char* function, Arguments... arguments) const {
    const auto address = reinterpret_cast<Function*>(::dlsym(library_, function));
    if (!address) throw Error(fmt::format("{} has no {}", kName, function));
    return address(arguments...);
  }

  CudnnLibrary(const CudnnLibrary&) = delete;
  CudnnLibrary& operator=(const CudnnLibrary&) = delete;
  // Waits for the whole GPU. The library stays loaded: others may be using it.
  ~CudnnLibrary() {
    if (!handle_) return;
    const auto lock = lock_driver();
    run<decltype(cudnnDestroy)>("cudnnDestroy", handle_);
  }

  size_t version() const { return run<decltype(cudnnGetVersion)>("cudnnGetVersion"); }

  /// Made at the first call, which takes long.
  cudnnHandle_t handle(cudaStream_t stream) {
    if (handle_) return handle_;
    call<decltype(cudnnCreate)>("cudnnCreate", &handle_);
    call<decltype(cudnnSetStream)>("cudnnSetStream", handle_, stream);
    return handle_;
  }

  /// Throws Error with the name of the function, or std::bad_alloc.
  template <class Function, class... Arguments>
  void call(const char* function, Arguments... arguments) const {
    const cudnnStatus_t status = run<Function>(function, arguments...);
    if (status == CUDNN_STATUS_SUCCESS) return;
    if (is_out_of_memory(status)) throw std::bad_alloc();
    throw Error(fmt::format("{}: {}", function,
                            run<decltype(cudnnGetErrorString)>("cudnnGetErrorString", status)));
  }

 private:
  static bool is_out_of_memory(cudnnStatus_t status) {
    return status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
           status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
  }

  static constexpr const char* kName = "libcudnn.so.9";
  static_assert(CUDNN_MAJOR == 9);

  explicit CudnnLibrary(void* library) : library_(library) {}

  void* library_;
  cudnnHandle_t handle_ = nullptr;
};

namespace {

// MLRUN_CUDNN(library, cudnnCreate, &handle): the call, with the types of the header.
#define MLRUN_CUDNN(library, function, ...) \
  (library).call<decltype(function)>(#function, __VA_ARGS__)

// Calls a function of cuDNN as the deleter of a unique_ptr.
struct DestroyByName {
  const CudnnLibrary* library = nullptr;
  const char* function = "";

  template <class T>
  void operator()(T* descriptor) const {
    library->run<cudnnStatus_t(T*)>(function, descriptor);
  }
};

template <class Handle>
using Descriptor = std::unique_ptr<std::remove_pointer_t<Handle>, DestroyByName>;
using TensorDescriptor = Descriptor<cudnnTensorDescriptor_t>;
using FilterDescriptor = Descriptor<cudnnFilterDescriptor_t>;
using ConvolutionDescriptor = Descriptor<cudnnConvolutionDescriptor_t>;

TensorDescriptor images_of(const CudnnLibrary& cudnn, int64_t n, int64_t h, int64_t w, int64_t c) {
  cudnnTensorDescriptor_t made = nullptr;
  MLRUN_CUDNN(cudnn, cudnnCreateTensorDescriptor, &made);
  TensorDescriptor images(made, {&cudnn, "cudnnDestroyTensorDescriptor"});
  MLRUN_CUDNN(cudnn, cudnnSetTensor4dDescriptor, made, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT,
              static_cast<int>(n), static_cast<int>(c), static_cast<int>(h), static_cast<int>(w));
  return images;
}

FilterDescriptor filters_of(const CudnnLibrary& cudnn, const ConvolutionShape& x) {
  cudnnFilterDescriptor_t made = nullptr;
  MLRUN_CUDNN(cudnn, cudnnCreateFilterDescriptor, &made);
  FilterDescriptor filters(made, {&cudnn, "cudnnDestroyFilterDescriptor"});
  MLRUN_CUDNN(cudnn, cudnnSetFilter4dDescriptor, made, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC,
              static_cast<int>(x.filters), static_cast<int>(x.channels / x.groups),
              static_cast<int>(x.h.kernel), static_cast<int>(x.w.kernel));
  return filters;
}

ConvolutionDescriptor convolution_of(const CudnnLibrary& cudnn, const ConvolutionShape& x) {
  cudnnConvolutionDescriptor_t made = nullptr;
  MLRUN_CUDNN(cudnn, cudnnCreateConvolutionDescriptor, &made);
  ConvolutionDescriptor convolution(made, {&cudnn, "cudnnDestroyConvolutionDescriptor"});
  const auto of = [](int64_t n) { return static_cast<int>(n); };
  // What is called convolution in learning is a correlation.
  MLRUN_CUDNN(cudnn, cudnnSetConvolution2dDescriptor, made, of(x.h.padding), of(x.w.padding),
              of(x.h.stride), of(x.w.stride), of(x.h.dilation), of(x.w.dilation),
              CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT);
  MLRUN_CUDNN(cudnn, cudnnSetConvolutionGroupCount, made, of(x.groups));
  MLRUN_CUDNN(cudnn, cudnnSetConvolutionMathType, made,
              x.tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH);
  return convolution;
}

constexpr auto kWorkspace = static_cast<size_t>(Cudnn::kWorkspaceBytes);

// cuDNN counts in int.
bool is_small_enough(const ConvolutionShape& x) {
  const int64_t largest = std::numeric_limits<int>::max();
  return x.batch * x.h.in * x.w.in * x.channels <= largest &&
         x.batch * x.h.out * x.w.out * x.filters <= largest &&
         x.h.kernel * x.w.kernel * (x.channels / x.groups) * x.filters <= largest;
}

}  // namespace

struct CudnnPlan {
  TensorDescriptor x, y;
  FilterDescriptor w;
  ConvolutionDescriptor convolution;
  int algorithm = 0;
};

namespace {

// The fastest of those found that are the same in every run and get along with the workspace.
template <class Found>
bool take_best(const CudnnLibrary& cudnn, CudnnPlan& plan, bool tf32,
               std::span<const Found> candidates) {
  for (const Found& found : candidates) {
    if (found.status != CUDNN_STATUS_SUCCESS || found.determinism != CUDNN_DETERMINISTIC ||
        found.memory > kWorkspace) {
      continue;
    }
    plan.algorithm = found.algo;
    if (tf32) {
      MLRUN_CUDNN(cudnn, cudnnSetConvolutionMathType, plan.convolution.get(), found.mathType);
    }
    return true;
  }
  return false;
}

constexpr int kMostAlgorithms = 16;

bool choose_algorithm(const CudnnLibrary& cudnn, cudnnHandle_t handle, CudnnPlan& p,
                      const ConvolutionShape& shape) {
  int count = 0;
  const auto choose = [&]<class Found>(std::array<Found, kMostAlgorithms>& found) {
    return take_best<Found>(cudnn, p, shape.tf32,
                            std::span(found).first(static_cast<size_t>(count)));
  };
  switch (shape.pass) {
    case ConvolutionPass::kResult: {
      std::array<cudnnConvolutionFwdAlgoPerf_t, kMostAlgorithms> found{};
      MLRUN_CUDNN(cudnn, cudnnGetConvolutionForwardAlgorithm_v7, handle, p.x.get(), p.w.get(),
                  p.convolution.get(), p.y.get(), kMostAlgorithms, &count, found.data());
      return choose(found);
    }
    case ConvolutionPass::kImages: {
      std::array<cudnnConvolutionBwdDataAlgoPerf_t, kMostAlgorithms> found{};
      MLRUN_CUDNN(cudnn, cudnnGetConvolutionBackwardDataAlgorithm_v7, handle, p.w.get(), p.y.get(),
                  p.convolution.get(), p.x.get(), kMostAlgorithms, &count, found.data());
      return choose(found);
    }
    case ConvolutionPass::kFilters: {
      std::array<cudnnConvolutionBwdFilterAlgoPerf_t, kMostAlgorithms> found{};
      MLRUN_CUDNN(cudnn, cudnnGetConvolutionBackwardFilterAlgorithm_v7, handle, p.x.get(),
                  p.y.get(), p.convolution.get(), p.w.get(), kMostAlgorithms, &count, found.data());
      return choose(found);
    }
  }
  return false;
}

std::unique_ptr<CudnnPlan> make_plan(CudnnLibrary& cudnn, cudaStream_t stream,
                                     const ConvolutionShape& shape) {
  if (!is_small_enough(shape)) return nullptr;
  auto plan = std::make_unique<CudnnPlan>();
  plan->x = images_of(cudnn, shape.batch, shape.h.in, shape.w.in, shape.channels);
  plan->y = images_of(cudnn, shape.batch, shape.h.out, shape.w.out, shape.filters);
  plan->w = filters_of(cudnn, shape);
  plan->convolution = convolution_of(cudnn, shape);
  return choose_algorithm(cudnn, cudnn.handle(stream), *plan, shape) ? std::move(plan) : nullptr;
}

// A cuDNN that lacks its parts, is of another CUDA, or knows nothing of this GPU, is as good as
// none.
std::unique_ptr<CudnnPlan> plan_if_possible(CudnnLibrary& cudnn, cudaStream_t stream,
                                            const ConvolutionShape& shape) {
  try {
    return make_plan(cudnn, stream, shape);
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

Cudnn::Cudnn(cudaStream_t stream) : stream_(stream) {}
Cudnn::~Cudnn() = default;

const CudnnPlan* Cudnn::plan_of(const ConvolutionShape& shape) {
  if (!opened_) library_ = CudnnLibrary::open();
  opened_ = true;
  if (!library_) return nullptr;
  const auto [at, is_new] = plans_.try_emplace(shape);
  if (is_new) at->second = plan_if_possible(*library_, stream_, shape);
  return at->second.get();
}

void Cudnn::convolve(const ConvolutionShape& shape, const float* a, const float* b, float* c,
                     std::byte* workspace) {
  const CudnnPlan& p = *plan_of(shape);
  const CudnnLibrary& cudnn = *library_;
  const cudnnHandle_t handle = library_->handle(stream_);
  const float one = 1;
  const float zero = 0;
  switch (shape.pass) {
    case ConvolutionPass::kResult:
      return MLRUN_CUDNN(cudnn, cudnnConvolutionForward, handle, &one, p.x.get(), a, p.w.get(), b,
                         p.convolution.get(), static_cast<cudnnConvolutionFwdAlgo_t>(p.algorithm),
                         workspace, kWorkspace, &zero, p.y.get(), c);
    case ConvolutionPass::kImages:
      return MLRUN_CUDNN(cudnn, cudnnConvolutionBackwardData, handle, &one, p.w.get(), b, p.y.get(),
                         a, p.convolution.get(),
                         static_cast<cudnnConvolutionBwdDataAlgo_t>(p.algorithm), workspace,
                         kWorkspace, &zero, p.x.get(), c);
    case ConvolutionPass::kFilters:
      return MLRUN_CUDNN(cudnn, cudnnConvolutionBackwardFilter, handle, &one, p.x.get(), a,
                         p.y.get(), b, p.convolution.get(),
                         static_cast<cudnnConvolutionBwdFilterAlgo_t>(p.algorithm), workspace,
                         kWorkspace, &zero, p.w.get(), c);
  }
}

size_t Cudnn::version() {
  const std::unique_ptr<CudnnLibrary> library = CudnnLibrary::open();
  return library ? library->version() : 0;
}

}  // namespace mlrun::device
