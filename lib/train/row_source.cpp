#include "train/row_source.h"

#include <new>
#include <utility>

namespace mlrun::train {
namespace {

std::unique_ptr<ResidentData> resident_if_it_fits(std::span<const Feed* const> feeds,
                                                  device::Context& context) {
  // Where memory is the host's, rows lie in it once for all.
  if (!feeds[0]->is_constant() || context.memory_is_hosts()) return nullptr;
  try {
    return std::make_unique<ResidentData>(feeds, context);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

RowSource::RowSource(std::vector<const Feed*> feeds, int64_t capacity, bool rows_change,
                     const graph::Backend& backend)
    : feeds_(std::move(feeds)),
      backend_(backend),
      batch_(feeds_, capacity, *backend.context),
      wants_data_(!rows_change) {}

DevicePassOptions RowSource::pass(int64_t batch_size, int64_t rows) {
  if (wants_data_) data_ = resident_if_it_fits(feeds_, *backend_.context);
  wants_data_ = false;
  return {.feeds = feeds_,
          .data = data_.get(),
          .batch = &batch_,
          .backend = &backend_,
          .batch_size = batch_size,
          .rows = rows};
}

}  // namespace mlrun::train
