#include "nn/model.h"

#include <cctype>
#include <map>

namespace mlrun::nn {
namespace {

std::string snake_case(const std::string& name) {
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool starts_word =
        std::isupper(c) && i > 0 && !std::isupper(static_cast<unsigned char>(name[i - 1]));
    if (starts_word) text += '_';
    text += static_cast<char>(std::tolower(c));
  }
  return text;
}

class LayerNames {
 public:
  std::string next(const std::string& type) {
    const std::string base = snake_case(type);
    const int count = seen_[base]++;
    return count == 0 ? base : base + "_" + std::to_string(count);
  }

 private:
  std::map<std::string, int> seen_;
};

LayerSummary summarize(const Builder& builder, const graph::Graph& g, size_t first_node,
                       size_t first_variable) {
  LayerSummary row;
  for (size_t i = first_variable; i < builder.variables().size(); ++i) {
    row.parameters += builder.variables()[i].shape.elements();
  }
  for (size_t i = first_node; i < g.nodes().size(); ++i) {
    const graph::Node& node = g.nodes()[i];
    if (node.op->is_view()) continue;
    row.flops += node.op->cost(g.types(node.inputs), g.types(node.outputs), 1).flops;
  }
  return row;
}

}  // namespace

ValueId build_sequential(Builder& builder, std::span<const config::Ref<config::LayerKind>> layers,
                         ValueId x, Diagnostics& diagnostics, std::vector<LayerSummary>* summary) {
  LayerNames names;
  graph::Graph& g = builder.graph();
  for (const config::Ref<config::LayerKind>& ref : layers) {
    const std::string name = names.next(ref.type->name);
    const size_t first_node = g.nodes().size();
    const size_t first_variable = builder.variables().size();
    builder.enter(name);
    try {
      x = ref.as<Layer>().build(builder, x);
    } catch (const graph::ShapeError& error) {
      diagnostics.error(ref.mark, ref.type->name + ": " + error.what());
      return graph::kNoValue;
    }
    if (!summary) continue;
    LayerSummary row = summarize(builder, g, first_node, first_variable);
    row.name = name;
    row.type = ref.type->name;
    row.output = g.shape(x);
    summary->push_back(std::move(row));
  }
  return x;
}

}  // namespace mlrun::nn
