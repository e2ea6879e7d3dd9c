// Components for tests, written as in an experiment file.
#pragma once

#include <memory>
#include <string>

#include "config/catalog.h"
#include "config/node.h"
#include "nn/activations.h"
#include "nn/layer.h"
#include "nn/losses.h"
#include "optim/optimizer.h"

namespace mlrun::nn::testing {

/// Every catalog that a model's description can refer to.
inline config::Catalogs model_catalogs() {
  config::Catalogs catalogs;
  for (const config::Catalog* one :
       {&activation_catalog(), &initializer_catalog(), &layer_catalog(), &loss_catalog(),
        &regularizer_catalog(), &optim::optimizer_catalog(), &optim::schedule_catalog()}) {
    catalogs.add(*one);
  }
  return catalogs;
}

/// A T (nn::Layer, nn::Loss, optim::Optimizer, ...) read from "Dense: {units: 3}". Throws
/// InputError.
template <class T>
std::shared_ptr<const T> component(const config::Catalog& catalog, const std::string& yaml) {
  const config::Catalogs catalogs = model_catalogs();
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, catalogs};
  config::AnyRef ref;
  const auto source = std::make_shared<SourceText>("test", yaml);
  config::read_component(config::parse_yaml(source, diagnostics), reader, catalog.kind(), ref);
  diagnostics.throw_if_any();
  return std::dynamic_pointer_cast<const T>(ref.object);
}

inline std::shared_ptr<const Layer> layer(const std::string& yaml) {
  return component<Layer>(layer_catalog(), yaml);
}

inline std::shared_ptr<const Loss> loss(const std::string& yaml) {
  return component<Loss>(loss_catalog(), yaml);
}

inline std::shared_ptr<const optim::Optimizer> optimizer(const std::string& yaml) {
  return component<optim::Optimizer>(optim::optimizer_catalog(), yaml);
}

}  // namespace mlrun::nn::testing
