#include "data/numpy_argsort.h"

#include <cstddef>
#include <numeric>
#include <utility>

namespace mlrun::data {
namespace {

constexpr int64_t kSmall = 15;  // numpy's SMALL_QUICKSORT

// aquicksort_ of numpy/core/src/npysort/quicksort.cpp: median of three, the smaller part first,
// insertion sort for what is short. Its fallback to heapsort, for keys made to defeat the median,
// is left out.
class Sorter {
 public:
  Sorter(const std::vector<int64_t>& keys, std::vector<int64_t>& order)
      : keys_(keys), order_(order) {}

  void sort(int64_t left, int64_t right) {
    while (right - left > kSmall) {
      const int64_t pivot = partition(left, right);
      if (pivot - left < right - pivot) {
        sort(left, pivot - 1);
        left = pivot + 1;
      } else {
        sort(pivot + 1, right);
        right = pivot - 1;
      }
    }
    insertion_sort(left, right);
  }

 private:
  int64_t& at(int64_t place) { return order_[static_cast<std::size_t>(place)]; }
  int64_t key(int64_t place) { return keys_[static_cast<std::size_t>(at(place))]; }
  void order_pair(int64_t low, int64_t high) {
    if (key(high) < key(low)) std::swap(at(high), at(low));
  }

  int64_t partition(int64_t left, int64_t right) {
    const int64_t middle = left + (right - left) / 2;
    order_pair(left, middle);
    order_pair(middle, right);
    order_pair(left, middle);
    const int64_t pivot = key(middle);
    int64_t i = left;
    int64_t j = right - 1;
    std::swap(at(middle), at(j));
    for (;;) {
      do ++i;
      while (key(i) < pivot);
      do --j;
      while (pivot < key(j));
      if (i >= j) break;
      std::swap(at(i), at(j));
    }
    std::swap(at(i), at(right - 1));
    return i;
  }

  void insertion_sort(int64_t left, int64_t right) {
    for (int64_t i = left + 1; i <= right; ++i) {
      const int64_t moving = at(i);
      int64_t j = i;
      for (; j > left && keys_[static_cast<std::size_t>(moving)] < key(j - 1); --j)
        at(j) = at(j - 1);
      at(j) = moving;
    }
  }

  const std::vector<int64_t>& keys_;
  std::vector<int64_t>& order_;
};

}  // namespace

std::vector<int64_t> numpy_argsort(const std::vector<int64_t>& keys) {
  std::vector<int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  Sorter(keys, order).sort(0, static_cast<int64_t>(keys.size()) - 1);
  return order;
}

}  // namespace mlrun::data
