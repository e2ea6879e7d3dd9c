// The blocks of a transformer, with KerasHub's names. Vaswani et al. 2017; with normalize_first,
// each part reads normalised input and the sum stays as it is (Xiong et al. 2020).
#pragma once

#include "nn/activations.h"
#include "nn/layer.h"

namespace mlrun::nn {

class TransformerBlock : public Layer {
 public:
  int64_t num_heads = 1;
  int64_t intermediate_dim = 1;
  double dropout = 0;
  ActivationRef activation = nn::activation("relu");
  double layer_norm_epsilon = 1e-5;
  bool normalize_first = false;
  bool rotary = false;
  int64_t experts = 0;
  int64_t experts_per_token = 1;

 protected:
  struct Attention {
    std::string name;
    bool causal = false;
    ValueId memory = graph::kNoValue;  ///< what is read; default: x itself
  };

  /// x plus what it reads.
  ValueId add_attention(Builder& b, ValueId x, const Attention& attention) const;
  /// x plus what the feed-forward part makes of it.
  ValueId add_feedforward(Builder& b, ValueId x) const;

 private:
  ValueId normalized(Builder& b, const std::string& part, ValueId x) const;
  ValueId dropped(Builder& b, ValueId x) const;
  ValueId feedforward(Builder& b, ValueId x) const;
};

/// x (N, T, C) -> (N, T, C): self-attention, then a feed-forward network.
struct TransformerEncoder : TransformerBlock {
  bool causal = false;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// Causal self-attention, attention to a second input (N, S, D) if there is one, feed-forward.
struct TransformerDecoder : TransformerBlock {
  static const config::FieldList& fields();
  ValueId build_from(Builder& b, std::span<const ValueId> xs) const override;
};

}  // namespace mlrun::nn
