//! The hybrid network for beats.

use paucal_nn::beats::{BeatNetwork, Beside, Draw, HybridNet, HybridShape, Logits};
use paucal_nn::losses::{ClassLoss, binary};
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::{Device, NnError, Tensor, noise};

use super::{SEED, Step};

const BATCH: usize = 128;
const SHAPE: HybridShape = HybridShape { length: 170, slots: 5, prototypes: 12, table: 0, classes: 5 };

/// Classes and noise of the middle one of five beats of 170 samples.
pub fn hybrid() -> Result<Step, NnError> {
    let device = Device::flex();
    let mut network = HybridNet::new(SHAPE, &mut SEED.stream("init", 0), &device)?;
    let mut adam = Adam::new(AdamConfig::default());
    let waves: Tensor<3> = noise::normal(SEED, "waves", 0, [SHAPE.slots * BATCH, SHAPE.length, 1], &device);
    let prototypes = noise::normal(SEED, "prototypes", 0, [BATCH, SHAPE.prototypes], &device);
    let beside = Beside { table: None, prototypes: Some(prototypes) };
    let targets: Vec<Option<usize>> = (0..BATCH).map(|i| Some(i % SHAPE.classes)).collect();
    let noisy: Vec<f32> = (0..BATCH).map(|i| f32::from(u8::from(i % 10 == 0))).collect();
    let weights = vec![1.0; BATCH];
    Ok(Box::new(move |step| {
        let (logits, trace) = network.forward_train(&waves, &beside, Some(Draw { seed: SEED, step }));
        let (_, classes) = ClassLoss::CrossEntropy.of(&logits.classes, &targets, &weights);
        let noise = logits.noise.map(|noise| binary(&noise, &noisy).1 * 0.5);
        let gradients = network.backward(trace, &Logits { classes, noise });
        adam.step(&mut network, gradients)
    }))
}
