#include "optim/optimizer.h"

#include <doctest/doctest.h>

#include <array>

#include "nn/component.h"

using namespace mlrun;
using nn::testing::optimizer;
using ops::UpdateRule;
using ops::UpdateSettings;

TEST_CASE("optimizer: Keras' defaults") {
  CHECK(optimizer("SGD")->learning_rate.value == 0.01);
  for (const char* name : {"Adam", "AdamW", "RMSprop", "Adagrad"}) {
    CHECK(optimizer(name)->learning_rate.value == 0.001);
  }
  const UpdateSettings adam = optimizer("Adam")->settings();
  CHECK(adam.rule == UpdateRule::kAdam);
  CHECK(adam.beta_1 == 0.9f);
  CHECK(adam.beta_2 == 0.999f);
  CHECK(adam.epsilon == 1e-7f);
  CHECK(adam.weight_decay == 0);
  CHECK(optimizer("AdamW")->settings().weight_decay == 0.004f);
  CHECK(optimizer("RMSprop")->settings().beta_2 == 0.9f);
  CHECK(optimizer("Adagrad")->initial_slot_value() == 0.1);
}

TEST_CASE("optimizer: what is written arrives in the step") {
  const UpdateSettings s =
      optimizer("RMSprop: {rho: 0.8, momentum: 0.5, epsilon: 1e-3, centered: true, clipnorm: 2}")
          ->settings();
  CHECK(s.rule == UpdateRule::kRmsprop);
  CHECK(s.beta_2 == 0.8f);
  CHECK(s.momentum == 0.5f);
  CHECK(s.epsilon == 1e-3f);
  CHECK(s.centered);
  CHECK(s.clipnorm == 2);
  CHECK(optimizer("SGD: {momentum: 0.9, nesterov: true}")->settings().nesterov);
  CHECK(optimizer("SGD: {clipvalue: 3}")->settings().clipvalue == 3);
  CHECK(optimizer("Adam: {global_clipnorm: 4}")->settings().global_clipnorm == 4);
  CHECK(optimizer("Adam: {weight_decay: 0.5}")->settings().weight_decay == 0.5f);
}

TEST_CASE("optimizer: slots belong to their parameter") {
  graph::Graph g;
  const std::array parameters = {g.variable("w", {Shape{3, 2}}), g.variable("b", {Shape{2}})};
  const std::array gradients = {g.input("dw", {Shape{3, 2}}), g.input("db", {Shape{2}})};
  const optim::UpdateNode node = optimizer("Adam")->append(g, parameters, gradients);
  REQUIRE(node.slots.size() == 4);
  CHECK(g.value(node.slots[0]).name == "w/slot_0");
  CHECK(g.value(node.slots[3]).name == "b/slot_1");
  CHECK(g.shape(node.slots[1]) == Shape{3, 2});
  CHECK(g.shape(node.slots[2]) == Shape{2});
  CHECK(g.shape(node.state) == Shape{2});
  CHECK(optimizer("SGD")->append(g, parameters, gradients).slots.empty());
}
