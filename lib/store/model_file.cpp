#include "store/model_file.h"

#include <fmt/format.h>

#include <mutex>
#include <string_view>

#include "base/checksum.h"
#include "base/error.h"
#include "store/hdf5.h"

namespace mlrun::store {
namespace {

// One thread at a time may use HDF5 (hdf5.h), but trainings side by side in a process each write
// their checkpoints.
std::mutex one_at_a_time;

void write_arrays(Group group, const std::vector<NamedArray>& arrays) {
  for (const NamedArray& array : arrays) {
    group.write<float>(array.name, array.shape, array.values, Packing::kPlain);
  }
}

void read_arrays(const Group& group, const std::string& prefix, std::vector<NamedArray>& out) {
  for (const Group::Member& member : group.members()) {
    const std::string name = prefix + member.name;
    if (member.is_group) {
      read_arrays(group.group(member.name), name + "/", out);
    } else {
      const Array array = group.array(member.name);
      out.push_back({name, array.info().shape, array.read<float>()});
    }
  }
}

template <class Value>
void write_attributes(Group group, const std::map<std::string, Value>& values) {
  for (const auto& [name, value] : values) group.set_attribute(name, value);
}

template <class Value>
std::map<std::string, Value> read_attributes(const Group& group) {
  std::map<std::string, Value> values;
  for (auto& [name, value] : group.attributes()) {
    if (const Value* held = std::get_if<Value>(&value)) values.emplace(name, *held);
  }
  return values;
}

void read_names(const Group& group, const std::string& prefix,
                std::map<std::string, std::vector<std::string>>& out) {
  for (const Group::Member& member : group.members()) {
    const std::string name = prefix + member.name;
    if (member.is_group) {
      read_names(group.group(member.name), name + "/", out);
    } else {
      out[name] = group.array(member.name).read_strings();
    }
  }
}

void write_names(Group& group, const std::string& path, const std::vector<std::string>& names) {
  if (names.empty()) return;
  group.write_strings(path, {static_cast<int64_t>(names.size())}, names);
}

constexpr const char* kChecksum = "checksum";

// Of all that read_model() reads, in whatever order it comes.
class ModelSum {
 public:
  explicit ModelSum(const ModelFile& model) {
    add("config", model.config);
    add_arrays("weights/", model.weights);
    add_arrays("state/", model.state);
    add_arrays("preprocessing/", model.preprocessing);
    for (const auto& [name, list] : model.names) add_list("names/" + name, list);
    add_list("vocabulary", model.vocabulary);
    add_list("target_vocabulary", model.target_vocabulary);
    for (const auto& [name, value] : model.scalars) add("scalars/" + name, bytes_of(value));
    for (const auto& [name, text] : model.texts) add("texts/" + name, text);
  }

  std::string text() const { return fmt::format("{:016x}", sum_); }

 private:
  template <class T>
  static std::string_view bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }
  template <class T>
  static std::string_view bytes_of(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
  }

  void add(const std::string& name, std::string_view content) {
    const uint64_t both[] = {checksum(name), checksum(content)};
    sum_ += checksum(bytes_of(both));
  }

  void add_arrays(const std::string& prefix, const std::vector<NamedArray>& arrays) {
    for (const NamedArray& array : arrays) {
      add(prefix + array.name, bytes_of(array.values));
      add(prefix + array.name + "/shape", bytes_of(array.shape));
    }
  }

  void add_list(const std::string& name, const std::vector<std::string>& list) {
    for (size_t i = 0; i < list.size(); ++i) add(fmt::format("{}/{}", name, i), list[i]);
  }

  uint64_t sum_ = 0;
};

// Files that were written by an earlier version have no sum.
void check_sum(const File& file, const std::filesystem::path& path, const ModelFile& model) {
  for (const auto& [name, value] : file.attributes()) {
    if (name != kChecksum || value == Attribute(ModelSum(model).text())) continue;
    throw Error(
        fmt::format("'{}' does not hold what was written: it is damaged, or was changed by another "
                    "program, which has to remove its attribute '{}'",
                    path.string(), kChecksum));
  }
}

}  // namespace

void write_model(const std::filesystem::path& path, const ModelFile& model) {
  const std::lock_guard lock(one_at_a_time);
  File::write_atomically(path, [&](File& file) {
    file.write_strings("config", {}, {&model.config, 1});
    write_arrays(file.make_group("weights"), model.weights);
    write_arrays(file.make_group("state"), model.state);
    write_arrays(file.make_group("preprocessing"), model.preprocessing);
    Group names = file.make_group("names");
    for (const auto& [name, list] : model.names) write_names(names, name, list);
    write_names(file, "vocabulary", model.vocabulary);
    write_names(file, "target_vocabulary", model.target_vocabulary);
    write_attributes(file.make_group("scalars"), model.scalars);
    write_attributes(file.make_group("texts"), model.texts);
    file.set_attribute(kChecksum, ModelSum(model).text());
  });
}

ModelFile read_model(const std::filesystem::path& path) {
  const std::lock_guard lock(one_at_a_time);
  const File file = File::open(path);
  ModelFile model;
  model.config = file.array("config").read_strings().at(0);
  read_arrays(file.group("weights"), "", model.weights);
  read_arrays(file.group("state"), "", model.state);
  if (file.contains("preprocessing")) {
    read_arrays(file.group("preprocessing"), "", model.preprocessing);
  }
  if (file.contains("names")) read_names(file.group("names"), "", model.names);
  if (file.contains("vocabulary")) model.vocabulary = file.array("vocabulary").read_strings();
  if (file.contains("target_vocabulary")) {
    model.target_vocabulary = file.array("target_vocabulary").read_strings();
  }
  model.scalars = read_attributes<double>(file.group("scalars"));
  model.texts = read_attributes<std::string>(file.group("texts"));
  check_sum(file, path, model);
  return model;
}

}  // namespace mlrun::store
