//! The training steps.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::parameters::{Parameters, move_towards, to_device, tracked, untracked};
use paucal_nn::training::{self, Trainee};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Mode, Tensor, device, noise};

use super::network::{Judge, Maker};
use super::{FittedTableGan, NAME, TableGan};
use crate::condition::Frequency;
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::cells::CellEncoder;
use crate::generators::neural::labelled::draw_class;
use crate::generators::neural::{self, HeldOut, batch_and_pac, beside, matrix, one_hot, scalar};
use crate::transform::Plan;

/// Added to variances, so that their root has a derivative at zero.
const TINY: f64 = 1e-8;

/// Learns from a table.
pub fn fit(
    parameters: &TableGan,
    table: &Table,
    context: &FitContext<'_>,
) -> Result<FittedTableGan, TableError> {
    let seed = context.seed.child(NAME, 0);
    let (table, held_out) = HeldOut::split(table, parameters.hold_out, seed)?;
    let encoder = CellEncoder::new(Plan::new(&table, context.observer)?, parameters.missing)?;
    let cells = encoder.encode(&table, seed.child("encode", 0));
    let identity = neural::identity_of_values(parameters, seed, &cells)?;
    let mut running = Training::new(parameters, &encoder, &cells, &encoder.classes_of(&table), seed)?;
    running.held_out = held_out;
    let plan = training::Plan {
        evaluate_every: parameters.judge_every,
        patience: parameters.patience,
        ..training::Plan::new(&format!("fit {NAME}"), parameters.steps)
    };
    neural::run(&mut running, plan, context, &identity)?;
    Ok(running.fitted())
}

/// Networks, optimisers and data of a running fit.
struct Training<'a> {
    parameters: &'a TableGan,
    seed: Seed,
    device: Device,
    encoder: &'a CellEncoder,
    cells: &'a [f32],
    /// Rows of each class.
    members: Vec<Vec<usize>>,
    held_out: Option<HeldOut>,
    side: usize,
    batch: usize,
    /// 0 at the cell of the class, 1 elsewhere, `[1, side²]`.
    without_class: Tensor<2>,
    maker: Maker,
    average: Maker,
    judge: Judge,
    /// Absent in tables without a class.
    classifier: Option<Judge>,
    maker_adam: Adam,
    judge_adam: Adam,
    classifier_adam: Adam,
}

/// Real rows of drawn classes.
struct Batch {
    classes: Vec<u32>,
    squares: Tensor<2>,
}

impl<'a> Training<'a> {
    fn new(
        p: &'a TableGan,
        encoder: &'a CellEncoder,
        cells: &'a [f32],
        classes: &[u32],
        seed: Seed,
    ) -> Result<Self, TableError> {
        let device = device::parse(&p.device)?;
        let side = super::side_of(encoder)?;
        let mut members = vec![Vec::new(); encoder.classes().max(1)];
        classes.iter().enumerate().for_each(|(row, &class)| members[class as usize].push(row));
        let mut without_class = vec![1.0; side * side];
        if let Some((cell, _)) = encoder.class() {
            without_class[cell] = 0.0;
        }
        let mut stream = seed.stream("initial", 0);
        let maker = p.maker(encoder, side, &mut stream, &device);
        let count = encoder.classes();
        let adam = Adam::new(AdamConfig {
            learning_rate: p.rate,
            beta1: 0.5,
            beta2: 0.9,
            weight_decay: p.weight_decay,
            ..AdamConfig::default()
        });
        Ok(Self {
            average: maker.clone(),
            maker,
            judge: Judge::new(side, p.width, 1, &mut stream, &device),
            classifier: (count > 0).then(|| Judge::new(side, p.width, count, &mut stream, &device)),
            maker_adam: adam.clone(),
            judge_adam: adam.clone(),
            classifier_adam: adam,
            without_class: matrix(without_class, side * side, &device),
            batch: batch_and_pac(classes.len(), p.batch, 1).0,
            parameters: p,
            seed,
            device,
            encoder,
            cells,
            members,
            held_out: None,
            side,
        })
    }

    /// The model as it is now, on the CPU.
    fn fitted(&self) -> FittedTableGan {
        let chosen = if self.parameters.average > 0.0 { &self.average } else { &self.maker };
        FittedTableGan {
            parameters: self.parameters.clone(),
            side: self.side,
            encoder: self.encoder.clone(),
            maker: to_device(chosen.clone(), &Device::flex()),
        }
    }

    fn draw_classes(&self, stream: &mut Stream) -> Vec<u32> {
        let frequency = if self.parameters.log_frequency { Frequency::Log } else { Frequency::Empirical };
        (0..self.batch).map(|_| draw_class(self.encoder, frequency, stream)).collect()
    }

    /// A real row for each of the drawn classes, laid out as squares; spare cells are 0.
    fn real(&self, step: u64) -> Batch {
        let mut stream = self.seed.stream("real", step);
        let classes = self.draw_classes(&mut stream);
        let (width, area) = (self.encoder.width(), self.side * self.side);
        let mut values = vec![0.0; classes.len() * area];
        for (square, &class) in values.chunks_exact_mut(area).zip(&classes) {
            let members = &self.members[class as usize];
            let row = members[stream.index(members.len())];
            square[..width].copy_from_slice(&self.cells[row * width..(row + 1) * width]);
        }
        Batch { classes, squares: matrix(values, area, &self.device) }
    }

    fn bits(&self, classes: &[u32]) -> Tensor<2> {
        one_hot(classes, self.encoder.classes(), &self.device)
    }

    /// Noise beside the classes.
    fn input(&self, classes: &[u32], purpose: &str, step: u64) -> Tensor<2> {
        let shape = [classes.len(), self.parameters.noise];
        beside(noise::normal(self.seed, purpose, step, shape, &self.device), &self.bits(classes))
    }

    /// One discriminator step down the cross-entropy of real and generated rows.
    fn step_judge(&mut self, step: u64, real: &Batch) -> Result<Tensor<1>, TableError> {
        let input = self.input(&real.classes, "judge/noise", step);
        let fake = self.maker.forward(input, Mode::Train);
        let mut judge = tracked(&self.judge);
        let (_, of_real) = judge.forward(real.squares.clone().autodiff(), Mode::Train);
        let (_, of_fake) = judge.forward(fake.autodiff(), Mode::Train);
        let loss = softplus(-of_real).mean() + softplus(of_fake).mean();
        let gradients = Gradients::of(&judge, loss.backward());
        self.judge = untracked(judge);
        self.judge_adam.step(&mut self.judge, gradients)?;
        Ok(loss.inner())
    }

    /// One classifier step on real rows whose class is hidden.
    fn step_classifier(&mut self, real: &Batch) -> Result<(), TableError> {
        let bits = self.bits(&real.classes);
        if let Some(classifier) = &mut self.classifier {
            let mut graph = tracked(classifier);
            let hidden = real.squares.clone() * self.without_class.clone();
            let (_, logits) = graph.forward(hidden.autodiff(), Mode::Train);
            let loss = cross_entropy(logits, bits.autodiff());
            let gradients = Gradients::of(&graph, loss.backward());
            *classifier = untracked(graph);
            self.classifier_adam.step(classifier, gradients)?;
        }
        Ok(())
    }

    /// One generator step: towards rows that are taken for real, whose features have the mean and the deviation of
    /// real ones, and whose values say the class they were made for.
    fn step_maker(&mut self, step: u64, real: &Batch) -> Result<Vec<(&'static str, Tensor<1>)>, TableError> {
        let classes = self.draw_classes(&mut self.seed.stream("maker/classes", step));
        let mut maker = tracked(&self.maker);
        let fake = maker.forward(self.input(&classes, "maker/noise", step).autodiff(), Mode::Train);
        // The judges are constants here, and what they record is forgotten.
        let mut judge = constant(&self.judge);
        let (wanted, _) = judge.forward(real.squares.clone().autodiff(), Mode::Train);
        let (features, scores) = judge.forward(fake.clone(), Mode::Train);
        let adversarial = softplus(-scores).mean();
        let information = self.information(&features, &wanted);
        let mut loss = adversarial.clone() + information.clone();
        let mut curves =
            vec![("loss/generator", adversarial.inner()), ("loss/information", information.inner())];
        if let Some(classifier) = &self.classifier {
            let hidden = fake * self.without_class.clone().autodiff();
            let (_, logits) = constant(classifier).forward(hidden, Mode::Train);
            let of_class = cross_entropy(logits, self.bits(&classes).autodiff());
            loss = loss + of_class.clone();
            curves.push(("loss/class", of_class.inner()));
        }
        let gradients = Gradients::of(&maker, loss.backward());
        self.maker = untracked(maker);
        self.maker_adam.step(&mut self.maker, gradients)?;
        Ok(curves)
    }

    /// `max(0, ‖mean difference‖ − δ_mean) + max(0, ‖deviation difference‖ − δ_sd)` of the features of fake and real
    /// rows (equations 2 to 4 of the paper, on the batch).
    fn information(&self, fake: &Tensor<2>, real: &Tensor<2>) -> Tensor<1> {
        let hinge = |difference: Tensor<2>, delta: f64| {
            let norm = (difference.square().sum() + TINY).sqrt();
            (norm - delta).clamp_min(0.0)
        };
        let deviation = |t: &Tensor<2>| {
            let centred = t.clone() - t.clone().mean_dim(0);
            (centred.square().mean_dim(0) + TINY).sqrt()
        };
        let means = fake.clone().mean_dim(0) - real.clone().mean_dim(0);
        hinge(means, self.parameters.delta_mean)
            + hinge(deviation(fake) - deviation(real), self.parameters.delta_sd)
    }

    /// The average follows the weights; its memory grows with the steps made.
    fn step_average(&mut self, step: u64) {
        let keep = self.parameters.average.min((step as f64 + 1.0) / (step as f64 + 10.0));
        if self.parameters.average > 0.0 {
            move_towards(&mut self.average, &self.maker, (1.0 - keep) as f32);
        }
    }
}

/// A copy next to a graph whose weights are not part of it.
fn constant<N: Parameters + Clone>(network: &N) -> N {
    use paucal_nn::parameters::{Role, VisitMut};
    struct Lift;
    impl VisitMut for Lift {
        fn tensor<const D: usize>(&mut self, _: &str, role: Role, tensor: &mut Tensor<D>) {
            if role == Role::Weight {
                tensor.inplace(Tensor::autodiff);
            }
        }
    }
    let mut copy = network.clone();
    copy.visit_mut("", &mut Lift);
    copy
}

/// `ln(1 + eˣ)`
fn softplus(x: Tensor<2>) -> Tensor<2> {
    x.clone().clamp_min(0.0) + ((-x.abs()).exp() + 1.0).log()
}

/// Mean of `−ln softmax` at the classes.
fn cross_entropy(logits: Tensor<2>, classes: Tensor<2>) -> Tensor<1> {
    let rows = logits.dims()[0] as f32;
    let top = logits.clone().detach().max_dim(1);
    let shifted = logits - top;
    let log_total = shifted.clone().exp().sum_dim(1).log();
    -((shifted - log_total) * classes).sum() / rows
}

impl Trainee for Training<'_> {
    type Error = TableError;

    fn step(&mut self, k: u64, report: bool) -> Result<Vec<(&'static str, f64)>, TableError> {
        let real = self.real(k);
        let of_judge = self.step_judge(k, &real)?;
        self.step_classifier(&real)?;
        let mut curves = self.step_maker(k, &real)?;
        self.step_average(k);
        curves.push(("loss/critic", of_judge));
        if !report {
            return Ok(Vec::new());
        }
        Ok(curves.into_iter().map(|(name, value)| (name, scalar(value))).collect())
    }

    fn evaluate(&mut self, steps: u64) -> Result<Option<f64>, TableError> {
        match &self.held_out {
            Some(held_out) => held_out.judge(&self.fitted(), steps),
            None => Ok(None),
        }
    }

    fn networks(&self) -> Archive {
        let archive = Archive::new()
            .with("generator", &self.maker)
            .with("average", &self.average)
            .with("critic", &self.judge);
        archive.with("classifier", &self.classifier)
    }

    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), TableError> {
        archive.load("generator", &mut self.maker, origin)?;
        archive.load("average", &mut self.average, origin)?;
        archive.load("critic", &mut self.judge, origin)?;
        Ok(archive.load("classifier", &mut self.classifier, origin)?)
    }

    fn optimisers(&self) -> Archive {
        Archive::new()
            .with_adam("generator", &self.maker_adam)
            .with_adam("critic", &self.judge_adam)
            .with_adam("classifier", &self.classifier_adam)
    }

    fn load_optimisers(&mut self, archive: &Archive, origin: &str) -> Result<(), TableError> {
        archive.load_adam("generator", &mut self.maker_adam, &self.maker, origin)?;
        archive.load_adam("critic", &mut self.judge_adam, &self.judge, origin)?;
        Ok(archive.load_adam("classifier", &mut self.classifier_adam, &self.classifier, origin)?)
    }
}
