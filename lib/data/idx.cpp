#include "data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "data/byte_source.h"
#include "data/provenance.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;
constexpr int64_t kChunk = int64_t{1} << 20;

class IdxFile {
 public:
  explicit IdxFile(const SourceFile& file) : file_(file), bytes_(open_bytes(file.path)) {
    std::array<char, 4> magic{};
    if (bytes_->read(magic.data(), 4) != 4 || magic[0] != 0 || magic[1] != 0 || magic[3] < 1) {
      fail("this is not an IDX file: it does not start with its magic number");
    }
    const auto type = static_cast<uint8_t>(magic[2]);
    if (type != kUnsignedByte) {
      fail(fmt::format("the elements have type 0x{:02x}; only unsigned bytes (0x08) are read",
                       type));
    }
    for (int d = 0; d < magic[3]; ++d) shape_.push_back(size());
  }

  const std::vector<int64_t>& shape() const { return shape_; }

  void read(char* out, int64_t count) {
    if (bytes_->read(out, static_cast<size_t>(count)) != static_cast<size_t>(count)) {
      fail("the file ends too early");
    }
  }

  // After `rows` of its elements were read.
  std::string finish(int64_t rows) {
    char extra = 0;
    if (rows == shape_[0] && bytes_->read(&extra, 1) != 0) {
      fail("the file goes on after its last element");
    }
    return bytes_->sha256();
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw file_error(file_.path, message);
  }

  const SourceFile& file() const { return file_; }

 private:
  int64_t size() {
    std::array<char, 4> bytes{};
    read(bytes.data(), 4);
    int64_t value = 0;
    for (const char byte : bytes) value = value * 256 + static_cast<uint8_t>(byte);
    return value;
  }

  const SourceFile& file_;
  std::unique_ptr<ByteSource> bytes_;
  std::vector<int64_t> shape_;
};

class IdxImport {
 public:
  IdxImport(const Source& source, CacheWriter& cache) : source_(source), cache_(cache) {}

  void add(const std::vector<SourceFile>& files) {
    if (files.size() != 2) {
      throw file_error(files.front().path, "an IDX data set needs two files: images and labels");
    }
    IdxFile images(files[0]);
    IdxFile labels(files[1]);
    check(images, labels);
    const int64_t rows =
        source_.spec.limit ? std::min(*source_.spec.limit, labels.shape()[0]) : labels.shape()[0];
    copy_images(images, rows);
    copy_labels(labels, rows);
    provenance_.add(images.file(), images.finish(rows));
    provenance_.add(labels.file(), labels.finish(rows));
  }

  void publish(int64_t test_begin, const std::string& key) {
    const int classes = 1 + *std::max_element(labels_.begin(), labels_.end());
    Dataset dataset;
    dataset.name = source_.name;
    dataset.sha256 = provenance_.sha256();
    dataset.rows = static_cast<int64_t>(labels_.size());
    dataset.storage = Storage::kUint8;
    dataset.shape = shape_;
    dataset.test_begin = test_begin;
    dataset.target_names = {"label"};
    for (int64_t c = 0; c < width_; ++c) dataset.columns.push_back({std::to_string(c), {}, 0});
    const std::vector<float> values(labels_.begin(), labels_.end());
    if (source_.classify) {
      for (int c = 0; c < classes; ++c) dataset.class_names.push_back(std::to_string(c));
      dataset.classes = labels_.data();
    } else {
      dataset.values = values.data();
    }
    cache_.finish(dataset, key);
  }

  int64_t rows() const { return static_cast<int64_t>(labels_.size()); }

 private:
  void check(const IdxFile& images, const IdxFile& labels) {
    const std::vector<int64_t> shape(images.shape().begin() + 1, images.shape().end());
    if (labels.shape().size() != 1) labels.fail("labels must have one dimension");
    if (images.shape()[0] != labels.shape()[0]) {
      labels.fail(
          fmt::format("there are {} labels for {} images", labels.shape()[0], images.shape()[0]));
    }
    if (images.shape()[0] == 0) images.fail("the file holds no images");
    if (!shape_.empty() && shape != shape_) {
      images.fail("the images are not as large as those of the training part");
    }
    shape_ = shape;
    width_ = 1;
    for (const int64_t size : shape_) width_ *= size;
  }

  void copy_images(IdxFile& images, int64_t count) {
    std::vector<char> chunk(static_cast<size_t>(kChunk));
    int64_t at = rows() * width_;
    for (int64_t left = count * width_; left > 0;) {
      const int64_t size = std::min(left, kChunk);
      images.read(chunk.data(), size);
      cache_.write_features(at, chunk.data(), static_cast<size_t>(size));
      at += size;
      left -= size;
    }
  }

  void copy_labels(IdxFile& labels, int64_t count) {
    std::vector<char> bytes(static_cast<size_t>(count));
    labels.read(bytes.data(), count);
    for (const char byte : bytes) labels_.push_back(static_cast<uint8_t>(byte));
  }

  const Source& source_;
  CacheWriter& cache_;
  Provenance provenance_;
  std::vector<int64_t> shape_;
  int64_t width_ = 0;
  std::vector<int32_t> labels_;
};

}  // namespace

void import_idx(const Source& source, const std::string& key, CacheWriter& cache) {
  IdxImport import(source, cache);
  import.add(source.train);
  const int64_t train_rows = import.rows();
  if (!source.test.empty()) import.add(source.test);
  import.publish(source.test.empty() ? -1 : train_rows, key);
}

}  // namespace mlrun::data
