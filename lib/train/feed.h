// From row numbers to the tensors of a batch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/philox.h"
#include "config/experiment.h"
#include "data/dataset.h"
#include "data/transform.h"
#include "nn/losses.h"
#include "store/model_file.h"

namespace mlrun::train {

/// Where a batch is put: all of it belongs to the caller and holds the rows of one call.
struct BatchMemory {
  float* features = nullptr;  ///< rows x feature_width()
  void* target = nullptr;     ///< rows x target_width() of int32 labels or floats, or nothing
  float* weights = nullptr;   ///< rows; may be null
  int32_t* items = nullptr;   ///< rows x item_width(): which nodes, links or graphs they are
  std::span<void* const> further = {};  ///< of each further target as `target`; may be empty
};

/// What an output is compared with.
struct FeedTarget {
  std::string output;  ///< its name; "" for the last layer
  const data::Dataset* dataset = nullptr;
  nn::TargetKind kind = nn::TargetKind::kNone;
  int64_t width = 1;  ///< predictions of a row
  data::TargetScaling scaling;
};

/// Of all further outputs, scaled by what `train_rows` say.
std::vector<FeedTarget> further_targets(const config::ExperimentSpec& spec,
                                        const data::Dataset& dataset,
                                        std::span<const int64_t> train_rows);

/// The same, scaled as when the model was trained.
std::vector<FeedTarget> further_targets(const config::ExperimentSpec& spec,
                                        const data::Dataset& dataset,
                                        const store::ModelFile& model);

/// The data set with the classes and the names of values that the model was trained on. Which class
/// a row has is as in `dataset`.
data::Dataset as_trained(const data::Dataset& dataset, const store::ModelFile& model);

/// Of the last layer's target; none where it has no classes, or they are words.
std::vector<std::string> trained_classes(const store::ModelFile& model);

/// Gathers features (transformed), targets and sample weights. Immutable; does not allocate.
class Feed {
 public:
  /// `draws`: of the parts of a sample that are drawn.
  Feed(const data::Dataset& dataset, data::Transform transform, nn::TargetKind kind,
       std::vector<float> class_weights, const PhiloxStream& draws = {},
       std::vector<FeedTarget> further = {});

  /// What is drawn of a sample is the same in the same `pass`; 0 is that of scoring.
  void fill(std::span<const int64_t> rows, const BatchMemory& batch, uint64_t pass = 0) const;

  /// Rows of `width` predictions in the unit of the targets.
  void restore(std::span<float> predictions, int64_t width) const;

  /// What it was fitted to, so that a model can be used on other data: the transform of the
  /// features, the scaling of targets, and the names of classes and tokens.
  void save(store::ModelFile& model) const;

  /// Features of all nodes of the one graph; then fill() gathers none.
  void fill_nodes(float* features) const;

  int64_t feature_width() const { return transform_.output_width(); }
  int64_t item_width() const;    ///< 0: rows are samples of their own
  int64_t target_width() const;  ///< floats, or labels
  const std::vector<FeedTarget>& further() const { return further_; }
  nn::TargetKind target_kind() const { return target_.kind; }
  bool weighted() const { return !class_weights_.empty(); }
  /// Whether samples can be brought once for all passes: no part of them is drawn afresh, and
  /// there is one target.
  bool is_constant() const { return !dataset_.negatives && !dataset_.masked && further_.empty(); }
  /// Whether both give the same bits for the same rows, of constant samples.
  bool is_same(const Feed& other) const;
  /// Names of the tokens that the features are; empty if they are none.
  std::span<const std::string> token_names() const;
  /// Names of the tokens of a translation; empty if there is none.
  std::span<const std::string> target_token_names() const {
    return transform_.target_token_names();
  }
  const data::Dataset& dataset() const { return dataset_; }
  const data::Transform& transform() const { return transform_; }

 private:
  void fill_items(std::span<const int64_t> rows, int32_t* items) const;
  void fill_labels(std::span<const int64_t> rows, const BatchMemory& batch, uint64_t pass) const;

  const data::Dataset& dataset_;
  data::Transform transform_;
  FeedTarget target_;  ///< of the last layer
  PhiloxStream draws_;
  std::vector<float> class_weights_;  ///< by class; empty: all 1
  std::vector<FeedTarget> further_;
};

/// What a batch of targets is to the loss; not of kNone.
TensorType target_type(const data::Dataset& dataset, nn::TargetKind kind);

/// The weight of each class: as written, or n / (classes * count) for "balanced", with the classes
/// and counts of `rows` (scikit-learn's compute_class_weight). Empty when none are asked for.
std::vector<float> class_weights(const config::ClassWeight& spec, const data::Dataset& dataset,
                                 std::span<const int64_t> rows);

}  // namespace mlrun::train
