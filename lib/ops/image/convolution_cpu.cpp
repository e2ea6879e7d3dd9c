// Direct convolution: tiles of output positions x output channels live in registers through the
// whole sum over taps and channels. Filters are packed so that the channels of a tile lie side by
// side. Every output is one sum in a fixed order (taps, then channels), so that the cut into tiles
// and threads does not show in the result.
//
// Plain and transposed convolution are one loop (ops/image/taps.h): the transposed one reads with
// step 1, the stride as divisor, and the taps in reverse order.
#include "base/divide.h"
#include "ops/image/convolution.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/convolution_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/image/convolution_tiles-inl.h"
// clang-format on

#include <algorithm>

#include "device/cpu_context.h"
#include "ops/image/taps.h"

#ifndef MLRUN_OPS_CONVOLUTION_CPU_
#define MLRUN_OPS_CONVOLUTION_CPU_
namespace mlrun::ops {

// Packed filters are padded to whole vectors of the widest instruction set.
inline constexpr int64_t kChannelPadding = 16;

struct TapPlan {
  TapAxis h, w;
  int64_t groups;
  int64_t c, k;  // channels of the input and of the output, of one group

  int64_t rows() const { return h.kernel * w.kernel * c; }
  int64_t padded_k() const { return round_up(k, kChannelPadding); }
  int64_t group_weights() const { return rows() * padded_k(); }
};

struct TapOperands {
  const float* x;
  const float* filters;  // packed
  const float* zeros;    // c of them
  float* y;
};

}  // namespace mlrun::ops
#endif

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {
namespace {

// `length` inputs at each position of the tile, and the filters they meet.
struct Segment {
  const float* x[kTileRows];
  const float* filters;
  int64_t length;
};

inline constexpr int kMaxSegments = 16;

// Where the sums of a tile go: a position's channels side by side, positions `pitch` floats apart.
struct Sums {
  float* at;
  int64_t pitch;
};

// sums (P, V vectors) += the segments; = if they are the first.
struct SegmentSum {
  template <int P, int V>
  static void run(const Segment* segments, int count, bool first, const Sums& sums) {
    const Float d;
    const size_t lanes = hn::Lanes(d);
    Vec acc[P][V];
    HWY_UNROLL(8)
    for (int p = 0; p < P; ++p) {
      HWY_UNROLL(8)
      for (int v = 0; v < V; ++v) {
        acc[p][v] = first ? hn::Zero(d) : hn::LoadU(d, sums.at + p * sums.pitch + v * lanes);
      }
    }
    for (int s = 0; s < count; ++s) {
      const Segment& segment = segments[s];
      const float* x[P];
      HWY_UNROLL(8)
      for (int p = 0; p < P; ++p) x[p] = segment.x[p];
      const float* w = segment.filters;
      for (int64_t c = 0; c < segment.length; ++c) {
        Vec filter[V];
        HWY_UNROLL(8)
        for (int v = 0; v < V; ++v) filter[v] = hn::Load(d, w + v * lanes);
        w += V * lanes;
        HWY_UNROLL(8)
        for (int p = 0; p < P; ++p) {
          const Vec in = hn::Set(d, x[p][c]);
          HWY_UNROLL(8)
          for (int v = 0; v < V; ++v) acc[p][v] = hn::MulAdd(in, filter[v], acc[p][v]);
        }
      }
    }
    HWY_UNROLL(8)
    for (int p = 0; p < P; ++p) {
      HWY_UNROLL(8)
      for (int v = 0; v < V; ++v) hn::StoreU(acc[p][v], d, sums.at + p * sums.pitch + v * lanes);
    }
  }
};

using AddSegments = void (*)(const Segment*, int, bool, const Sums&);

// Positions first, first + spacing, ... of output row i of sample n.
struct Tile {
  int64_t n, i, first, spacing, count;
};

// One tile against one block of channels of one group.
class TileSum {
 public:
  TileSum(const TapPlan& plan, const TapOperands& operands, const Tile& tile, int64_t group,
          int64_t block, int64_t block_width, const Sums& sums)
      : plan_(plan),
        operands_(operands),
        tile_(tile),
        filters_(operands.filters + group * plan.group_weights() + plan.rows() * block),
        block_width_(block_width),
        channels_(plan.c * plan.groups),
        offset_(group * plan.c),
        sums_(sums),
        add_(kernel_of_tile<SegmentSum>(tile.count,
                                        block_width / static_cast<int64_t>(hn::Lanes(Float())))) {}

  void run() {
    for (int64_t a = 0; a < plan_.h.kernel; ++a) {
      const int64_t row = plan_.h.source(tile_.i, a);
      if (row < 0) continue;
      const float* x =
          operands_.x + (tile_.n * plan_.h.in + row) * plan_.w.in * channels_ + offset_;
      if (taps_are_contiguous()) {
        add_whole_row(x, a);
      } else {
        for (int64_t b = 0; b < plan_.w.kernel; ++b) add_tap(x, a, b);
      }
    }
    flush();
  }

 private:
  // Inside of the image the taps of a kernel's row are neighbours in memory.
  bool taps_are_contiguous() const {
    const TapAxis& w = plan_.w;
    const int64_t last = tile_.first + (tile_.count - 1) * tile_.spacing;
    return w.dilation == 1 && w.divisor == 1 && plan_.groups == 1 &&
           tile_.first * w.step >= w.padding && last * w.step - w.padding + w.kernel <= w.in;
  }

  Segment& next(int64_t a, int64_t b, int64_t length) {
    if (count_ == kMaxSegments) flush();
    Segment& segment = segments_[count_++];
    segment.filters = filters_ + (a * plan_.w.kernel + b) * plan_.c * block_width_;
    segment.length = length;
    return segment;
  }

  void add_whole_row(const float* x, int64_t a) {
    Segment& segment = next(a, 0, plan_.w.kernel * plan_.c);
    const int64_t spacing = tile_.spacing * plan_.w.step * channels_;
    const float* first = x + (tile_.first * plan_.w.step - plan_.w.padding) * channels_;
    for (int64_t p = 0; p < tile_.count; ++p) segment.x[p] = first + p * spacing;
  }

  void add_tap(const float* x, int64_t a, int64_t b) {
    const float* at[kTileRows];
    bool any = false;
    for (int64_t p = 0; p < tile_.count; ++p) {
      const int64_t column = plan_.w.source(tile_.first + p * tile_.spacing, b);
      at[p] = column < 0 ? operands_.zeros : x + column * channels_;
      any = any || column >= 0;
    }
    if (!any) return;
    Segment& segment = next(a, b, plan_.c);
    std::copy_n(at, tile_.count, segment.x);
  }

  void flush() {
    if (count_ == 0 && !first_) return;
    add_(segments_, count_, first_, sums_);
    first_ = false;
    count_ = 0;
  }

  const TapPlan& plan_;
  const TapOperands& operands_;
  const Tile& tile_;
  const float* filters_;
  int64_t block_width_;
  int64_t channels_;
  int64_t offset_;
  Sums sums_;
  AddSegments add_;
  int count_ = 0;
  bool first_ = true;
  Segment segments_[kMaxSegments];
};

void run_tile(const TapPlan& plan, const TapOperands& operands, const Tile& tile, int64_t group,
              int64_t block, int64_t width) {
  const int64_t channels = plan.k * plan.groups;
  const int64_t used = std::min(width, plan.k - block);
  const Sums y{operands.y + ((tile.n * plan.h.out + tile.i) * plan.w.out + tile.first) * channels +
                   group * plan.k + block,
               tile.spacing * channels};
  if (used == width) return TileSum(plan, operands, tile, group, block, width, y).run();
  alignas(64) float padded[kTileRows * kChannelPadding * 4];
  TileSum(plan, operands, tile, group, block, width, {padded, width}).run();
  for (int64_t p = 0; p < tile.count; ++p) {
    std::copy_n(padded + p * width, used, y.at + p * y.pitch);
  }
}

// Output row i of sample n.
void run_row(const TapPlan& plan, const TapOperands& operands, int64_t n, int64_t i, int64_t group,
             int64_t block, int64_t width) {
  // Positions that read at the same taps are `divisor` apart.
  const int64_t spacing = plan.w.divisor;
  for (int64_t phase = 0; phase < std::min(spacing, plan.w.out); ++phase) {
    for (int64_t j = phase; j < plan.w.out; j += spacing * kTileRows) {
      const int64_t left = divide_up(plan.w.out - j, spacing);
      run_tile(plan, operands, {n, i, j, spacing, std::min(left, kTileRows)}, group, block, width);
    }
  }
}

// Rows [begin, end) of all samples' output rows.
void run_rows(const TapPlan& plan, const TapOperands& operands, int64_t begin, int64_t end) {
  const int64_t most = kTileVectors * static_cast<int64_t>(hn::Lanes(Float()));
  for (int64_t group = 0; group < plan.groups; ++group) {
    for (int64_t block = 0; block < plan.padded_k(); block += most) {
      const int64_t width = std::min(most, plan.padded_k() - block);
      for (int64_t row = begin; row < end; ++row) {
        run_row(plan, operands, row / plan.h.out, row % plan.h.out, group, block, width);
      }
    }
  }
}

int64_t block_width() { return kTileVectors * static_cast<int64_t>(hn::Lanes(Float())); }

}  // namespace
}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(run_rows);
HWY_EXPORT(block_width);

// Rows of the output that the epilogue finds still in the level-2 cache.
constexpr int64_t kBlockBytes = 128 * 1024;

TapPlan plan_of(const ConvolutionOp& op, const Shape& weights) {
  const auto& [h, w] = op.geometry().axes;
  const int64_t groups = op.geometry().groups;
  const int64_t filters = weights[3] / groups;
  if (op.transposed()) {
    return {transposed_taps(h), transposed_taps(w), groups, filters, weights[2]};
  }
  return {plain_taps(h), plain_taps(w), groups, weights[2], filters};
}

// w (KH, KW, C, groups * K) -> per group and block of output channels: (taps, input channels,
// block), padded with zeros.
class Packing {
 public:
  Packing(const TapPlan& plan, bool transposed, const float* w, float* packed)
      : plan_(plan),
        transposed_(transposed),
        w_(w),
        packed_(packed),
        most_(HWY_DYNAMIC_DISPATCH(block_width)()) {}

  // Taps [begin, end) of all groups' taps.
  void run(int64_t begin, int64_t end) const {
    const int64_t taps = plan_.h.kernel * plan_.w.kernel;
    for (int64_t at = begin; at < end; ++at) {
      for (int64_t block = 0; block < plan_.padded_k(); block += most_) {
        pack(at / taps, at % taps, block, std::min(most_, plan_.padded_k() - block));
      }
    }
  }

 private:
  void pack(int64_t group, int64_t tap, int64_t block, int64_t width) const {
    float* out =
        packed_ + group * plan_.group_weights() + plan_.rows() * block + tap * plan_.c * width;
    const int64_t used = std::clamp<int64_t>(plan_.k - block, 0, width);
    for (int64_t c = 0; c < plan_.c; ++c, out += width) {
      for (int64_t k = 0; k < used; ++k) out[k] = weight(group, tap, c, block + k);
      std::fill(out + used, out + width, 0.0f);
    }
  }

  float weight(int64_t group, int64_t tap, int64_t c, int64_t k) const {
    const int64_t taps = plan_.h.kernel * plan_.w.kernel;
    if (!transposed_) {
      return w_[((tap * plan_.c) + c) * plan_.k * plan_.groups + group * plan_.k + k];
    }
    return w_[((taps - 1 - tap) * plan_.k + k) * plan_.c * plan_.groups + group * plan_.c + c];
  }

  const TapPlan& plan_;
  bool transposed_;
  const float* w_;
  float* packed_;
  int64_t most_;
};

int64_t zeros_of(const TapPlan& plan) { return std::max<int64_t>(plan.c, 1); }

}  // namespace

int64_t convolution_workspace_cpu(const ConvolutionOp& op, const Shape& weights) {
  const TapPlan plan = plan_of(op, weights);
  return (plan.groups * plan.group_weights() + zeros_of(plan)) * size_of(DType::kFloat32);
}

void convolution_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const ConvolutionOp&>(call.op);
  const TapPlan plan = plan_of(op, call.in[1].shape);
  const EpilogueRun epilogue(call);
  auto* packed = reinterpret_cast<float*>(call.workspace);
  float* zeros = packed + plan.groups * plan.group_weights();
  std::fill_n(zeros, zeros_of(plan), 0.0f);
  device::ThreadTeam& team = device::cpu_team(call.context);
  const Packing packing(plan, op.transposed(), call.in[1].f32(), packed);
  const int64_t taps = plan.groups * plan.h.kernel * plan.w.kernel;
  device::parallel_for(team, taps,
                       std::max<int64_t>(16384 / std::max<int64_t>(plan.c * plan.k, 1), 1),
                       [&](int64_t begin, int64_t end) { packing.run(begin, end); });
  const TapOperands operands{call.in[0].f32(), packed, zeros, epilogue.product().f32()};
  const int64_t width = plan.w.out * plan.k * plan.groups;
  const int64_t rows = width == 0 ? 0 : epilogue.product().elements() / width;
  const int64_t block = std::max<int64_t>(kBlockBytes / (4 * std::max<int64_t>(width, 1)), 1);
  device::parallel_for(team, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += block) {
      const int64_t stop = std::min(at + block, end);
      HWY_DYNAMIC_DISPATCH(run_rows)(plan, operands, at, stop);
      if (epilogue.any()) epilogue.run(at * width, stop * width);
    }
  });
}

}  // namespace mlrun::ops
#endif
