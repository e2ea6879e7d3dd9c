#include "nn/model.h"

#include <fmt/format.h>

#include <cctype>
#include <map>

#include "base/error.h"
#include "base/suggest.h"

namespace mlrun::nn {
namespace {

using LayerRef = config::Ref<config::LayerKind>;

constexpr const char* kInput = "input";

// As Keras: BatchNormalization -> batch_normalization, Conv2DTranspose -> conv2d_transpose.
std::string snake_case(const std::string& name) {
  const auto is = [&](size_t i, int (*kind)(int)) {
    return i < name.size() && kind(static_cast<unsigned char>(name[i])) != 0;
  };
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool starts_word =
        is(i, std::isupper) && i > 0 && (is(i - 1, std::islower) || is(i + 1, std::islower));
    if (starts_word) text += '_';
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return text;
}

class ModelBuilder {
 public:
  ModelBuilder(Builder& builder, ValueId x, Diagnostics& diagnostics)
      : builder_(builder), diagnostics_(diagnostics), previous_(kInput) {
    made_[kInput] = {x, {}, true};
  }

  ValueId build(std::span<const LayerRef> layers, std::span<WantedLayer> wanted) {
    const size_t errors = diagnostics_.size();
    for (const LayerRef& ref : layers) {
      add(ref);
      if (diagnostics_.size() != errors) return graph::kNoValue;
    }
    for (WantedLayer& layer : wanted) take(layer);
    if (diagnostics_.size() != errors) return graph::kNoValue;
    made_[previous_].read = true;
    for (const std::string& name : order_) {
      if (made_[name].read) continue;
      diagnostics_.error(made_[name].mark, fmt::format("nothing reads the layer '{}'", name));
    }
    return diagnostics_.size() == errors ? made_[previous_].value : graph::kNoValue;
  }

 private:
  struct Made {
    ValueId value = graph::kNoValue;
    Mark mark;
    bool read = false;
  };

  void add(const LayerRef& ref) {
    const auto& layer = ref.as<Layer>();
    const std::string name = layer.name ? *layer.name : next_name(ref.type->name);
    if (made_.contains(name)) {
      return diagnostics_.error(ref.mark, name == kInput
                                              ? "'input' is the data, and no name for a layer"
                                              : fmt::format("two layers are named '{}'", name));
    }
    const std::vector<ValueId> inputs = find_inputs(ref, layer);
    if (inputs.empty()) return;
    builder_.set_mark(ref.mark);
    try {
      made_[name] = {builder_.add(name, ref.type->name, layer, inputs), ref.mark, false};
    } catch (const Error& error) {
      return diagnostics_.error(ref.mark, ref.type->name + ": " + error.what());
    }
    order_.push_back(name);
    previous_ = name;
  }

  // Empty when a name is not known.
  std::vector<ValueId> find_inputs(const LayerRef& ref, const Layer& layer) {
    std::vector<ValueId> values;
    for (const std::string& name : layer.inputs.value_or(std::vector{previous_})) {
      const auto found = made_.find(name);
      if (found == made_.end()) {
        std::vector<std::string> known = order_;
        known.emplace_back(kInput);
        diagnostics_.error(ref.mark, fmt::format("{} reads '{}', but no layer before it has that "
                                                 "name{}",
                                                 ref.type->name, name, hint(name, known)));
        return {};
      }
      found->second.read = true;
      values.push_back(found->second.value);
    }
    if (values.empty()) diagnostics_.error(ref.mark, ref.type->name + " has no inputs");
    return values;
  }

  static std::string hint(const std::string& name, const std::vector<std::string>& known) {
    const std::string guess = did_you_mean(name, known);
    return guess.empty() ? fmt::format("; there are {}", fmt::join(known, ", ")) : guess;
  }

  void take(WantedLayer& wanted) {
    const auto found = made_.find(wanted.name);
    if (wanted.name == previous_) {
      diagnostics_.error(
          wanted.mark, fmt::format("'{}' is the last layer: train.loss is its loss", wanted.name));
    } else if (found == made_.end() || wanted.name == kInput) {
      diagnostics_.error(wanted.mark, fmt::format("the model has no layer '{}'{}", wanted.name,
                                                  hint(wanted.name, order_)));
    } else {
      found->second.read = true;
      wanted.value = found->second.value;
    }
  }

  std::string next_name(const std::string& type) {
    const std::string base = snake_case(type);
    const int count = seen_[base]++;
    return count == 0 ? base : base + "_" + std::to_string(count);
  }

  Builder& builder_;
  Diagnostics& diagnostics_;
  std::map<std::string, Made> made_;
  std::vector<std::string> order_;  ///< names of the layers
  std::string previous_;
  std::map<std::string, int> seen_;  ///< how many unnamed layers of a type
};

}  // namespace

ValueId build_model(Builder& builder, std::span<const LayerRef> layers, ValueId x,
                    std::span<WantedLayer> wanted, Diagnostics& diagnostics) {
  return ModelBuilder(builder, x, diagnostics).build(layers, wanted);
}

}  // namespace mlrun::nn
