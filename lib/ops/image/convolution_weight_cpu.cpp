// Gradient of the filters: tiles of (tap, channel) x filter live in registers through a band of
// output rows, whose input and gradient are in the level-1 or level-2 cache meanwhile.
//
// Bands are dealt to chunks by shape alone; each chunk sums into filters of its own, and those are
// added in the order of the chunks.
#include "base/divide.h"
#include "ops/image/convolution.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/convolution_weight_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/image/convolution_tiles-inl.h"
// clang-format on

#include <algorithm>

#include "device/cpu_context.h"

#ifndef MLRUN_OPS_CONVOLUTION_WEIGHT_CPU_
#define MLRUN_OPS_CONVOLUTION_WEIGHT_CPU_
namespace mlrun::ops {

// What the samples of a band look like in memory.
struct Band {
  const float* x;
  const float* dy;
  int64_t rows, columns;    // output positions
  int64_t x_row, x_column;  // from one output position to the next, in floats of x
  int64_t dy_row, dy_column;
};

// dw[r, k] += sum over positions of x[position + r] dy[position, k], for r < rows.
struct BandProduct {
  int64_t rows;
  int64_t padded_k;  // row length of dw; dy may be read that far
  float* dw;
};

}  // namespace mlrun::ops
#endif

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {
namespace {

struct BandSum {
  template <int R, int V>
  static void run(const Band& band, int64_t padded_k, float* dw) {
    const Float d;
    const size_t lanes = hn::Lanes(d);
    Vec acc[R][V];
    HWY_UNROLL(8)
    for (int r = 0; r < R; ++r) {
      HWY_UNROLL(8)
      for (int v = 0; v < V; ++v) acc[r][v] = hn::LoadU(d, dw + r * padded_k + v * lanes);
    }
    for (int64_t i = 0; i < band.rows; ++i) {
      const float* x = band.x + i * band.x_row;
      const float* dy = band.dy + i * band.dy_row;
      for (int64_t j = 0; j < band.columns; ++j) {
        Vec g[V];
        HWY_UNROLL(8)
        for (int v = 0; v < V; ++v) g[v] = hn::LoadU(d, dy + v * lanes);
        HWY_UNROLL(8)
        for (int r = 0; r < R; ++r) {
          const Vec in = hn::Set(d, x[r]);
          HWY_UNROLL(8)
          for (int v = 0; v < V; ++v) acc[r][v] = hn::MulAdd(in, g[v], acc[r][v]);
        }
        x += band.x_column;
        dy += band.dy_column;
      }
    }
    HWY_UNROLL(8)
    for (int r = 0; r < R; ++r) {
      HWY_UNROLL(8)
      for (int v = 0; v < V; ++v) hn::StoreU(acc[r][v], d, dw + r * padded_k + v * lanes);
    }
  }
};

void add_product(const Band& whole, const BandProduct& product) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Float()));
  for (int64_t block = 0; block < product.padded_k; block += kTileVectors * lanes) {
    const int64_t vectors = std::min<int64_t>(kTileVectors, (product.padded_k - block) / lanes);
    for (int64_t r = 0; r < product.rows; r += kTileRows) {
      Band band = whole;
      band.x += r;
      band.dy += block;
      kernel_of_tile<BandSum>(std::min(kTileRows, product.rows - r), vectors)(
          band, product.padded_k, product.dw + r * product.padded_k + block);
    }
  }
}

void add_rows(const float* from, int64_t n, float* to) {
  map2(to, from, to, static_cast<size_t>(n), [](Vec a, Vec b) { return hn::Add(a, b); });
}

}  // namespace
}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(add_product);
HWY_EXPORT(add_rows);

constexpr int64_t kMaxChunks = 16;
constexpr int64_t kMaxPartialBytes = int64_t{64} << 20;
// Enough positions to pay for loading and storing the sums of a tile.
constexpr int64_t kBandPositions = 96;
constexpr int64_t kChannelPadding = 16;

// Sizes of everything, and how the work is cut.
struct Layout {
  ConvolutionGeometry geometry;
  int64_t channels, filters;  // of all groups
  int64_t band_rows, bands;   // of one sample
  int64_t units, chunks;      // bands of all samples, and what they are dealt to

  Layout(const ConvolutionGeometry& g, const Shape& x, const Shape& dy, int64_t batch)
      : geometry(g), channels(x.back()), filters(dy.back()) {
    const auto& [h, w] = g.axes;
    band_rows = std::min(std::max<int64_t>(kBandPositions / std::max<int64_t>(w.out, 1), 1),
                         std::max<int64_t>(h.out, 1));
    bands = divide_up(h.out, band_rows);
    units = batch * bands;
    const int64_t affordable = kMaxPartialBytes / std::max<int64_t>(4 * weights(), 1);
    chunks = std::min({units, kMaxChunks, std::max<int64_t>(affordable, 4)});
  }

  const ConvolutionAxis& h() const { return geometry.axes[0]; }
  const ConvolutionAxis& w() const { return geometry.axes[1]; }
  int64_t group_channels() const { return channels / geometry.groups; }
  int64_t group_filters() const { return filters / geometry.groups; }
  int64_t padded_k() const { return round_up(group_filters(), kChannelPadding); }
  int64_t rows() const { return h().kernel * w().kernel * group_channels(); }
  int64_t weights() const { return geometry.groups * rows() * padded_k(); }

  bool pads_x() const {
    const auto pads = [](const ConvolutionAxis& a) {
      return a.padding > 0 || (a.out - 1) * a.stride + a.extent() > a.in;
    };
    return pads(h()) || pads(w());
  }
  bool pads_dy() const { return group_filters() != padded_k(); }

  int64_t patch_rows() const { return (band_rows - 1) * h().stride + h().extent(); }
  int64_t patch_columns() const { return (w().out - 1) * w().stride + w().extent(); }
  int64_t patch() const { return pads_x() ? patch_rows() * patch_columns() * channels : 0; }
  int64_t gradient_patch() const {
    return pads_dy() ? band_rows * w().out * geometry.groups * padded_k() : 0;
  }
  int64_t chunk_floats() const { return (weights() + patch() + gradient_patch() + 15) / 16 * 16; }
};

// The bands of one chunk, summed into its part of the workspace.
class Chunk {
 public:
  Chunk(const Layout& layout, const float* x, const float* dy, float* memory)
      : l_(layout), x_(x), dy_(dy), dw_(memory), patch_(memory + layout.weights()) {}

  void run(int64_t begin, int64_t end) {
    std::fill_n(dw_, l_.weights(), 0.0f);
    for (int64_t unit = begin; unit < end; ++unit) add(unit / l_.bands, unit % l_.bands);
  }

 private:
  void add(int64_t n, int64_t index) {
    const int64_t first = index * l_.band_rows;
    Band band;
    band.rows = std::min(l_.band_rows, l_.h().out - first);
    band.columns = l_.w().out;
    place_x(n, first, band);
    place_dy(n, first, band);
    for (int64_t group = 0; group < l_.geometry.groups; ++group) add_group(band, group);
  }

  void place_x(int64_t n, int64_t first, Band& band) {
    const int64_t row = first * l_.h().stride - l_.h().padding;
    int64_t columns = l_.w().in;
    band.x = x_ + (n * l_.h().in + row) * columns * l_.channels;
    if (l_.pads_x()) {
      columns = l_.patch_columns();
      const int64_t rows = (band.rows - 1) * l_.h().stride + l_.h().extent();
      for (int64_t r = 0; r < rows; ++r) {
        copy_row(n, row + r, patch_ + r * columns * l_.channels);
      }
      band.x = patch_;
    }
    row_ = columns * l_.channels;
    band.x_row = l_.h().stride * row_;
    band.x_column = l_.w().stride * l_.channels;
  }

  // A row of the image between zeros.
  void copy_row(int64_t n, int64_t row, float* out) const {
    const int64_t columns = l_.patch_columns();
    if (row < 0 || row >= l_.h().in) {
      std::fill_n(out, columns * l_.channels, 0.0f);
      return;
    }
    const int64_t before = std::min(l_.w().padding, columns);
    const int64_t inside = std::min(l_.w().in, columns - before);
    std::fill_n(out, before * l_.channels, 0.0f);
    std::copy_n(x_ + (n * l_.h().in + row) * l_.w().in * l_.channels, inside * l_.channels,
                out + before * l_.channels);
    std::fill_n(out + (before + inside) * l_.channels, (columns - before - inside) * l_.channels,
                0.0f);
  }

  void place_dy(int64_t n, int64_t first, Band& band) {
    band.dy = dy_ + (n * l_.h().out + first) * l_.w().out * l_.filters;
    band.dy_column = l_.filters;
    if (l_.pads_dy()) {
      float* out = patch_ + l_.patch();
      const int64_t parts = band.rows * band.columns * l_.geometry.groups;
      for (int64_t part = 0; part < parts; ++part, out += l_.padded_k()) {
        std::copy_n(band.dy + part * l_.group_filters(), l_.group_filters(), out);
        std::fill(out + l_.group_filters(), out + l_.padded_k(), 0.0f);
      }
      band.dy = patch_ + l_.patch();
      band.dy_column = l_.geometry.groups * l_.padded_k();
    }
    band.dy_row = band.columns * band.dy_column;
  }

  void add_group(const Band& whole, int64_t group) {
    Band band = whole;
    band.dy += group * l_.padded_k();
    float* dw = dw_ + group * l_.rows() * l_.padded_k();
    const int64_t channels = l_.group_channels();
    // Without gaps between the taps of a kernel's row they are one long tap.
    const bool joined = l_.w().dilation == 1 && l_.geometry.groups == 1;
    const int64_t taps = joined ? 1 : l_.w().kernel;
    const int64_t rows = joined ? l_.w().kernel * channels : channels;
    for (int64_t a = 0; a < l_.h().kernel; ++a) {
      for (int64_t b = 0; b < taps; ++b) {
        band.x = whole.x + a * l_.h().dilation * row_ + b * l_.w().dilation * l_.channels +
                 group * channels;
        HWY_DYNAMIC_DISPATCH(add_product)(band, {rows, l_.padded_k(), dw});
        dw += rows * l_.padded_k();
      }
    }
  }

  const Layout& l_;
  const float* x_;
  const float* dy_;
  float* dw_;
  float* patch_;
  int64_t row_ = 0;  // floats of a row of what band.x points into
};

}  // namespace

int64_t convolution_weight_workspace_cpu(const ConvolutionGeometry& geometry, const Shape& x,
                                         const Shape& dy, int64_t batch) {
  const Layout layout(geometry, x, dy, batch);
  return layout.chunks * layout.chunk_floats() * size_of(DType::kFloat32);
}

void convolution_weight_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const ConvolutionWeightGradOp&>(call.op);
  const Layout l(op.geometry(), call.in[0].shape, call.in[1].shape, call.in[0].shape[0]);
  auto* memory = reinterpret_cast<float*>(call.workspace);
  device::ThreadTeam& team = device::cpu_team(call.context);
  device::parallel_for(team, l.chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      Chunk chunk(l, call.in[0].f32(), call.in[1].f32(), memory + c * l.chunk_floats());
      chunk.run(c * l.units / l.chunks, (c + 1) * l.units / l.chunks);
    }
  });
  // The groups lie one after the other in the chunks, side by side in dw.
  const int64_t rows = l.geometry.groups * l.rows();
  const int64_t used = l.group_filters();
  const int64_t grain = std::max<int64_t>(16384 / std::max<int64_t>(used, 1), 1);
  device::parallel_for(team, rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float* dw = call.out[0].f32() + r % l.rows() * l.filters + r / l.rows() * used;
      std::fill_n(dw, used, 0.0f);
      for (int64_t c = 0; c < l.chunks; ++c) {
        HWY_DYNAMIC_DISPATCH(add_rows)
        (memory + c * l.chunk_floats() + r * l.padded_k(), used, dw);
      }
    }
  });
}

}  // namespace mlrun::ops
#endif
