#include "data/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/error.h"
#include "base/sha256.h"
#include "data/byte_source.h"
#include "data/provenance.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

struct Memory {
  std::vector<float> features;
  std::vector<int32_t> classes;
};

std::string read_text(const SourceFile& file, Provenance& provenance) {
  const std::unique_ptr<ByteSource> bytes = open_bytes(file.path);
  constexpr size_t kChunk = size_t{1} << 20;
  std::string text;
  for (size_t got = kChunk; got == kChunk;) {
    const size_t size = text.size();
    text.resize(size + kChunk);
    got = bytes->read(text.data() + size, kChunk);
    text.resize(size + got);
  }
  provenance.add(file, bytes->sha256());
  return text;
}

// Bytes of the UTF-8 character that starts at `at`, or 0.
size_t character_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(i < text.size() ? text[i] : 0); };
  const uint8_t first = byte(at);
  if (first < 0x80) return 1;
  const size_t length = first < 0xc2   ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

[[noreturn]] void fail_at(const SourceFile& file, std::string_view text, size_t at) {
  const size_t begin = text.rfind('\n', at) + 1;  // npos + 1 is 0
  const auto line =
      static_cast<int>(std::count(text.begin(), text.begin() + int64_t(at), '\n')) + 1;
  const std::string_view shown = text.substr(begin, at - begin);
  throw text_error(
      file.path, {line, static_cast<int>(at - begin) + 1, shown},
      fmt::format("the text is not UTF-8: byte 0x{:02x}", static_cast<uint8_t>(text[at])));
}

std::vector<std::string_view> characters(const SourceFile& file, std::string_view text) {
  std::vector<std::string_view> tokens;
  for (size_t at = 0; at < text.size();) {
    const size_t length = character_length(text, at);
    if (length == 0) fail_at(file, text, at);
    tokens.push_back(text.substr(at, length));
    at += length;
  }
  return tokens;
}

std::vector<int32_t> encode(const std::vector<std::string_view>& tokens,
                            std::vector<std::string>& vocabulary) {
  std::map<std::string_view, int32_t> codes;
  for (const std::string_view token : tokens) codes.emplace(token, 0);
  for (auto& [token, code] : codes) {
    code = static_cast<int32_t>(vocabulary.size());
    vocabulary.emplace_back(token);
  }
  std::vector<int32_t> encoded;
  for (const std::string_view token : tokens) encoded.push_back(codes.at(token));
  return encoded;
}

void cut(const std::vector<int32_t>& tokens, int64_t stride, Dataset& dataset) {
  const int64_t seen = dataset.label_width;
  auto memory = std::make_shared<Memory>();
  for (int64_t row = 0; row < dataset.rows; ++row) {
    const auto begin = tokens.begin() + row * stride;
    memory->features.insert(memory->features.end(), begin, begin + seen);
    memory->classes.insert(memory->classes.end(), begin + 1, begin + 1 + seen);
  }
  dataset.features = memory->features.data();
  dataset.classes = memory->classes.data();
  dataset.owner = std::move(memory);
}

}  // namespace

Dataset open_text(const Source& source) {
  const config::DatasetSpec& spec = source.spec;
  const auto fail = [&](const std::string& message) {
    throw InputError(render_error(spec.source_mark, message));
  };
  if (!spec.target.empty() || !spec.features.empty() || !spec.ignore.empty() || spec.group ||
      spec.limit) {
    fail("target, features, ignore, group and limit are of tables, not of a text");
  }
  if (!spec.window) fail("a text needs window, the number of tokens in a row");
  if (spec.window->horizon != 1)
    fail(
        "window.horizon is of tables; the target of a text is the "
        "next token at every step");
  if (!source.classify)
    fail("the target of a text is a class: use sparse_categorical_crossentropy");
  Provenance provenance;
  const std::string text = read_text(source.train.front(), provenance);
  Dataset dataset;
  const std::vector<int32_t> tokens =
      encode(characters(source.train.front(), text), dataset.class_names);
  const int64_t seen = spec.window->look_back;
  const int64_t stride = spec.window->stride.value_or(seen);
  const auto count = static_cast<int64_t>(tokens.size());
  if (count < seen + stride + 1) {
    throw file_error(source.train.front().path,
                     fmt::format("{} characters are too few for windows of {}", count, seen));
  }
  dataset.rows = (count - seen - 1) / stride + 1;
  dataset.label_width = seen;
  for (int64_t step = 0; step < seen; ++step) {
    dataset.columns.push_back({fmt::format("token[{}]", step), {}, 0});
  }
  dataset.target_names = {"next"};
  dataset.windows = {1, (seen - 1) / stride, seen / stride};
  dataset.shape = {seen};
  dataset.name = source.name;
  dataset.sha256 = provenance.sha256();
  cut(tokens, stride, dataset);
  return dataset;
}

}  // namespace mlrun::data
