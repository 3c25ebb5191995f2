//! Classifiers of images.

use paucal_nn::images::ResNet;
use paucal_nn::losses::ClassLoss;
use paucal_nn::noise;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::{Device, NnError, Tensor};

use super::{SEED, Step};

const BATCH: usize = 8;
const SIDE: usize = 224;
const CLASSES: usize = 1000;

/// Cross-entropy of ResNet-50.
pub fn resnet_50() -> Result<Step, NnError> {
    let device = Device::flex();
    let mut network = ResNet::fifty(3, CLASSES, &mut SEED.stream("init", 0), &device)?;
    let mut adam = Adam::new(AdamConfig::default());
    let images: Tensor<4> = noise::normal(SEED, "images", 0, [BATCH, SIDE, SIDE, 3], &device);
    let targets: Vec<Option<usize>> = (0..BATCH).map(|i| Some(100 * i)).collect();
    let weights = vec![1.0; BATCH];
    Ok(Box::new(move |_| {
        let (logits, trace) = network.forward_train(images.clone());
        let (_, dy) = ClassLoss::CrossEntropy.of(&logits, &targets, &weights);
        let gradients = network.backward(trace, &dy);
        adam.step(&mut network, gradients)
    }))
}
