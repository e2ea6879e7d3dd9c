#include "store/results.h"

#include <algorithm>

#include "base/error.h"

namespace mlrun::store {
namespace {

void write_column(Group& group, const Column& column) {
  const Extent shape = {column.rows()};
  std::visit(
      [&]<class T>(const std::vector<T>& values) {
        if constexpr (std::is_same_v<T, std::string>) {
          group.write_strings(column.name, shape, values);
        } else {
          group.write<T>(column.name, shape, values);
        }
      },
      column.values);
}

void write_section(File& file, const Section& section) {
  try {
    if (!section.ragged) section.table.check_lengths();
  } catch (const Error& error) {
    throw Error(section.path + ": " + error.what());
  }
  Group group = file.make_group(section.path);
  for (const auto& [name, value] : section.attributes) group.set_attribute(name, value);
  for (const Column& column : section.table.columns) write_column(group, column);
}

Column::Values read_values(const Array& array) {
  const ArrayInfo& info = array.info();
  if (info.kind == ElementKind::kText) return array.read_strings();
  if (info.kind == ElementKind::kFloat) {
    if (info.element_bytes > 4) return array.read<double>();
    return array.read<float>();
  }
  if (info.element_bytes == 4) return array.read<int32_t>();
  return array.read<int64_t>();
}

// Walks the groups, collecting what it meets.
class Collector {
 public:
  explicit Collector(ResultsFile& results) : results_(results) {}

  void visit(const Group& group, const std::string& path) {
    Section section{path, {}, group.attributes(), false};
    const std::vector<Group::Member> members = group.members();
    for (const Group::Member& member : members) {
      if (!member.is_group) add_array(group.array(member.name), member.name, section);
    }
    const bool leaf = members.empty();
    if (path.empty()) {
      results_.attributes = std::move(section.attributes);
    } else if (leaf || !section.table.columns.empty() || !section.attributes.empty()) {
      results_.sections.push_back(std::move(section));
    }
    for (const Group::Member& member : members) {
      if (member.is_group) visit(group.group(member.name), path + "/" + member.name);
    }
  }

 private:
  void add_array(const Array& array, const std::string& name, Section& section) {
    const ArrayInfo& info = array.info();
    if (info.shape.size() == 1 && info.kind != ElementKind::kOther) {
      section.table.columns.push_back({name, read_values(array)});
    } else if (info.shape.empty() && info.kind == ElementKind::kText) {
      results_.texts.emplace_back(section.path + "/" + name, array.read_strings().front());
    }
  }

  ResultsFile& results_;
};

}  // namespace

const Section* ResultsFile::find(std::string_view path) const {
  const auto found =
      std::ranges::find_if(sections, [&](const Section& section) { return section.path == path; });
  return found == sections.end() ? nullptr : &*found;
}

void write_results(const std::filesystem::path& path, const ResultsFile& results) {
  File::write_atomically(path, [&](File& file) {
    for (const auto& [name, value] : results.attributes) file.set_attribute(name, value);
    for (const auto& [name, text] : results.texts) file.write_strings(name, {}, {&text, 1});
    for (const Section& section : results.sections) write_section(file, section);
  });
}

ResultsFile read_results(const std::filesystem::path& path) {
  ResultsFile results;
  Collector(results).visit(File::open(path), "");
  return results;
}

}  // namespace mlrun::store
