// The graphs of a generative adversarial network.
//
// A batch of real samples trains the discriminator against as many made from fresh noise; every
// critic_steps batches, counted over all epochs, the generator follows. Both count their own steps.
// The loss of a GAN is the discriminator's; the generator's is a column beside it.
#pragma once

#include "train/training_graph.h"

namespace mlrun::train {

PhaseGraph build_discriminator_phase(const GraphSetup& setup);
PhaseGraph build_generator_phase(const GraphSetup& setup);

/// The losses without gradient penalty; the prediction is the discriminator's score.
InferenceGraph build_gan_inference(const GraphSetup& setup);

}  // namespace mlrun::train
