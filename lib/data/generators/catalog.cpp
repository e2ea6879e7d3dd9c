#include "data/generators/graphs.h"
#include "data/generators/make_classification.h"
#include "data/generators/regression.h"
#include "data/generators/shapes.h"
#include "data/open.h"

namespace mlrun::data {

const config::Catalog& generator_catalog() {
  static const config::Catalog catalog = config::Catalog(std::string(config::GeneratorKind::kName))
                                             .add<MakeMoons>()
                                             .add<MakeCircles>()
                                             .add<MakeBlobs>()
                                             .add<MakeClassification>()
                                             .add<MakeRegression>()
                                             .add<MakeFriedman1>()
                                             .add<MakeMotifs>()
                                             .add<StochasticBlockModel>();
  return catalog;
}

}  // namespace mlrun::data
