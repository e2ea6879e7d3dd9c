#include "nn/model.h"

#include <fmt/format.h>

#include <cctype>
#include <map>
#include <set>

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

// Weights stand in a model file under the names of their layers: paths, of which HDF5 reads some
// parts in its own way.
bool is_path(std::string_view name) {
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

class ModelBuilder {
 public:
  ModelBuilder(Builder& builder, ValueId x, Diagnostics& diagnostics)
      : builder_(builder),
        diagnostics_(diagnostics),
        previous_(kInput),
        outputs_seen_(builder.outputs().size()),
        variables_seen_(builder.variables().size()) {
    made_[kInput] = {x, {}, true};
  }

  ValueId build(std::span<const LayerRef> layers, std::span<WantedLayer> wanted) {
    const size_t errors = diagnostics_.size();
    for (const LayerRef& ref : layers) {
      if (const auto& name = ref.as<Layer>().name) given_.insert(*name);
    }
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
    if (!is_path(name)) {
      return diagnostics_.error(ref.mark, fmt::format("'{}' is no name for a layer: between its "
                                                      "slashes must be something, but . or ..",
                                                      name));
    }
    const std::vector<ValueId> inputs = find_inputs(ref, layer);
    if (inputs.empty()) return;
    builder_.set_mark(ref.mark);
    try {
      made_[name] = {builder_.add(name, ref.type->name, layer, inputs), ref.mark, false};
    } catch (const Error& error) {
      return diagnostics_.error(ref.mark, ref.type->name + ": " + error.what());
    }
    take_parts(name, ref.mark);
    order_.push_back(name);
    previous_ = name;
  }

  // What the layer was built of must be told apart from the parts of the layers before.
  void take_parts(const std::string& layer, const Mark& mark) {
    const auto clash = [&](const std::string& part, const std::string& other) {
      diagnostics_.error(mark, fmt::format("the layers '{}' and '{}' both have a part '{}'; give "
                                           "one of them another name",
                                           other, layer, part));
    };
    const auto& outputs = builder_.outputs();
    for (; outputs_seen_ < outputs.size(); ++outputs_seen_) {
      const std::string& part = outputs[outputs_seen_].first;
      const auto [found, is_new] = parts_.emplace(part, layer);
      if (!is_new) return clash(part, found->second);
    }
    const auto& variables = builder_.variables();
    for (; variables_seen_ < variables.size(); ++variables_seen_) {
      const std::string& array = variables[variables_seen_].name;
      for (size_t end = array.find('/'); end != std::string::npos; end = array.find('/', end + 1)) {
        const auto found = arrays_.find(array.substr(0, end));
        if (found != arrays_.end()) return clash(found->first, found->second);
      }
      const auto inside = arrays_.lower_bound(array + "/");
      if (inside != arrays_.end() && inside->first.starts_with(array + "/")) {
        return clash(array, inside->second);
      }
      const auto [found, is_new] = arrays_.emplace(array, layer);
      if (!is_new) return clash(array, found->second);
    }
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
    std::string name;
    do {
      const int count = seen_[base]++;
      name = count == 0 ? base : base + "_" + std::to_string(count);
    } while (given_.contains(name));
    return name;
  }

  Builder& builder_;
  Diagnostics& diagnostics_;
  std::map<std::string, Made> made_;
  std::vector<std::string> order_;  ///< names of the layers
  std::string previous_;
  std::set<std::string> given_;                ///< names in the experiment file
  std::map<std::string, int> seen_;            ///< how many names of a type are used up
  std::map<std::string, std::string> parts_;   ///< full names with the layer they are of
  std::map<std::string, std::string> arrays_;  ///< the same of variables
  size_t outputs_seen_;
  size_t variables_seen_;
};

}  // namespace

ValueId build_model(Builder& builder, std::span<const LayerRef> layers, ValueId x,
                    std::span<WantedLayer> wanted, Diagnostics& diagnostics) {
  return ModelBuilder(builder, x, diagnostics).build(layers, wanted);
}

}  // namespace mlrun::nn
