#include "ops/kernel/half_bits.h"

#include <doctest/doctest.h>

#include <vector>

#include "ops/elementwise/elementwise_codes.h"

using namespace mlrun;
using namespace mlrun::ops;

TEST_CASE("numbers of 16 bits: relu's gradient chooses among them as among floats") {
  std::vector<uint16_t> memory(8, 0);
  for (const DType dtype : {DType::kBfloat16, DType::kFloat16}) {
    const Numbers numbers(Tensor{memory.data(), Shape{8}, dtype});
    Halves<8> some{};
    const Halves<8> chosen{{1, 2, 3, 4, 5, 6, 7, 8}};
    int different = 0;
    for (uint32_t first = 0; first < 1u << 16; first += 8) {
      for (uint32_t j = 0; j < 8; ++j) some.of[j] = static_cast<uint16_t>(first + j);
      const Floats<8> values = numbers.unpacked(some);
      const Halves<8> found = numbers.where_positive(some, chosen);
      for (int j = 0; j < 8; ++j) {
        const float wanted = value_of(Ew::kReluGrad, values.of[j], chosen.of[j], 0);
        different += static_cast<float>(found.of[j]) != wanted;
      }
    }
    CAPTURE(static_cast<int>(dtype));
    CHECK(different == 0);
  }
}
