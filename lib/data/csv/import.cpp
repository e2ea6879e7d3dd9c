#include "data/csv/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>

#include "data/csv/block_parser.h"
#include "data/csv/dialect.h"
#include "data/line_blocks.h"
#include "data/provenance.h"
#include "data/table/table_builder.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

// Of the first block, from which the table is planned: heads, and some rows however long they are.
constexpr int64_t kLeastLines = 16;
constexpr int kMostThreads = 16;  // reading and unpacking are serial; more would only wait

struct CsvTable {
  explicit CsvTable(CsvPlan csv) : plan(std::move(csv)), builder(plan) {}

  CsvPlan plan;
  TableBuilder builder;
};

// Several threads take blocks in turn, parse them at the same time, and add them in turn.
class FileImport {
 public:
  FileImport(const std::filesystem::path& file, const Source& source,
             std::unique_ptr<CsvTable>& table, CacheWriter& cache)
      : file_(file), table_(table), cache_(cache), blocks_(file) {
    limit_ = source.spec.limit.value_or(std::numeric_limits<int64_t>::max());
    LineBlock first;
    blocks_.next(first, kLeastLines);
    if (!table_) table_ = std::make_unique<CsvTable>(plan_csv(file, first.text, source));
    table_->builder.begin_file(file);
    begin_ = table_->builder.rows();
    skip_header(first);
    ParsedBlock parsed;
    process(first, parsed);
  }

  /// The rest of the file. Returns its checksum.
  std::string run(int threads) {
    std::vector<std::thread> team;
    for (int t = 1; t < threads; ++t) team.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : team) thread.join();
    if (error_) std::rethrow_exception(error_);
    if (table_->builder.rows() == begin_) throw file_error(file_, "the file holds no rows");
    return blocks_.sha256();
  }

 private:
  // A later file must have the head of the first one, if that had one.
  void skip_header(LineBlock& first) {
    const auto head = static_cast<size_t>(table_->plan.head_lines);
    const std::vector<SampleLine> lines = sample_lines(first.text, std::max<size_t>(head, 1));
    if (lines.empty()) throw file_error(file_, "the file is empty");
    if (head == 0) return;
    if (table_->plan.header) {
      if (lines.size() < head) throw file_error(file_, "no rows after the header");
      check_header(table_->plan, file_, lines.back());
    }
    for (const int last = lines.back().number; line_ <= last; ++line_) {
      first.text.remove_prefix(std::min(first.text.find('\n'), first.text.size() - 1) + 1);
    }
  }

  void work() {
    LineBlock block;
    ParsedBlock parsed;
    try {
      while (take(block)) process(block, parsed);
    } catch (...) {
      stop(std::current_exception());
    }
  }

  bool take(LineBlock& block) {
    const std::lock_guard lock(reading_);
    {
      const std::lock_guard state(adding_);
      if (done_) return false;
    }
    return blocks_.next(block);
  }

  void process(const LineBlock& block, ParsedBlock& parsed) {
    parse_block(table_->plan, block.text, limit_, parsed);
    int64_t first_row = 0;
    int64_t rows = 0;
    {
      std::unique_lock lock(adding_);
      turn_.wait(lock, [&] { return done_ || next_ == block.index; });
      if (done_) return;
      first_row = table_->builder.rows();
      rows = std::min(parsed.rows, limit_ - (first_row - begin_));
      // Again, so that nothing beyond the limit counts as a class or as missing.
      if (rows < parsed.rows) parse_block(table_->plan, block.text, rows, parsed);
      add(parsed);
      ++next_;
    }
    turn_.notify_all();
    const auto width = static_cast<int64_t>(table_->plan.features * sizeof(float));
    cache_.write_features(first_row * width, parsed.features.data(),
                          static_cast<size_t>(rows * width));
  }

  void add(ParsedBlock& parsed) {
    table_->builder.add(line_, parsed);
    done_ = table_->builder.rows() - begin_ == limit_;
    if (parsed.failure && !done_) {
      const ParsedBlock::Failure& bad = *parsed.failure;
      const auto line = static_cast<int>(line_ + bad.line);
      throw text_error(file_, {line, bad.column, bad.text}, bad.message);
    }
    line_ += parsed.lines;
  }

  // Only the first error counts: blocks are added in order, so it is the first of the file.
  void stop(std::exception_ptr error) {
    {
      const std::lock_guard lock(adding_);
      if (!error_) error_ = std::move(error);
      done_ = true;
    }
    turn_.notify_all();
  }

  const std::filesystem::path& file_;
  std::unique_ptr<CsvTable>& table_;
  CacheWriter& cache_;
  LineBlocks blocks_;  // under reading_
  std::mutex reading_;
  std::mutex adding_;  // guards what follows, and the table
  std::condition_variable turn_;
  int64_t next_ = 0;
  int64_t line_ = 1;
  int64_t begin_ = 0;
  int64_t limit_ = 0;
  bool done_ = false;
  std::exception_ptr error_;
};

int team_size(const Source& source) {
  const int wanted =
      source.threads > 0 ? source.threads : static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(wanted, 1, kMostThreads);
}

// Of all files; the first one plans the table, unless it is there.
Dataset read_files(const Source& source, std::unique_ptr<CsvTable>& table, CacheWriter& cache) {
  Provenance provenance;
  const auto read = [&](const SourceFile& file) {
    FileImport part(file.path, source, table, cache);
    provenance.add(file, part.run(team_size(source)));
  };
  Dataset dataset;
  dataset.name = source.name;
  for (const SourceFile& file : source.train) read(file);
  const int64_t train_rows = table->builder.rows();
  for (const SourceFile& file : source.test) read(file);
  if (!source.test.empty()) {
    dataset.test_begin = train_rows;
  } else if (source.test_rows > 0 && !source.spec.limit) {
    dataset.test_begin = std::max<int64_t>(train_rows - source.test_rows, 0);
  }
  dataset.sha256 = provenance.sha256();
  return dataset;
}

}  // namespace

// What is found too far from zero for float32 is read again, from an origin of its own.
void import_csv(const Source& source, const std::string& key, CacheWriter& cache) {
  std::unique_ptr<CsvTable> table;
  Dataset dataset = read_files(source, table, cache);
  CsvPlan plan = table->plan;
  if (source.trained.empty() && choose_origins(table->builder.ranges(), plan)) {
    table = std::make_unique<CsvTable>(std::move(plan));
    dataset = read_files(source, table, cache);
  }
  table->builder.finish(key, std::move(dataset), cache);
}

}  // namespace mlrun::data
