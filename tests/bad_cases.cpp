#include "bad_cases.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace mlrun::test {
namespace {

namespace fs = std::filesystem;

void remove_all(std::string& text, const std::string& part) {
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at)) {
    text.erase(at, part.size());
  }
}

std::string error_of(const fs::path& path, const std::function<void(const fs::path&)>& attempt) {
  try {
    attempt(path);
  } catch (const InputError& error) {
    std::string text = error.what();
    remove_all(text, path.parent_path().string() + "/");
    return text + "\n";
  }
  return "no error\n";
}

}  // namespace

void check_bad_cases(const fs::path& folder, size_t least,
                     const std::function<void(const fs::path&)>& attempt) {
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  CHECK(cases.size() >= least);
  for (const fs::path& path : cases) {
    CAPTURE(path.filename().string());
    fs::path expected = path;
    CHECK(error_of(path, attempt) == read_file(expected.replace_extension(".expected")));
  }
}

}  // namespace mlrun::test
