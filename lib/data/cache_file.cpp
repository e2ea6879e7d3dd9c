#include "data/cache_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "data/cache_folder.h"
#include "data/text_pack.h"

namespace mlrun::data {
namespace {

constexpr uint64_t kPage = 4096;
constexpr std::array<char, 8> kMagic = {'m', 'l', 'r', 'u', 'n', 'D', 'A', 'T'};
constexpr uint32_t kVersion = 4;  // of the layout and of what the importers make of a source

struct Header {
  std::array<char, 8> magic = kMagic;
  uint32_t version = kVersion;
  Storage storage = Storage::kFloat32;
  int64_t rows = 0;
  int64_t width = 0;
  int64_t target_width = 0;
  int64_t test_begin = -1;
  uint64_t targets = 0;  // offsets in the file; 0: there is no such array
  uint64_t groups = 0;
  uint64_t texts = 0;
  uint64_t file_size = 0;
  uint32_t classes = 0;  // the targets are classes
  uint32_t reserved = 0;
  uint64_t sum_of_rest = 0;    // of all behind the header's page
  uint64_t sum_of_header = 0;  // of all before it
};
static_assert(sizeof(Header) <= kPage && std::is_trivially_copyable_v<Header>);

constexpr uint64_t kMostSummed = uint64_t{4} << 30;

uint64_t sum_of_header(const Header& header) {
  return checksum({reinterpret_cast<const char*>(&header), offsetof(Header, sum_of_header)});
}

// Of a mapped file.
uint64_t sum_of_rest(const char* file, uint64_t size) {
  return size <= kMostSummed ? checksum({file + kPage, size - kPage}) : 0;
}

uint64_t page_up(uint64_t offset) { return (offset + kPage - 1) / kPage * kPage; }

size_t element_size(Storage storage) { return storage == Storage::kUint8 ? 1 : sizeof(float); }

// A whole file in memory, unmapped with the last Dataset that uses it.
std::shared_ptr<const char> map_file(const std::filesystem::path& path, uint64_t& size) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) return nullptr;
  size = static_cast<uint64_t>(info.st_size);
  if (size < kPage) return nullptr;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) throw_errno(fmt::format("map '{}'", path.string()));
  return {static_cast<const char*>(address),
          [size](const char* at) { ::munmap(const_cast<char*>(at), size); }};
}

std::string pack_texts(const Dataset& dataset, const std::string& key) {
  TextPacker texts;
  texts.add(key);
  texts.add(dataset.name);
  texts.add(dataset.sha256);
  texts.add(dataset.shape);
  texts.add(dataset.target_names);
  texts.add(dataset.class_names);
  for (const Column& column : dataset.columns) {
    texts.add(column.name);
    texts.add(column.missing);
    texts.add(std::bit_cast<int64_t>(column.origin));
    texts.add(column.classes);
  }
  return texts.take();
}

// False if the file was made for another key.
bool unpack_texts(std::string_view packed, const std::string& key, int64_t width, Dataset& out) {
  TextUnpacker texts(packed);
  if (texts.text() != key) return false;
  out.name = texts.text();
  out.sha256 = texts.text();
  out.shape = texts.numbers();
  out.target_names = texts.texts();
  out.class_names = texts.texts();
  out.columns.resize(static_cast<size_t>(width));
  for (Column& column : out.columns) {
    column.name = texts.text();
    column.missing = texts.number();
    column.origin = std::bit_cast<double>(texts.number());
    column.classes = texts.texts();
  }
  return true;
}

}  // namespace

CacheWriter::CacheWriter(const std::filesystem::path& path)
    : path_(path), temporary_(temporary_name(path)), pending_(temporary_) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) fail(error.value());
  file_ = FileDescriptor(::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file_) fail(errno);
  ::flock(file_.get(), LOCK_EX | LOCK_NB);  // where there are no locks, only the time tells
  remove_abandoned(path_, temporary_);
}

void CacheWriter::fail(int cause) const {
  throw Error(fmt::format(
      "cannot write the data cache in '{}': {}; MLRUN_CACHE names another folder for it",
      path_.parent_path().string(), std::generic_category().message(cause)));
}

void CacheWriter::write_at(uint64_t offset, const void* bytes, size_t size) const {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t put = ::pwrite(file_.get(), at, size, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail(errno);
    at += put;
    offset += static_cast<uint64_t>(put);
    size -= static_cast<size_t>(put);
  }
}

CacheWriter::~CacheWriter() {
  if (file_) ::unlink(temporary_.c_str());
}

void CacheWriter::write_features(int64_t offset, const void* bytes, size_t size) {
  write_at(kPage + static_cast<uint64_t>(offset), bytes, size);
}

void CacheWriter::recode(int64_t rows, int64_t width, int64_t column,
                         const std::vector<int32_t>& code) {
  const size_t size = kPage + static_cast<size_t>(rows * width) * sizeof(float);
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (address == MAP_FAILED) throw_errno(fmt::format("map '{}'", temporary_.string()));
  float* features = reinterpret_cast<float*>(static_cast<char*>(address) + kPage);
  for (int64_t row = 0; row < rows; ++row) {
    float& value = features[row * width + column];
    if (!std::isnan(value)) value = static_cast<float>(code[static_cast<size_t>(value)]);
  }
  ::munmap(address, size);
}

uint64_t CacheWriter::sum_of_written(uint64_t size) const {
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file_.get(), 0);
  if (address == MAP_FAILED) throw_errno(fmt::format("map '{}'", temporary_.string()));
  const uint64_t sum = sum_of_rest(static_cast<const char*>(address), size);
  ::munmap(address, size);
  return sum;
}

void CacheWriter::finish(const Dataset& dataset, const std::string& key) {
  Header header;
  header.storage = dataset.storage;
  header.rows = dataset.rows;
  header.width = dataset.width();
  header.target_width = dataset.target_width();
  header.test_begin = dataset.test_begin;
  header.classes = dataset.is_classification() ? 1 : 0;
  const auto rows = static_cast<size_t>(dataset.rows);
  uint64_t end = kPage + rows * static_cast<size_t>(header.width) * element_size(header.storage);
  const auto append = [&](const void* bytes, size_t size) {
    const uint64_t offset = page_up(end);
    write_at(offset, bytes, size);
    end = offset + size;
    return offset;
  };
  if (dataset.classes) header.targets = append(dataset.classes, rows * sizeof(int32_t));
  if (dataset.values) {
    header.targets =
        append(dataset.values, rows * static_cast<size_t>(header.target_width) * sizeof(float));
  }
  if (dataset.groups) header.groups = append(dataset.groups, rows * sizeof(int32_t));
  const std::string texts = pack_texts(dataset, key);
  header.texts = append(texts.data(), texts.size());
  header.file_size = end;
  header.sum_of_rest = sum_of_written(end);
  header.sum_of_header = sum_of_header(header);
  write_at(0, &header, sizeof(header));
  publish_file(temporary_, path_);
  file_.reset();
}

std::optional<Dataset> open_cache(const std::filesystem::path& path, const std::string& key) {
  uint64_t size = 0;
  const std::shared_ptr<const char> file = map_file(path, size);
  if (!file) return std::nullopt;
  Header header;
  std::memcpy(&header, file.get(), sizeof(header));
  if (header.magic != kMagic || header.version != kVersion || header.file_size != size ||
      header.sum_of_header != sum_of_header(header) ||
      header.sum_of_rest != sum_of_rest(file.get(), size)) {
    return std::nullopt;
  }
  Dataset dataset;
  const std::string_view texts(file.get() + header.texts, size - header.texts);
  if (!unpack_texts(texts, key, header.width, dataset)) return std::nullopt;
  dataset.rows = header.rows;
  dataset.storage = header.storage;
  dataset.test_begin = header.test_begin;
  dataset.features = file.get() + kPage;
  if (header.targets != 0) {
    const char* targets = file.get() + header.targets;
    if (header.classes != 0) {
      dataset.classes = reinterpret_cast<const int32_t*>(targets);
    } else {
      dataset.values = reinterpret_cast<const float*>(targets);
    }
  }
  if (header.groups != 0) {
    dataset.groups = reinterpret_cast<const int32_t*>(file.get() + header.groups);
  }
  dataset.owner = file;
  mark_as_used(path);
  return dataset;
}

}  // namespace mlrun::data
