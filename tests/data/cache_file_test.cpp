#include "data/cache_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/file.h"
#include "base/sha256.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

config::DatasetSpec data_csv(const std::string& target) {
  config::DatasetSpec spec;
  spec.source = "data.csv";
  spec.target = {target};
  return spec;
}

constexpr const char* kGappyTable = "a,c,g,y\n1,u,7,0\n,w,7,1\n3,u,8,0\n";

}  // namespace

TEST_CASE("cache: what is opened again is what was imported") {
  const DataFolder scratch;
  scratch.write("data.csv", kGappyTable);
  config::DatasetSpec spec = data_csv("y");
  spec.group = "g";
  const Dataset first = open_dataset(spec, scratch.options(true));
  const fs::path file = files_in(scratch.path() / "cache").at(0);
  const auto made = fs::last_write_time(file);
  const Dataset again = open_dataset(spec, scratch.options(true));
  CHECK(fs::last_write_time(file) == made);
  CHECK(again.rows == first.rows);
  CHECK(again.name == "data");
  CHECK(again.sha256 == sha256(kGappyTable));
  CHECK(again.columns[0].missing == 1);
  CHECK(again.columns[1].classes == std::vector<std::string>{"u", "w"});
  CHECK(again.class_names == first.class_names);
  CHECK(std::equal(first.groups, first.groups + 3, again.groups));
  CHECK(std::equal(first.classes, first.classes + 3, again.classes));
  CHECK(reinterpret_cast<uintptr_t>(again.features) % 4096 == 0);
}

TEST_CASE("cache: writers do not meet, and what killed ones have left is removed in time") {
  const DataFolder scratch;
  scratch.write("data.csv", kGappyTable);
  const config::DatasetSpec spec = data_csv("y");
  open_dataset(spec, scratch.options(true));
  const fs::path cache = files_in(scratch.path() / "cache").at(0);
  CHECK(temporary_name(cache) != temporary_name(cache));
  const fs::path left = temporary_name(cache);
  const fs::path written = temporary_name(cache);
  const fs::path recent = temporary_name(cache);
  for (const fs::path& file : {left, written, recent}) std::ofstream(file) << "rows";
  const auto old = fs::last_write_time(recent) - std::chrono::hours(2);
  fs::last_write_time(left, old);
  fs::last_write_time(written, old);
  const FileDescriptor writer(::open(written.c_str(), O_RDWR));
  REQUIRE(::flock(writer.get(), LOCK_EX | LOCK_NB) == 0);
  fs::remove(cache);
  open_dataset(spec, scratch.options(true));
  CHECK(fs::exists(cache));
  CHECK_FALSE(fs::exists(left));
  CHECK(fs::exists(written));
  CHECK(fs::exists(recent));
  CHECK(files_in(scratch.path() / "cache").size() == 3);
}

TEST_CASE("cache: other import settings or another file make another cache") {
  const DataFolder scratch;
  const fs::path source = scratch.write("data.csv", kGappyTable);
  open_dataset(data_csv("y"), scratch.options());
  open_dataset(data_csv("y"), scratch.options(true));
  config::DatasetSpec spec = data_csv("y");
  spec.standardize.all = true;  // fitted later: not part of the import
  open_dataset(spec, scratch.options());
  CHECK(files_in(scratch.path() / "cache").size() == 2);
  scratch.write("data.csv", std::string(kGappyTable) + "9,u,1,1\n");
  CHECK(open_dataset(data_csv("y"), scratch.options()).rows == 4);
  CHECK(files_in(scratch.path() / "cache").size() == 3);
}

TEST_CASE("cache: a file that is cut, foreign or of another version is made again") {
  const DataFolder scratch;
  scratch.write("data.csv", kGappyTable);
  open_dataset(data_csv("y"), scratch.options());
  const fs::path file = files_in(scratch.path() / "cache").at(0);
  const std::string whole = read_file(file);
  std::string other_version = whole;
  ++other_version[8];
  for (const std::string& damaged : {whole.substr(0, whole.size() - 1), whole.substr(0, 100),
                                     std::string(9000, 'x'), other_version, std::string()}) {
    std::ofstream(file, std::ios::binary) << damaged;
    CHECK(open_dataset(data_csv("y"), scratch.options()).rows == 3);
    CHECK(read_file(file) == whole);
  }
}

TEST_CASE("cache: of damaged bytes nothing is read") {
  const DataFolder scratch;
  scratch.write("data.csv", kGappyTable);
  open_dataset(data_csv("y"), scratch.options());
  const fs::path file = files_in(scratch.path() / "cache").at(0);
  const std::string whole = read_file(file);
  size_t read_on = 0;
  for (size_t i = 0; i < whole.size(); i += i < 104 ? 3 : 97) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    std::ofstream(file, std::ios::binary) << damaged;
    open_dataset(data_csv("y"), scratch.options());
    const bool is_between = i >= 104 && i < 4096;  // behind the header is nothing
    if (!is_between && read_file(file) != whole) ++read_on;
  }
  CHECK(read_on == 0);
}

TEST_CASE("cache: nothing is left of an import that fails") {
  const DataFolder scratch;
  scratch.write("data.csv", "a,y\n1,2\n3\n");
  CHECK_THROWS(open_dataset(data_csv("y"), scratch.options()));
  CHECK(files_in(scratch.path() / "cache").empty());
}

TEST_CASE("cache: processes may import the same source at the same time") {
  const DataFolder scratch;
  std::string text = "a,y\n";
  for (int i = 0; i < 50000; ++i) text += std::to_string(i) + ",1\n";
  scratch.write("data.csv", text);
  OpenOptions options = scratch.options();
  options.threads = 1;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const Dataset d = open_dataset(data_csv("y"), options);
      ::_exit(d.rows == 50000 && d.feature(49999, 0) == 49999 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(files_in(scratch.path() / "cache").size() == 1);
}

}  // namespace mlrun::data
