#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app("Machine-learning experiments from YAML to HDF5", "mlrun");
  CLI11_PARSE(app, argc, argv);
  return 0;
}
