#include "data/cifar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <sstream>

#include "base/file.h"
#include "data/byte_source.h"
#include "data/provenance.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

constexpr int64_t kSide = 32;
constexpr int64_t kPixels = kSide * kSide;
constexpr int64_t kColours = 3;
constexpr size_t kRecord = 1 + kPixels * kColours;

std::vector<std::string> names_beside(const std::filesystem::path& file) {
  const std::filesystem::path path = file.parent_path() / "batches.meta.txt";
  std::vector<std::string> names;
  if (!std::filesystem::exists(path)) return names;
  std::istringstream text(read_file(path));
  for (std::string name; text >> name;) names.push_back(name);
  return names;
}

class CifarImport {
 public:
  CifarImport(const Source& source, CacheWriter& cache)
      : source_(source), cache_(cache), names_(names_beside(source.train.front().path)) {}

  /// The records of all files, up to the limit.
  void add(const std::vector<SourceFile>& files) {
    const int64_t limit = source_.spec.limit.value_or(std::numeric_limits<int64_t>::max());
    const int64_t begin = rows();
    for (const SourceFile& file : files) {
      const std::unique_ptr<ByteSource> bytes = open_bytes(file.path);
      int64_t index = 0;
      while (rows() - begin < limit && next(file, *bytes, index)) add_record(file, index++);
      if (index == 0 && rows() == begin) throw file_error(file.path, "the file holds no images");
      provenance_.add(file, bytes->sha256());
    }
  }

  void publish(int64_t test_begin, const std::string& key) {
    Dataset dataset;
    dataset.name = source_.name;
    dataset.sha256 = provenance_.sha256();
    dataset.rows = rows();
    dataset.storage = Storage::kUint8;
    dataset.shape = {kSide, kSide, kColours};
    dataset.test_begin = test_begin;
    dataset.target_names = {"label"};
    for (int64_t c = 0; c < kPixels * kColours; ++c) {
      dataset.columns.push_back({std::to_string(c), {}, 0});
    }
    const std::vector<float> values(labels_.begin(), labels_.end());
    if (source_.classify) {
      dataset.class_names = class_names();
      dataset.classes = labels_.data();
    } else {
      dataset.values = values.data();
    }
    cache_.finish(dataset, key);
  }

  int64_t rows() const { return static_cast<int64_t>(labels_.size()); }

 private:
  bool next(const SourceFile& file, ByteSource& bytes, int64_t index) {
    const size_t got = bytes.read(record_.data(), kRecord);
    if (got == 0 || got == kRecord) return got != 0;
    throw file_error(file.path,
                     fmt::format("after {} images of {} bytes (a label and 32 x 32 x 3 pixels) "
                                 "there are {} bytes left",
                                 index, kRecord, got));
  }

  void add_record(const SourceFile& file, int64_t index) {
    const int label = static_cast<uint8_t>(record_[0]);
    if (!names_.empty() && static_cast<size_t>(label) >= names_.size()) {
      throw file_error(file.path, fmt::format("image {} has the label {}; batches.meta.txt names "
                                              "the classes 0 to {}",
                                              index, label, names_.size() - 1));
    }
    std::array<char, kPixels * kColours> image;
    for (int64_t i = 0; i < kPixels * kColours; ++i) {
      image[static_cast<size_t>(i)] =
          record_[static_cast<size_t>(1 + i % kColours * kPixels + i / kColours)];
    }
    cache_.write_features(rows() * kPixels * kColours, image.data(), image.size());
    labels_.push_back(label);
  }

  std::vector<std::string> class_names() const {
    if (!names_.empty()) return names_;
    std::vector<std::string> numbers;
    const int most = *std::max_element(labels_.begin(), labels_.end());
    for (int c = 0; c <= most; ++c) numbers.push_back(std::to_string(c));
    return numbers;
  }

  const Source& source_;
  CacheWriter& cache_;
  std::vector<std::string> names_;
  Provenance provenance_;
  std::array<char, kRecord> record_{};
  std::vector<int32_t> labels_;
};

}  // namespace

void import_cifar(const Source& source, const std::string& key, CacheWriter& cache) {
  CifarImport import(source, cache);
  import.add(source.train);
  const int64_t train_rows = import.rows();
  if (!source.test.empty()) import.add(source.test);
  import.publish(source.test.empty() ? -1 : train_rows, key);
}

}  // namespace mlrun::data
