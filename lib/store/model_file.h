// Models and checkpoints as HDF5 (model.h5).
//
//   /config                    the resolved experiment, YAML
//   /weights/<layer>/<name>    float32 arrays; h5py: f["weights/dense_0/kernel"][:]
//   /state/<...>               the same for what training needs to go on (optimiser slots)
//   /preprocessing/<...>       float32 arrays that turn the columns of the data into features
//   /names/<...>               lists of names: the classes of the target, the columns
//   /vocabulary                names of the tokens, of a model that reads tokens
//   /target_vocabulary         those of the translation
//   /scalars, /texts           attributes: epoch, best loss, class names as the caller likes
// The attribute "checksum" of / is of all of it. Who changes a file removes the attribute.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mlrun::store {

struct NamedArray {
  std::string name;            ///< may be nested: "dense_0/kernel"
  std::vector<int64_t> shape;  ///< its product is values.size(); {} is a single value
  std::vector<float> values;   ///< row-major

  bool operator==(const NamedArray&) const = default;
};

struct ModelFile {
  std::string config;
  std::vector<NamedArray> weights;
  std::vector<NamedArray> state;
  std::vector<NamedArray> preprocessing;
  std::map<std::string, std::vector<std::string>>
      names;  ///< keys may be nested, as those of arrays
  std::vector<std::string> vocabulary;
  std::vector<std::string> target_vocabulary;
  std::map<std::string, double> scalars;
  std::map<std::string, std::string> texts;

  bool operator==(const ModelFile&) const = default;
};

/// Replaces the file at `path` as a whole. Every bit of every float is kept.
void write_model(const std::filesystem::path& path, const ModelFile& model);

/// What write_model wrote. Arrays come layer by layer in the order in which each layer first
/// appeared. Throws Error on a file that is no model, or whose content is not as its checksum says.
ModelFile read_model(const std::filesystem::path& path);

}  // namespace mlrun::store
