#include "config/codec.h"

namespace mlrun::config {

template struct FieldOf<bool>;
template struct FieldOf<int64_t>;
template struct FieldOf<double>;
template struct FieldOf<std::string>;
template struct FieldOf<std::optional<int64_t>>;
template struct FieldOf<std::optional<double>>;
template struct FieldOf<std::optional<std::string>>;
template struct FieldOf<std::vector<int64_t>>;
template struct FieldOf<std::vector<double>>;
template struct FieldOf<std::vector<std::string>>;
template struct FieldOf<std::optional<std::vector<int64_t>>>;
template struct FieldOf<std::optional<std::vector<std::string>>>;

}  // namespace mlrun::config
