use paucal_core::Seed;
use proptest::prelude::*;

use super::forward::Ending;
use super::*;
use crate::layers::Activation;

fn drawn(purpose: &str, n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    Seed(1).stream(purpose, n as u64).fill_normal(&mut values);
    values
}

/// Calls `each(weight, input, output)` with the places of every product of a convolution.
fn products(shape: &Shape, samples: usize, mut each: impl FnMut(usize, usize, usize)) {
    let [inputs, outputs] = shape.per_group();
    let [down, across] = shape.positions();
    let Window { kernel, stride, padding, dilation } = shape.window;
    let seen = |d: usize, p: usize, k: usize| {
        (p * stride[d] + k * dilation[d]).checked_sub(padding[d]).filter(|&at| at < shape.size[d])
    };
    for n in 0..samples {
        for (p, q) in (0..down * across).map(|i| (i / across, i % across)) {
            for o in 0..shape.outputs {
                let to = ((n * down + p) * across + q) * shape.outputs + o;
                for (k, l) in (0..shape.cells()).map(|i| (i / kernel[1], i % kernel[1])) {
                    let (Some(y), Some(x)) = (seen(0, p, k), seen(1, q, l)) else { continue };
                    for i in 0..inputs {
                        let place = (n * shape.size[0] + y) * shape.size[1] + x;
                        let from = place * shape.inputs + o / outputs * inputs + i;
                        each((o * inputs + i) * shape.cells() + k * kernel[1] + l, from, to);
                    }
                }
            }
        }
    }
}

fn close(got: &[f32], want: &[f64], terms: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.len(), want.len());
    for (i, (&g, &w)) in got.iter().zip(want).enumerate() {
        let allowed = 2e-6 * (terms as f64).sqrt().max(1.0) * w.abs().max(1.0);
        prop_assert!((f64::from(g) - w).abs() <= allowed, "[{}]: {} is not {}", i, g, w);
    }
    Ok(())
}

fn shapes() -> impl Strategy<Value = (Shape, usize)> {
    let axis = || (1..5_usize, 1..4_usize, 0..3_usize, 1..3_usize, 1..20_usize);
    let groups = prop_oneof![3 => 1..4_usize, 1 => prop_oneof![Just(17_usize), Just(32)]];
    (axis(), axis(), groups, 1..4_usize, 1..4_usize, 1..4_usize, prop::bool::ANY).prop_filter_map(
        "the kernel fits",
        |(y, x, groups, inputs, outputs, samples, wide)| {
            // Many groups are channels.
            let [inputs, outputs] = if groups > 4 { [1, 1] } else { [inputs, outputs] };
            let outputs = if wide && groups <= 4 { 23 * outputs } else { outputs };
            let window =
                Window { kernel: [y.0, x.0], stride: [y.1, x.1], padding: [y.2, x.2], dilation: [y.3, x.3] };
            let fits = (0..2).all(|d| window.padding[d] <= window.dilation[d] * (window.kernel[d] - 1));
            let size = [y.4, x.4];
            let shape = Shape { size, inputs: groups * inputs, outputs: groups * outputs, groups, window };
            (fits && shape.positions().iter().all(|&n| n > 0)).then_some((shape, samples))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn all_passes_are_the_sums_of_their_products((shape, samples) in shapes()) {
        let [down, across] = shape.positions();
        let x = drawn("x", samples * shape.input_len());
        let dy = drawn("dy", samples * shape.output_len());
        let weight = drawn("w", shape.outputs * shape.per_group()[0] * shape.cells());
        let bias = drawn("b", shape.outputs);
        let mut y: Vec<f64> = (0..dy.len()).map(|i| f64::from(bias[i % shape.outputs])).collect();
        let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; weight.len()]);
        products(&shape, samples, |w, from, to| {
            y[to] += f64::from(weight[w]) * f64::from(x[from]);
            dx[from] += f64::from(weight[w]) * f64::from(dy[to]);
            dw[w] += f64::from(x[from]) * f64::from(dy[to]);
        });
        let leaky = Activation::LeakyRelu(0.2);
        y.iter_mut().for_each(|v| *v *= if *v > 0.0 { 1.0 } else { f64::from(0.2_f32) });
        let ending = Ending { bias: Some(&bias), activation: leaky };
        let terms = shape.cells() * shape.inputs.max(shape.outputs);
        close(&forward(&shape, &x, &weight, ending), &y, terms)?;
        close(&input_gradient(&shape, &dy, &weight), &dx, terms)?;
        close(&weight_gradient(&shape, &x, &dy), &dw, samples * down * across)?;
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let shapes = [
        Shape {
            size: [13, 17],
            inputs: 5,
            outputs: 20,
            groups: 1,
            window: Window::square(3).stride(2).padding(1),
        },
        Shape { size: [30, 31], inputs: 64, outputs: 130, groups: 1, window: Window::square(3).padding(1) },
        Shape {
            size: [40, 41],
            inputs: 40,
            outputs: 40,
            groups: 40,
            window: Window::square(3).stride(2).padding(1),
        },
        Shape { size: [1, 400], inputs: 6, outputs: 6, groups: 6, window: Window::sequence(5).padding(2) },
    ];
    for shape in shapes {
        let x = drawn("x", 3 * shape.input_len());
        let dy = drawn("dy", 3 * shape.output_len());
        let weight = drawn("w", shape.outputs * shape.per_group()[0] * shape.cells());
        let all = || {
            let ending = Ending { bias: None, activation: Activation::Identity };
            let passes = [
                forward(&shape, &x, &weight, ending),
                input_gradient(&shape, &dy, &weight),
                weight_gradient(&shape, &x, &dy),
            ];
            passes.concat()
        };
        let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(all);
        let one = on(1);
        assert_eq!(one, on(2));
        assert_eq!(one, on(5));
    }
}
