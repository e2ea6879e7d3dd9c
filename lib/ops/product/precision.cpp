#include "ops/product/precision.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "device/gpu_survey.h"
#include "ops/image/convolution.h"
#include "ops/product/bfloat16.h"
#include "ops/product/matmul.h"

namespace mlrun::ops {
namespace {

// The first GPUs with tensor cores for tf32 and bfloat16; those for float16 are older than any that
// mlrun computes on.
constexpr double kAmpere = 8.0;

bool is_older_than_ampere(const device::Gpu& gpu) {
  const std::string& capability = gpu.compute_capability;
  return !capability.empty() && std::atof(capability.c_str()) < kAmpere;
}

bool has_instructions(Precision precision, const device::Gpu* gpu) {
  switch (precision) {
    case Precision::kFloat32:
      return true;
    case Precision::kTfloat32:
      return gpu && !is_older_than_ampere(*gpu);
    case Precision::kBfloat16:
      return gpu ? !is_older_than_ampere(*gpu) : multiplies_bfloat16();
    case Precision::kFloat16:
      return gpu != nullptr;
  }
  return true;
}

}  // namespace

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::kFloat32:
      return "float32";
    case Precision::kTfloat32:
      return "tf32";
    case Precision::kBfloat16:
      return "bfloat16";
    case Precision::kFloat16:
      return "float16";
  }
  return "";
}

void set_precision(graph::Graph& graph, Precision precision) {
  const bool tf32 = precision != Precision::kFloat32;
  std::vector<graph::Node> nodes = graph.nodes();
  for (graph::Node& node : nodes) {
    if (const auto* product = dynamic_cast<const MatMulOp*>(node.op.get())) {
      node.op = product->with(precision);
    } else if (const auto* images = dynamic_cast<const ConvolutionOp*>(node.op.get())) {
      node.op = images->with_tf32(tf32);
    } else if (const auto* filters = dynamic_cast<const ConvolutionWeightGradOp*>(node.op.get())) {
      node.op = filters->with_tf32(tf32);
    }
  }
  graph.replace_nodes(std::move(nodes));
}

ProductMode product_mode(Precision wanted, const device::Gpu* gpu) {
  if (has_instructions(wanted, gpu)) return {wanted, false};
  if (wanted == Precision::kTfloat32) return {Precision::kFloat32, false};
  return {wanted, true};
}

std::string to_string(const ProductMode& mode) {
  return std::string(to_string(mode.precision)) + (mode.emulated ? " (emulated)" : "");
}

std::string describe(Precision wanted, const device::Gpu* gpu) {
  const std::string_view name = to_string(wanted);
  const std::string device = gpu ? gpu->name : "this CPU";
  const ProductMode mode = product_mode(wanted, gpu);
  if (mode.precision != wanted) {
    return fmt::format("{}, which {} does not have: {}", name, device, to_string(mode.precision));
  }
  if (!mode.emulated) return fmt::format("{}, with the instructions of {}", name, device);
  return fmt::format(
      "{}, emulated: {} has no instructions for it, so that it costs more time than float32", name,
      device);
}

}  // namespace mlrun::ops
