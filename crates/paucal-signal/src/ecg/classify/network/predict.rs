//! A network in use: every beat is encoded once, and decided on among its neighbours.

use ndarray::Array2;
use paucal_nn::beats::{BeatNetwork, Beside};
use paucal_nn::losses::softmax;
use paucal_nn::{Device, Tensor, TensorData};
use rayon::prelude::*;

use super::inputs::{Inputs, Seen, beat_of};
use crate::ecg::classify::{Beats, Said};

/// Beats encoded, or decided on, at a time.
const CHUNK: usize = 256;

/// Asks a network about the selected beats, which it has seen.
pub(super) fn predict<N: BeatNetwork>(network: &N, inputs: &Inputs, beats: &Beats<'_>, seen: &Seen) -> Said {
    let encoded = Encoded::of(network, inputs, beats, seen);
    let rows: Vec<usize> = (0..beats.len()).collect();
    let parts: Vec<(Vec<f64>, Option<Vec<f64>>)> =
        rows.par_chunks(CHUNK).map(|rows| encoded.decide(network, inputs, seen, rows)).collect();
    let flat: Vec<f64> = parts.iter().flat_map(|(classes, _)| classes).copied().collect();
    let classes = Array2::from_shape_fn((beats.len(), inputs.classes), |(i, c)| flat[i * inputs.classes + c]);
    let noise: Option<Vec<Vec<f64>>> = parts.into_iter().map(|(_, noise)| noise).collect();
    Said { classes, noise: noise.filter(|_| !beats.is_empty()).map(|parts| parts.concat()) }
}

/// Features of all beats that occur in a slot.
struct Encoded {
    /// Where the features of a beat lie; those of an empty slot come first.
    place: Vec<usize>,
    /// Beats × width.
    features: Vec<f32>,
    width: usize,
}

impl Encoded {
    fn of<N: BeatNetwork>(network: &N, inputs: &Inputs, beats: &Beats<'_>, seen: &Seen) -> Self {
        let mut wanted = vec![false; beats.all.len()];
        seen.slots.iter().filter_map(|&slot| beat_of(slot)).for_each(|beat| wanted[beat] = true);
        let mut place = vec![0; beats.all.len()];
        let mut slots = vec![crate::ecg::context::EMPTY];
        for (beat, _) in wanted.iter().enumerate().filter(|(_, wanted)| **wanted) {
            place[beat] = slots.len();
            slots.push(beat as i32);
        }
        let length = inputs.length;
        let encode = |slots: &[i32]| {
            let mut values = vec![0.0; slots.len() * length];
            slots.iter().zip(values.chunks_exact_mut(length)).for_each(|(&s, w)| inputs.wave(beats, s, w));
            let waves = TensorData::new(values, [slots.len(), length, 1]);
            floats(network.encode(&Tensor::from_data(waves, &Device::flex())))
        };
        let features = slots.par_chunks(CHUNK).map(encode).collect::<Vec<_>>().concat();
        Self { width: features.len() / slots.len(), place, features }
    }

    /// Probabilities of the classes and of noise of the beats at `rows`.
    fn decide<N: BeatNetwork>(
        &self,
        network: &N,
        inputs: &Inputs,
        seen: &Seen,
        rows: &[usize],
    ) -> (Vec<f64>, Option<Vec<f64>>) {
        let slots = seen.slots_of(rows, inputs.slots());
        let mut values = Vec::with_capacity(slots.len() * self.width);
        for &slot in &slots {
            let at = beat_of(slot).map_or(0, |beat| self.place[beat]);
            values.extend_from_slice(&self.features[at * self.width..(at + 1) * self.width]);
        }
        let device = Device::flex();
        let features = Tensor::from_data(TensorData::new(values, [slots.len(), self.width]), &device);
        let beside: Beside = seen.beside(rows, &device);
        let logits = network.decide(&features, &beside);
        let noise = logits
            .noise
            .map(|z| floats(z).into_iter().map(|z| 1.0 / (1.0 + (-f64::from(z)).exp())).collect());
        (softmax(&logits.classes), noise)
    }
}

/// Networks are f32 throughout.
fn floats(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap_or_default()
}
