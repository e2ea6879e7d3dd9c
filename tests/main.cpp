#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <stdlib.h>

#include "ops/product/blas_kernels.h"

// The data sets of whoever runs the tests are not those of the tests.
int main(int argc, char** argv) {
  ::unsetenv("MLRUN_DATA");
  ::unsetenv("MLRUN_DATASETS");
  mlrun::ops::choose_blas_kernels();
  return doctest::Context(argc, argv).run();
}
