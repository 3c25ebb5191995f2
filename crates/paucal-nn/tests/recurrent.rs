//! Recurrent layers and transposed convolutions: against PyTorch, against the same thing through Burn's operations and
//! its graph, against differences, and on several threads.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, composed, golden, same, tensor, unmoved_by_threads, values};
use paucal_core::Seed;
use paucal_nn::layers::{BiLstm, ConvTranspose2d, Gru, Lstm, Recurrent, Stack, Window};
use paucal_nn::noise::Draw;
use paucal_nn::parameters::tracked;
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Parameters, Tensor, noise};

const SEED: Seed = Seed(5);

fn random<const D: usize>(purpose: &str, shape: [usize; D]) -> Tensor<D> {
    noise::normal(SEED, purpose, 0, shape, &Device::flex())
}

/// PyTorch's name of a recurrent parameter, such as `layers.1.input.weight`.
fn of_torch(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let (layer, [source, kind]) = match parts[..] {
        ["layers", layer, source, kind] => (layer, [source, kind]),
        [source, kind] => ("0", [source, kind]),
        _ => panic!("{name}"),
    };
    format!("{kind}_{}_l{layer}", if source == "input" { "ih" } else { "hh" })
}

/// Puts the weights of a case of the golden file into a network; `name` translates.
fn loaded<N: Parameters>(file: &Archive, path: &str, mut network: N, name: impl Fn(&str) -> String) -> N {
    let mut archive = Archive::new().with("", &network);
    let all: Vec<(String, Vec<usize>)> =
        archive.tensors().map(|(name, shape)| (name.to_owned(), shape.to_vec())).collect();
    for (own, shape) in all {
        archive.put(&own, &shape, &file.values(&format!("{path}.weights.{}", name(&own))).unwrap());
    }
    archive.load("", &mut network, "golden").unwrap();
    network
}

#[track_caller]
fn golden_gradients(file: &Archive, path: &str, got: &Gradients, name: impl Fn(&str) -> String) {
    for (own, gradient) in got.iter() {
        let want = file.values(&format!("{path}.gradients.{}", name(own))).unwrap();
        close(&values(gradient), &want, 1e-5);
    }
}

#[test]
fn recurrent_layers_are_those_of_pytorch() {
    let (file, device) = (golden("sequences.safetensors"), Device::flex());
    let mut stream = SEED.stream("init", 0);
    let prefixed = |name: &str| format!("layer.{}", of_torch(name));
    let of = |name: &str, shape: [usize; 2]| -> Tensor<2> { tensor(&file, name, shape) };

    let gru = loaded(&file, "gru", Gru::new(3, 4, &mut stream, &device), prefixed);
    let (y, trace) = gru.forward_train(&of("gru.x0", [30, 3]), 5, &of("gru.x1", [6, 4]));
    close(&values(&y), &file.values("gru.y").unwrap(), 1e-5);
    let mut gradients = Gradients::new();
    let of_sums = gru.backward(trace, &of("gru.dy", [30, 4]), "", &mut gradients);
    close(&values(&gru.input.input_gradient(&of_sums)), &file.values("gru.dx0").unwrap(), 1e-5);
    golden_gradients(&file, "gru", &gradients, prefixed);

    let lstm = loaded(&file, "lstm", Lstm::new(3, 4, &mut stream, &device), prefixed);
    let (h, c) = (of("lstm.x1", [6, 4]), of("lstm.x2", [6, 4]));
    let (y, trace) = lstm.forward_train(&of("lstm.x0", [30, 3]), 5, &h, &c);
    close(&values(&y), &file.values("lstm.y").unwrap(), 1e-5);
    let mut gradients = Gradients::new();
    let of_sums = lstm.backward(trace, &of("lstm.dy", [30, 4]), "", &mut gradients);
    close(&values(&lstm.input.input_gradient(&of_sums)), &file.values("lstm.dx0").unwrap(), 1e-5);
    golden_gradients(&file, "lstm", &gradients, prefixed);
}

/// A stack against a case; the gradient given to the output may be that of the last steps only.
fn golden_stack<L: Recurrent>(file: &Archive, path: &str, [steps, rows, inputs, units]: [usize; 4]) {
    let stack: Stack<L> = Stack::new(inputs, units, 2, 0.5, &mut SEED.stream("init", 0), &Device::flex());
    let stack = loaded(file, path, stack, of_torch);
    let x: Tensor<2> = tensor(file, &format!("{path}.x0"), [steps * rows, inputs]);
    let given = file.values(&format!("{path}.dy")).unwrap().len() / units;
    let (y, trace) = stack.forward_train(&x, steps, "", None);
    assert_eq!(values(&y), values(&stack.forward(&x, steps)));
    let last = values(&y.narrow(0, steps * rows - given, given));
    close(&last, &file.values(&format!("{path}.y")).unwrap(), 1e-5);
    let mut gradients = Gradients::new();
    let dy = tensor(file, &format!("{path}.dy"), [given, units]);
    let dx = stack.backward(trace, &dy, "", &mut gradients);
    close(&values(&dx), &file.values(&format!("{path}.dx0")).unwrap(), 1e-5);
    assert_eq!(gradients.iter().count(), 8);
    golden_gradients(file, path, &gradients, of_torch);
}

#[test]
fn stacks_are_those_of_pytorch() {
    let file = golden("sequences.safetensors");
    golden_stack::<Gru>(&file, "gru_stack", [4, 7, 3, 5]);
    golden_stack::<Lstm>(&file, "lstm_stack", [4, 7, 3, 5]);
    golden_stack::<Lstm>(&file, "lstm_last", [6, 17, 2, 3]);
}

/// A stack by hand, through the graph and by tensor operations, with the same dropout.
fn check_stack<L: Recurrent + Clone>([steps, rows, inputs, units]: [usize; 4], given: usize) {
    let stack: Stack<L> = Stack::new(inputs, units, 3, 0.4, &mut SEED.stream("init", 0), &Device::flex());
    let (x, dy) = (random("x", [steps * rows, inputs]), random("dy", [given * rows, units]));
    let draw = Some(Draw { seed: SEED, step: 3 });
    let (y, trace) = stack.forward_train(&x, steps, "dropout", draw);
    assert_ne!(values(&y), values(&stack.forward(&x, steps)), "something is dropped");
    let mut by_hand = Gradients::new();
    let dx = stack.backward(trace, &dy, "", &mut by_hand);

    let (live, leaf) = (tracked(&stack), x.clone().autodiff().require_grad());
    let (other, _) = live.forward_train(&leaf, steps, "dropout", draw);
    close(&values(&y), &values(&other.clone().inner()), 1e-5);
    let last = other.narrow(0, (steps - given) * rows, given * rows);
    let mut graph = (last * dy.clone().autodiff()).sum().backward();
    close(&values(&dx), &values(&leaf.grad_remove(&mut graph).unwrap()), 2e-5);
    same(&by_hand, &Gradients::of(&live, graph), 12);

    let lifted = composed(&stack);
    let (_, trace) = lifted.forward_train(&x.autodiff(), steps, "dropout", draw);
    let mut by_parts = Gradients::new();
    let other = lifted.backward(trace, &dy.autodiff(), "", &mut by_parts);
    close(&values(&dx), &values(&other.inner()), 2e-5);
    same(&by_hand, &by_parts, 12);
}

#[test]
fn stacks_are_those_of_the_graph() {
    for (shape, given) in
        [([5, 6, 3, 4], 5), ([2, 1, 1, 1], 1), ([4, 33, 20, 19], 1), ([3, 16, 5, 8], 2), ([1, 50, 7, 17], 1)]
    {
        check_stack::<Lstm>(shape, given);
        check_stack::<Gru>(shape, given);
    }
}

#[test]
fn both_directions_are_those_of_the_graph() {
    for (steps, rows, inputs, units, at) in
        [(5, 6, 3, 4, 2), (1, 1, 1, 1, 0), (4, 33, 20, 19, 3), (3, 2, 5, 8, 0)]
    {
        let device = Device::flex();
        let layer = BiLstm::new(inputs, units, &mut SEED.stream("init", 0), &device);
        let x = random("x", [steps * rows, inputs]);
        let dy = random("dy", [rows, 2 * units]);
        let (y, trace) = layer.forward_train(&x, steps, at);
        let mut by_hand = Gradients::new();
        let dx = layer.backward(trace, &dy, "", &mut by_hand);

        let (live, leaf) = (tracked(&layer), x.clone().autodiff().require_grad());
        let (other, _) = live.forward_train(&leaf, steps, at);
        close(&values(&y), &values(&other.clone().inner()), 1e-5);
        let mut graph = (other * dy.clone().autodiff()).sum().backward();
        close(&values(&dx), &values(&leaf.grad_remove(&mut graph).unwrap()), 1e-5);
        same(&by_hand, &Gradients::of(&live, graph), 8);

        let lifted = composed(&layer);
        let (_, trace) = lifted.forward_train(&x.autodiff(), steps, at);
        let mut by_parts = Gradients::new();
        let other = lifted.backward(trace, &dy.autodiff(), "", &mut by_parts);
        close(&values(&dx), &values(&other.inner()), 1e-5);
        same(&by_hand, &by_parts, 8);
    }
}

/// (case, inputs, outputs, window, output padding, rows, height, width).
fn transposed_cases() -> [(&'static str, ConvTranspose2d, [usize; 4]); 4] {
    let square = Window::square;
    let layer = |inputs, outputs, window, beyond| {
        ConvTranspose2d::new(inputs, outputs, window, beyond, &mut SEED.stream("init", 0), &Device::flex())
            .unwrap()
    };
    let odd = Window { kernel: [3, 2], stride: [2, 3], padding: [1, 0], dilation: [1, 1] };
    let sequence = Window { stride: [1, 2], ..Window::sequence(5).padding(2) };
    [
        ("transposed", layer(3, 4, odd, [1, 2]), [2, 4, 5, 3]),
        ("halving", layer(2, 5, square(4).stride(2).padding(1), [0, 0]), [3, 3, 3, 2]),
        ("sequence", layer(3, 2, sequence, [0, 1]), [4, 1, 7, 3]),
        ("dilated", layer(2, 3, square(3).stride(2).padding(2).dilation(2), [0, 0]), [1, 4, 3, 2]),
    ]
}

/// A tensor of the golden file, which has the channels first.
fn image(file: &Archive, name: &str, [rows, height, width, channels]: [usize; 4]) -> Tensor<4> {
    tensor(file, name, [rows, channels, height, width]).permute([0, 2, 3, 1])
}

#[test]
fn transposed_convolutions_are_those_of_pytorch() {
    let file = golden("sequences.safetensors");
    for (path, layer, shape) in transposed_cases() {
        let layer = loaded(&file, path, layer, str::to_owned);
        let x = image(&file, &format!("{path}.x0"), shape);
        let y = layer.forward(&x);
        close(&values(&y), &values(&image(&file, &format!("{path}.y"), y.dims())), 1e-5);
        assert_eq!(layer.positions([shape[1], shape[2]]), [y.dims()[1], y.dims()[2]]);
        let dy = image(&file, &format!("{path}.dy"), y.dims());
        let mut gradients = Gradients::new();
        let dx = layer.backward(&x, &dy, "", &mut gradients);
        close(&values(&dx), &values(&image(&file, &format!("{path}.dx0"), shape)), 1e-5);
        assert_eq!(gradients.iter().count(), 2);
        golden_gradients(&file, path, &gradients, str::to_owned);
    }
}

#[test]
fn transposed_convolutions_are_those_of_the_graph() {
    for (path, layer, shape) in transposed_cases() {
        let x = random(path, shape);
        let dy = random("dy", layer.forward(&x).dims());
        let mut by_hand = Gradients::new();
        let dx = layer.backward(&x, &dy, "", &mut by_hand);
        let (live, leaf) = (tracked(&layer), x.autodiff().require_grad());
        let mut graph = (live.forward(&leaf) * dy.autodiff()).sum().backward();
        close(&values(&dx), &values(&leaf.grad_remove(&mut graph).unwrap()), 1e-5);
        same(&by_hand, &Gradients::of(&live, graph), 2);
    }
}

#[test]
fn impossible_transposed_convolutions_are_refused() {
    let new = |inputs, window, beyond| {
        ConvTranspose2d::new(inputs, 2, window, beyond, &mut SEED.stream("init", 0), &Device::flex())
    };
    let window = Window::square(3).stride(2);
    assert!(new(3, window, [1, 1]).is_ok());
    assert!(new(0, window, [0, 0]).is_err());
    assert!(new(3, window, [0, 2]).is_err());
    assert!(new(3, window.padding(3), [0, 0]).is_err());
}

#[test]
fn gradients_of_a_gated_unit_are_those_of_differences() {
    let gru = Gru::new(2, 3, &mut SEED.stream("init", 0), &Device::flex());
    let (x, state, dy) = (random("x", [8, 2]), random("h", [2, 3]), random("dy", [8, 3]));
    let value = |gru: &Gru| -> f64 {
        let (y, _) = gru.forward_train(&x, 4, &state);
        values(&y).iter().zip(values(&dy)).map(|(y, dy)| f64::from(*y) * f64::from(dy)).sum()
    };
    let mut gradients = Gradients::new();
    let (_, trace) = gru.forward_train(&x, 4, &state);
    gru.backward(trace, &dy, "", &mut gradients);
    let step = 1e-2_f32;
    for (k, want) in values(gradients.get("recurrent.weight").unwrap()).into_iter().enumerate() {
        let moved = |sign: f32| {
            let mut change = vec![0.0_f32; 27];
            change[k] = sign * step;
            let change = Tensor::from_data(paucal_nn::TensorData::new(change, [9, 3]), &Device::flex());
            let mut gru = gru.clone();
            gru.recurrent.weight = gru.recurrent.weight.clone() + change;
            value(&gru)
        };
        let got = (moved(1.0) - moved(-1.0)) / f64::from(2.0 * step);
        assert!((got - f64::from(want)).abs() < 2e-3, "{k}: {got} {want}");
    }
}

#[test]
fn nothing_depends_on_the_number_of_threads() {
    fn all<L: Recurrent>() -> Vec<Vec<f32>> {
        let stack: Stack<L> = Stack::new(40, 72, 2, 0.5, &mut SEED.stream("init", 0), &Device::flex());
        let x = random("x", [20 * 70, 40]);
        let mut gradients = Gradients::new();
        let (y, trace) = stack.forward_train(&x, 20, "dropout", Some(Draw { seed: SEED, step: 1 }));
        let dx = stack.backward(trace, &y, "", &mut gradients);
        let mut out = vec![values(&y), values(&dx)];
        out.extend(gradients.iter().map(|(_, g)| values(g)));
        out
    }
    unmoved_by_threads(|| (all::<Lstm>(), all::<Gru>()));
}
