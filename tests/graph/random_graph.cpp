#include "graph/random_graph.h"

#include <algorithm>

#include "base/philox.h"
#include "ops/functions.h"

namespace mlrun::graph::testing {
namespace {

using namespace mlrun::ops;

class Maker {
 public:
  explicit Maker(uint64_t seed) : stream_(seed, Purpose::kGenerate) {
    const ValueId x = made_.graph.input("x", {Shape{kBatch, 4}});
    row_ = made_.graph.input("row", {Shape{4}});
    matrix_ = made_.graph.input("matrix", {Shape{4, 4}});
    average_ = made_.graph.variable("average", {Shape{4}});
    made_.bound = {x, row_, matrix_, average_};
    pool_ = {x};
  }

  RandomGraph make() {
    for (int i = 0; i < 30; ++i) pool_.push_back(next());
    for (int i = 0; i < 3; ++i) made_.keep.push_back(pick());
    made_.keep.push_back(pool_.back());
    return std::move(made_);
  }

 private:
  uint64_t below(uint64_t bound) { return stream_.below(0, draws_++, bound); }

  // Mostly something recent, so that values live for different times.
  ValueId pick() {
    const uint64_t reach = below(4) == 0 ? pool_.size() : std::min<uint64_t>(pool_.size(), 3);
    return pool_[pool_.size() - 1 - below(reach)];
  }

  // Of shape (N, 4).
  ValueId next() {
    Graph& g = made_.graph;
    const ValueId a = pick();
    switch (below(11)) {
      case 0:
        return unary(g, Ew::kTanh, a);
      case 1:
        return unary(g, Ew::kSigmoid, a);
      case 2:
        return add(g, a, pick());
      case 3:
        return mul(g, a, pick());
      case 4:
        return add(g, a, row_);
      case 5:
        return sub(g, a, reduce_to(g, pick(), Shape{kBatch, 1}, true));
      case 6:
        return matmul(g, a, matrix_);
      case 7:
        return softmax(g, a);
      case 8: {
        // A view, its source and a value that is made from both.
        const Shape cut{kBatch, 2, 2};
        const ValueId view = reshape(g, a, cut);
        const ValueId scaled = mul(g, view, reshape(g, pick(), cut));
        return add(g, reshape(g, scaled, Shape{kBatch, 4}), a);
      }
      case 9:
        return batch_norm(g, a, row_, row_, 1e-3f).y;
      default:
        update_moving_average(g, average_, reduce_to(g, a, Shape{4}, true), 0.5f);
        return mul(g, pick(), average_);
    }
  }

  PhiloxStream stream_;
  RandomGraph made_;
  std::vector<ValueId> pool_;
  ValueId row_ = kNoValue;
  ValueId matrix_ = kNoValue;
  ValueId average_ = kNoValue;
  uint64_t draws_ = 0;
};

}  // namespace

RandomGraph random_graph(uint64_t seed) { return Maker(seed).make(); }

}  // namespace mlrun::graph::testing
