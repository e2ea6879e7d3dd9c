#include "ops/image/augment.h"

#include "ops/image/device_images.h"
#include "ops/kernel/device_random.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

// One axis of one sample.
struct Placement {
  int64_t first, out, size;
  bool flipped;
  FillMode mode;

  // The position of the image shown at i, or -1.
  MLRUN_DEVICE int64_t source(int64_t i) const {
    const int64_t at = first + (flipped ? out - 1 - i : i);
    if (at >= 0 && at < size) return at;
    switch (mode) {
      case FillMode::kConstant:
        return -1;
      case FillMode::kNearest:
        return at < 0 ? 0 : size - 1;
      case FillMode::kWrap:
        return (at % size + size) % size;
      case FillMode::kReflect: {  // d c b a | a b c d | d c b a
        const int64_t period = (at % (2 * size) + 2 * size) % (2 * size);
        return period < size ? period : 2 * size - 1 - period;
      }
    }
    return -1;
  }
};

struct Placements {
  Placement h, w;
};

class Drawing {
 public:
  Drawing(const AugmentSettings& settings, const Shape& x)
      : settings_(settings), height_(x[1]), width_(x[2]) {}

  // Of sample n, whose words are those of one block of four.
  MLRUN_DEVICE Placements of(const uint32_t* state, int64_t n) const {
    const RandomWords words = random_words(state, settings_.salt, n);
    return {place(settings_.height, height_, words.word[0], words.word[2]),
            place(settings_.width, width_, words.word[1], words.word[3])};
  }

 private:
  MLRUN_DEVICE Placement place(const AugmentAxis& axis, int64_t size, uint32_t flip,
                               uint32_t shift) const {
    const auto choices = static_cast<uint64_t>(axis.first_high - axis.first_low + 1);
    const auto drawn = static_cast<int64_t>((choices * shift) >> 32);
    return {axis.first_low + drawn, axis.out, size, axis.flip && (flip & 1u) != 0,
            settings_.fill_mode};
  }

  AugmentSettings settings_;
  int64_t height_, width_;
};

Images images_of(const Shape& x) { return Images(x[1], x[2], x[3]); }

}  // namespace

void augment_cuda(const graph::KernelCall& call) {
  const AugmentSettings& settings = static_cast<const AugmentOp&>(call.op).settings();
  const float fill_value = settings.fill_value;
  const Drawing drawing(settings, call.in[0].shape);
  const Images from = images_of(call.in[0].shape);
  const Images to = images_of(call.out[0].shape);
  const auto x = input(call.in[0]);
  const auto state = stacked<const uint32_t>(call.in[1]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const PixelChannel at = to.at(i);
    const Placements placed = drawing.of(state(k), at.image);
    const int64_t row = placed.h.source(at.row);
    const int64_t column = placed.w.source(at.column);
    const bool shown = row >= 0 && column >= 0;
    y(k)[i] = shown ? x(k)[from.index(at.image, row, column, at.channel)] : fill_value;
  });
}

// Each pixel of x looks for where it is shown.
void augment_grad_cuda(const graph::KernelCall& call) {
  const AugmentSettings& settings = static_cast<const AugmentGradOp&>(call.op).settings();
  const Drawing drawing(settings, call.in[0].shape);
  const Images from = images_of(call.in[0].shape);
  const Images to = images_of(call.in[2].shape);
  const auto state = stacked<const uint32_t>(call.in[1]);
  const auto dy = input(call.in[2]);
  const auto dx = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const PixelChannel at = from.at(i);
    const Placements placed = drawing.of(state(k), at.image);
    float sum = 0;
    for (int64_t r = 0; r < placed.h.out; ++r) {
      if (placed.h.source(r) != at.row) continue;
      for (int64_t c = 0; c < placed.w.out; ++c) {
        if (placed.w.source(c) != at.column) continue;
        sum += dy(k)[to.index(at.image, r, c, at.channel)];
      }
    }
    dx(k)[i] = sum;
  });
}

}  // namespace mlrun::ops
