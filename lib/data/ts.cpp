#include "data/ts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <memory>
#include <sstream>

#include "base/utf8.h"
#include "config/scalar.h"
#include "data/byte_source.h"
#include "data/provenance.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return text.substr(text.size());
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string_view> split(std::string_view text, char delimiter) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(delimiter, begin);
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string read_all(ByteSource& bytes) {
  std::string text;
  std::vector<char> chunk(size_t{1} << 20);
  for (size_t got = 0; (got = bytes.read(chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), got);
  }
  return text;
}

// What all files of a data set share, and the samples so far.
struct Series {
  std::vector<std::string> classes;  // as the first file announces them
  int64_t steps = 0, channels = 0;   // 0: not seen yet
  std::vector<float> features;
  std::vector<int32_t> labels;
  std::vector<float> targets;

  int64_t rows() const { return static_cast<int64_t>(std::max(labels.size(), targets.size())); }
};

class TsFile {
 public:
  TsFile(const SourceFile& file, const Source& source, Series& series)
      : file_(file), source_(source), series_(series), bytes_(open_bytes(file.path)) {}

  /// Adds up to the limit of its series. Returns the checksum.
  std::string read() {
    const std::string text = read_all(*bytes_);
    const int64_t limit = source_.spec.limit.value_or(std::numeric_limits<int64_t>::max());
    const int64_t begin = series_.rows();
    for (std::string_view rest = text; !rest.empty() && series_.rows() - begin < limit;) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      line_ = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      ++number_;
      const std::string_view content = trimmed(line_);
      if (content.empty() || content[0] == '#') continue;
      if (in_data_) {
        add_series(content);
      } else {
        read_setting(content);
      }
    }
    if (!in_data_) throw file_error(file_.path, "there is no line '@data'");
    if (series_.rows() == begin) throw file_error(file_.path, "the file holds no series");
    return bytes_->sha256();
  }

 private:
  [[noreturn]] void fail(std::string_view at, const std::string& message) const {
    const auto column = static_cast<int>(at.data() - line_.data()) + 1;
    throw text_error(file_.path, {number_, column, line_}, message);
  }

  void read_setting(std::string_view line) {
    if (line[0] != '@') fail(line, "before '@data' only lines with '@' or '#' are known");
    std::istringstream words{std::string(line)};
    std::string name, value;
    words >> name >> value;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name == "@data") in_data_ = true;
    if (name == "@timestamps" && value == "true") fail(line, "time stamps are not read");
    if (name == "@classlabel" && value == "true") read_classes(line, words);
    if (name == "@classlabel" && value == "false") fail(line, "the series have no classes");
  }

  void read_classes(std::string_view line, std::istringstream& words) {
    std::vector<std::string> classes;
    for (std::string name; words >> name;) classes.push_back(name);
    if (series_.classes.empty()) series_.classes = classes;
    if (classes != series_.classes) {
      fail(line, "the classes are not those of the training part");
    }
  }

  void add_series(std::string_view line) {
    std::vector<std::string_view> parts = split(line, ':');
    const std::string_view label = parts.back();
    parts.pop_back();
    if (parts.empty()) fail(line, "a series and its label are separated by ':'");
    const auto channels = static_cast<int64_t>(parts.size());
    if (series_.channels == 0) series_.channels = channels;
    if (channels != series_.channels) {
      fail(line,
           fmt::format("{} channels, but the first series has {}", channels, series_.channels));
    }
    for (int64_t c = 0; c < channels; ++c) add_channel(parts[static_cast<size_t>(c)], c);
    add_label(label);
  }

  void add_channel(std::string_view text, int64_t channel) {
    const std::vector<std::string_view> cells = split(text, ',');
    const auto steps = static_cast<int64_t>(cells.size());
    if (series_.steps == 0) series_.steps = steps;
    if (steps != series_.steps) {
      fail(text, fmt::format("{} steps, but the first series has {} (series of several lengths are "
                             "not read)",
                             steps, series_.steps));
    }
    const int64_t size = series_.steps * series_.channels;
    series_.features.resize(static_cast<size_t>((series_.rows() + 1) * size));
    float* sample = series_.features.data() + series_.rows() * size;
    for (int64_t t = 0; t < steps; ++t) {
      sample[t * series_.channels + channel] = number(cells[static_cast<size_t>(t)]);
    }
  }

  float number(std::string_view cell) const {
    if (cell == "?" || cell == "NaN") return std::numeric_limits<float>::quiet_NaN();
    const auto value = config::parse_float(cell);
    if (!value) fail(cell, fmt::format("'{}' is not a number", shortened(cell)));
    return static_cast<float>(*value);
  }

  void add_label(std::string_view label) {
    if (!source_.classify) return series_.targets.push_back(number(label));
    const auto found = std::find(series_.classes.begin(), series_.classes.end(), label);
    if (found == series_.classes.end()) {
      fail(label, fmt::format("'{}' is not one of the classes of '@classLabel'", shortened(label)));
    }
    series_.labels.push_back(static_cast<int32_t>(found - series_.classes.begin()));
  }

  const SourceFile& file_;
  const Source& source_;
  Series& series_;
  std::unique_ptr<ByteSource> bytes_;
  bool in_data_ = false;
  int number_ = 0;
  std::string_view line_;
};

void publish(const Source& source, const Series& series, Dataset& dataset, const std::string& key,
             CacheWriter& cache) {
  dataset.name = source.name;
  dataset.rows = series.rows();
  dataset.shape = {series.steps, series.channels};
  dataset.target_names = {"label"};
  const int64_t width = series.steps * series.channels;
  for (int64_t c = 0; c < width; ++c) {
    Column column{std::to_string(c), {}, 0};
    for (int64_t row = 0; row < dataset.rows; ++row) {
      const float value = series.features[static_cast<size_t>(row * width + c)];
      column.missing += std::isnan(value) ? 1 : 0;
    }
    dataset.columns.push_back(std::move(column));
  }
  if (source.classify) {
    dataset.class_names = series.classes;
    dataset.classes = series.labels.data();
  } else {
    dataset.values = series.targets.data();
  }
  cache.write_features(0, series.features.data(), series.features.size() * sizeof(float));
  cache.finish(dataset, key);
}

}  // namespace

void import_ts(const Source& source, const std::string& key, CacheWriter& cache) {
  Series series;
  Provenance provenance;
  Dataset dataset;
  const auto add = [&](const std::vector<SourceFile>& files) {
    for (const SourceFile& file : files) {
      provenance.add(file, TsFile(file, source, series).read());
    }
  };
  add(source.train);
  if (!source.test.empty()) {
    dataset.test_begin = series.rows();
    add(source.test);
  }
  dataset.sha256 = provenance.sha256();
  publish(source, series, dataset, key, cache);
}

}  // namespace mlrun::data
