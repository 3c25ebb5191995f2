//! Row activation and cross-entropy: the fused CPU passes against the composed operations and their graph.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, values};
use paucal_core::Seed;
use paucal_nn::rows::{RowLayout, SpanKind};
use paucal_nn::{Device, Tensor, TensorData, noise};
use proptest::prelude::*;

const ROWS: usize = 17;

fn layout(parts: &[(bool, usize)]) -> RowLayout {
    let parts: Vec<_> = parts
        .iter()
        .map(|&(one_hot, n)| if one_hot { (SpanKind::OneHot, n) } else { (SpanKind::Scalar, 1) })
        .collect();
    RowLayout::new(&parts, &Device::flex()).unwrap()
}

fn random(layout: &RowLayout, purpose: &str) -> Tensor<2> {
    noise::normal(Seed(9), purpose, 0, [ROWS, layout.width()], &Device::flex()) * 3.0
}

/// A one-hot target per span and a weight of 0, 1 or 2 per row and span.
fn targets(layout: &RowLayout) -> (Tensor<2>, Tensor<2>) {
    let mut stream = Seed(9).stream("target", 0);
    let spans = layout.one_hot_spans();
    let mut target = vec![0.0; ROWS * layout.width()];
    let mut weight = vec![0.0; ROWS * spans];
    for row in 0..ROWS {
        let one_hot = layout.spans().iter().filter(|s| s.kind == SpanKind::OneHot);
        for (k, span) in one_hot.enumerate() {
            target[row * layout.width() + span.start + stream.index(span.length)] = 1.0;
            weight[row * spans + k] = stream.index(3) as f32;
        }
    }
    let device = Device::flex();
    (
        Tensor::from_data(TensorData::new(target, [ROWS, layout.width()]), &device),
        Tensor::from_data(TensorData::new(weight, [ROWS, spans]), &device),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn fused_and_composed_agree(parts in prop::collection::vec((any::<bool>(), 1_usize..9), 1..12)) {
        let layout = layout(&parts);
        let (x, noise, dy) = (random(&layout, "x"), random(&layout, "g"), random(&layout, "dy"));
        let leaf = x.clone().autodiff().require_grad();
        let composed = layout.activate(&leaf, Some(&noise), 0.5);
        let fused = layout.activate(&x, Some(&noise), 0.5);
        close(&values(&fused), &values(&composed.clone().inner()), 2e-6);
        let graph = (composed.clone() * dy.clone()).sum().backward();
        let by_graph = leaf.grad(&graph).unwrap();
        close(&values(&layout.activate_backward(&fused, &dy, 0.5)), &values(&by_graph), 2e-5);
        // A graph tensor that is not tracked takes the composed way through the hand-written backward.
        let composed = layout.activate_backward(&fused.autodiff(), &dy, 0.5);
        close(&values(&composed.inner()), &values(&by_graph), 2e-5);

        let sigma = noise::uniform(Seed(9), "sigma", 0, [layout.width()], &Device::flex()) + 0.1;
        let leaves = (x.clone().autodiff().require_grad(), sigma.clone().autodiff().require_grad());
        let (composed, _, _) = layout.gaussian(&leaves.0, &dy, &leaves.1);
        let (fused, dx, of_sigma) = layout.gaussian(&x, &dy, &sigma);
        close(&values(&fused), &values(&composed.clone().inner()), 1e-5);
        let graph = composed.backward();
        close(&values(&dx), &values(&leaves.0.grad(&graph).unwrap()), 1e-4);
        close(&values(&of_sigma), &values(&leaves.1.grad(&graph).unwrap()), 1e-4);

        if layout.one_hot_spans() > 0 {
            let (target, weight) = targets(&layout);
            let leaf = x.clone().autodiff().require_grad();
            let (composed, by_formula) = layout.cross_entropy(&leaf, &target, &weight);
            let (fused, gradient) = layout.cross_entropy(&x, &target, &weight);
            close(&values(&fused), &values(&composed.clone().inner()), 1e-5);
            close(&values(&gradient), &values(&by_formula.inner()), 1e-5);
            if composed.is_tracked() {
                let graph = composed.backward();
                close(&values(&gradient), &values(&leaf.grad(&graph).unwrap()), 1e-5);
            }
        }
    }
}

#[test]
fn one_hot_spans_sum_to_one_even_for_extreme_logits() {
    let layout = layout(&[(false, 1), (true, 4), (true, 2)]);
    let x = random(&layout, "x") * 200.0;
    let y = values(&layout.activate(&x, None, 0.2));
    for row in y.chunks(7) {
        assert!((-1.0..=1.0).contains(&row[0]));
        assert!((row[1..5].iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!((row[5..].iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}

#[test]
fn empty_layouts_are_refused() {
    assert!(RowLayout::new(&[], &Device::flex()).is_err());
    assert!(RowLayout::new(&[(SpanKind::OneHot, 0)], &Device::flex()).is_err());
}
