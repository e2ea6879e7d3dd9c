#include "data/ts.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data_folder.h"

namespace mlrun::data {
namespace {

const std::string kHead = "# what it is\n@problemName Little\n@classLabel true up down\n\n@data\n";

config::DatasetSpec source(const std::string& path) {
  config::DatasetSpec spec;
  spec.source = path;
  return spec;
}

}  // namespace

TEST_CASE("ts: series and classes, and the test part beside") {
  const DataFolder scratch;
  scratch.write("Little_TRAIN.ts", kHead + "1,2.5,-3:down\r\n4, ?,6e1:up\n");
  scratch.write("Little_TEST.ts", kHead + "7,8,9:up\n");
  const Dataset d = open_dataset(source("./Little_TRAIN.ts"), scratch.options(true));
  CHECK(d.name == "Little");
  CHECK(d.rows == 3);
  CHECK(d.test_begin == 2);
  CHECK(d.storage == Storage::kFloat32);
  CHECK(d.shape == std::vector<int64_t>{3, 1});
  CHECK(d.class_names == std::vector<std::string>{"up", "down"});
  CHECK(std::vector(d.classes, d.classes + 3) == std::vector<int32_t>{1, 0, 0});
  CHECK(d.feature(0, 1) == 2.5f);
  CHECK(std::isnan(d.feature(1, 1)));
  CHECK(d.columns[1].missing == 1);
  CHECK(d.feature(2, 2) == 9);
  config::DatasetSpec one = source("./Little_TRAIN.ts");
  one.limit = 1;
  CHECK(open_dataset(one, scratch.options(true)).rows == 2);
  CHECK(open_dataset(source("./Little_TEST.ts"), scratch.options(true)).test_begin == -1);
}

TEST_CASE("ts: channels are the last axis, numbers may be targets") {
  const DataFolder scratch;
  scratch.write("wide.ts", "@classLabel true 1 2\n@data\n1,2,3:10,20,30:2\n4,5,6:40,50,60:1\n");
  const Dataset d = open_dataset(source("./wide.ts"), scratch.options(false));
  CHECK(d.shape == std::vector<int64_t>{3, 2});
  CHECK(d.values[0] == 2);
  std::vector<float> first;
  for (int64_t i = 0; i < 6; ++i) first.push_back(d.feature(0, i));
  CHECK(first == std::vector<float>{1, 10, 2, 20, 3, 30});
}

}  // namespace mlrun::data
