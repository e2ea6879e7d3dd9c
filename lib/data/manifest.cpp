#include "data/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "config/node.h"

namespace mlrun::data {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> folders_of(const char* variable) {
  std::vector<fs::path> folders;
  const char* value = std::getenv(variable);
  std::string_view rest = value ? value : "";
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    if (colon != 0) folders.emplace_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  return folders;
}

// <prefix>/share/mlrun/datasets, where the program is <prefix>/bin/mlrun.
fs::path installed_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share/mlrun/datasets";
}

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

const config::FieldList& ManifestFile::fields() {
  static const config::FieldList list =
      config::FieldListOf<ManifestFile>("file", "A data file.")
          .field("path", &ManifestFile::path, "where it lies", config::required)
          .field("sha256", &ManifestFile::sha256, "its checksum");
  return list;
}

const config::FieldList& Manifest::fields() {
  static const config::FieldList list =
      config::FieldListOf<Manifest>("manifest", "A published data set.")
          .field("name", &Manifest::name, "what `source` calls it", config::required)
          .field("description", &Manifest::description, "one line")
          .field("homepage", &Manifest::homepage, "where it is described")
          .field("licence", &Manifest::licence, "terms of use")
          .field("package", &Manifest::package, "Debian package that installs the files")
          .field("address", &Manifest::address, "where to download the files")
          .field("note", &Manifest::note, "what else to know")
          .field("format", &Manifest::format, "file format; auto goes by the name")
          .field("train", &Manifest::train, "files; of idx: images, labels", config::required)
          .field("test", &Manifest::test, "files of the predefined test part")
          .field("test_rows", &Manifest::test_rows, "or: rows at the end that are the test part",
                 config::at_least(0))
          .field("columns", &Manifest::columns, "names, if the files have no header")
          .field("header", &Manifest::header, "whether a CSV starts with names")
          .field("target", &Manifest::target, "target column(s)")
          .field("classes", &Manifest::classes, "the target is one of classes")
          .field("shape", &Manifest::shape, "shape of one sample", config::at_least(1));
  return list;
}

std::vector<fs::path> manifest_folders(const fs::path& base) {
  std::vector<fs::path> folders = folders_of("MLRUN_DATASETS");
  fs::path above = fs::absolute(base.empty() ? "." : base).lexically_normal();
  if (!above.has_filename()) above = above.parent_path();  // "a/" is "a"
  for (;; above = above.parent_path()) {
    folders.push_back(above / "datasets");
    if (above == above.parent_path()) break;
  }
  folders.emplace_back(MLRUN_DATASETS_DIR);
  folders.push_back(installed_folder());
  std::error_code error;
  std::erase_if(folders, [&](const fs::path& folder) { return !fs::is_directory(folder, error); });
  return folders;
}

Manifest read_manifest(const fs::path& path) {
  const auto text = std::make_shared<SourceText>(SourceText{path.string(), read_file(path)});
  Diagnostics diagnostics;
  const config::Catalogs no_catalogs;
  config::Reader reader{diagnostics, no_catalogs};
  const config::Node node = config::parse_yaml(text, diagnostics);
  diagnostics.throw_if_any();
  Manifest manifest;
  Manifest::fields().read(&manifest, node, reader);
  diagnostics.throw_if_any();
  manifest.path = path;
  return manifest;
}

Manifests all_manifests(const fs::path& base) {
  Manifests all;
  std::map<std::string, Manifest> by_name;
  for (const fs::path& folder : manifest_folders(base)) {
    std::error_code unreadable;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, unreadable)) {
      if (entry.path().extension() != ".yaml") continue;
      try {
        Manifest manifest = read_manifest(entry.path());
        by_name.emplace(manifest.name, std::move(manifest));
      } catch (const std::exception& error) {
        all.others.push_back({entry.path(), error.what()});
      }
    }
  }
  for (auto& [name, manifest] : by_name) all.known.push_back(std::move(manifest));
  return all;
}

std::string expand_variables(const std::string& text, const Mark& mark) {
  std::string expanded;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      expanded += text[i++];
      continue;
    }
    const bool braces = i + 1 < text.size() && text[i + 1] == '{';
    const size_t begin = i + (braces ? 2 : 1);
    size_t end = begin;
    while (end < text.size() && is_name_char(text[end])) ++end;
    const std::string name = text.substr(begin, end - begin);
    if (name.empty() || (braces && (end == text.size() || text[end] != '}'))) {
      throw InputError(render_error(
          mark, fmt::format("'{}' is not a variable in '{}'", text.substr(i, end - i), text)));
    }
    const char* value = std::getenv(name.c_str());
    if (!value) {
      throw InputError(render_error(
          mark, fmt::format("the environment variable {} of '{}' is not set", name, text)));
    }
    expanded += value;
    i = end + (braces ? 1 : 0);
  }
  return expanded;
}

std::optional<fs::path> find_data_file(const Manifest& manifest, const ManifestFile& file,
                                       const fs::path& base, std::vector<std::string>& tried) {
  const fs::path path = expand_variables(file.path, {});
  std::vector<fs::path> folders;
  if (!path.is_absolute()) {
    folders = folders_of("MLRUN_DATA");
    folders.push_back(base);
    folders.push_back(manifest.path.parent_path());
  } else {
    folders.emplace_back();
  }
  for (const fs::path& folder : folders) {
    const fs::path candidate = (folder / path).lexically_normal();
    if (fs::exists(candidate)) return candidate;
    tried.push_back(candidate.string());
  }
  return std::nullopt;
}

}  // namespace mlrun::data
