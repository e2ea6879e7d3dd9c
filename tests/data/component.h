// Components of a data set from their YAML.
#pragma once

#include <memory>
#include <string>

#include "config/node.h"
#include "data/tokens.h"

namespace mlrun::data {

inline config::Ref<config::TokensKind> tokens(const std::string& yaml) {
  config::Catalogs catalogs;
  catalogs.add(tokens_catalog());
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, catalogs};
  config::Ref<config::TokensKind> ref;
  const auto source = std::make_shared<SourceText>("test", yaml);
  config::read_component(config::parse_yaml(source, diagnostics), reader, "tokens", ref);
  diagnostics.throw_if_any();
  return ref;
}

}  // namespace mlrun::data
