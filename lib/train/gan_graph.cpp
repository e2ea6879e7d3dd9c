#include "train/gan_graph.h"

#include "nn/adversarial.h"
#include "nn/layers/gan.h"
#include "ops/functions.h"

namespace mlrun::train {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::ValueId;
using ops::Ew;

// Both networks on one batch: what they make, and what they say of real and made samples.
struct Game {
  Game(Graph& g, const GraphSetup& setup, bool training, bool scores_real = true)
      : gan(*nn::as_gan(setup.spec->model)),
        loss(setup.spec->train.loss.as<nn::AdversarialLoss>()),
        builder(g, training),
        inputs(add_inputs(g, setup, false)) {
    if (gan.conditional) {
      const auto count = static_cast<int64_t>(setup.dataset->class_names.size());
      classes = ops::one_hot(g, inputs.target, count);
    }
    const ValueId blank = ops::fill(g, inputs.features, Shape{kBatch, gan.latent}, 0);
    const ValueId noise = ops::add_normal(g, blank, builder.random_state(), 1, builder.next_salt());
    made = gan.generate(builder, noise, classes, setup.input);
    generator_variables = builder.variables().size();
    generator_penalties = builder.penalties().size();
    if (scores_real) real_score = gan.discriminate(builder, inputs.features, classes);
    discriminator_penalties = builder.penalties().size();
    made_score = discriminate_again(made);
    inputs.random_state = builder.random_state_or_none();
  }

  ValueId discriminate_again(ValueId x) {
    builder.reuse_weights(true);
    const ValueId score = gan.discriminate(builder, x, classes);
    builder.reuse_weights(false);
    return score;
  }

  const nn::Gan& gan;
  const nn::AdversarialLoss& loss;
  nn::Builder builder;
  GraphInputs inputs;
  ValueId classes = kNoValue;
  ValueId made = kNoValue;
  ValueId real_score = kNoValue;
  ValueId made_score = kNoValue;
  size_t generator_variables = 0;
  size_t generator_penalties = 0;
  size_t discriminator_penalties = 0;
};

// (|d score / d x| - 1)^2 of each sample, x between its real and its made one. Gulrajani 2017.
ValueId gradient_penalty(Graph& g, Game& game) {
  constexpr float kTiny = 1e-12f;  // under the root, whose slope at 0 is infinite
  const ValueId zero = ops::fill_like(g, game.real_score, 0);
  const ValueId share =
      ops::add_uniform(g, zero, game.builder.random_state(), 1, game.builder.next_salt());
  const ValueId real = game.inputs.features;
  const ValueId between = ops::add(g, real, ops::mul(g, ops::sub(g, game.made, real), share));
  const ValueId wrt[] = {between};
  const ValueId total = ops::sum(g, game.discriminate_again(between));
  const ValueId slope = graph::differentiate(g, total, wrt, ops::autodiff_ops())[0];
  const ValueId squares = ops::reduce_to(g, ops::unary(g, Ew::kSquare, slope), Shape{kBatch});
  const ValueId norm = ops::unary(g, Ew::kSqrt, ops::offset(g, squares, kTiny));
  return ops::unary(g, Ew::kSquare, ops::offset(g, norm, -1));
}

// The phase of the variables [first, last), with the penalties of its own network.
void complete(PhaseGraph& phase, const Game& game, ValueId losses, std::pair<size_t, size_t> own,
              std::pair<size_t, size_t> penalties) {
  Graph& g = phase.graph;
  phase.inputs = game.inputs;
  phase.variables = game.builder.variables();
  phase.objective = ops::mean(g, losses);
  for (size_t i = penalties.first; i < penalties.second; ++i) {
    phase.objective = ops::add(g, phase.objective, game.builder.penalties()[i]);
  }
  phase.losses.push_back({phase.objective});
  for (size_t i = own.first; i < own.second; ++i) {
    if (phase.variables[i].trainable) phase.weights.push_back(phase.variables[i].value);
  }
}

}  // namespace

PhaseGraph build_discriminator_phase(const GraphSetup& setup) {
  PhaseGraph phase;
  phase.name = "step";
  phase.optimizer = &setup.spec->train.optimizer.as<optim::Optimizer>();
  Graph& g = phase.graph;
  Game game(g, setup, true);
  ValueId losses = game.loss.discriminator(g, game.real_score, game.made_score);
  if (game.loss.gradient_penalty > 0) {
    const auto factor = static_cast<float>(game.loss.gradient_penalty);
    losses = ops::add(g, losses, ops::scale(g, gradient_penalty(g, game), factor));
  }
  complete(phase, game, losses, {game.generator_variables, game.builder.variables().size()},
           {game.generator_penalties, game.discriminator_penalties});
  if (setup.predictions) phase.prediction = game.real_score;
  return phase;
}

PhaseGraph build_generator_phase(const GraphSetup& setup) {
  PhaseGraph phase;
  phase.name = "generator_step";
  Graph& g = phase.graph;
  Game game(g, setup, true, false);
  const auto& own = game.gan.generator_optimizer;
  phase.optimizer = &(own ? own : setup.spec->train.optimizer).as<optim::Optimizer>();
  phase.every = game.loss.critic_steps;
  complete(phase, game, game.loss.generator(g, game.made_score), {0, game.generator_variables},
           {0, game.generator_penalties});
  phase.terms.push_back({phase.objective});
  return phase;
}

InferenceGraph build_gan_inference(const GraphSetup& setup) {
  InferenceGraph inference;
  Graph& g = inference.graph;
  Game game(g, setup, false);
  inference.inputs = game.inputs;
  inference.variables = game.builder.variables();
  inference.losses.push_back({game.loss.discriminator(g, game.real_score, game.made_score)});
  inference.prediction = game.real_score;
  inference.terms.push_back({game.loss.generator(g, game.made_score)});
  inference.output = game.made;
  inference.layers = game.builder.outputs();
  inference.summary = game.builder.summary();
  return inference;
}

}  // namespace mlrun::train
