//! The training steps.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use paucal_nn::parameters::{Parameters, tracked, untracked};
use paucal_nn::{Device, Gradients, Mode, Tensor, device, noise};

use super::network::{Judge, Maker};
use super::{FittedTableGan, NAME, TableGan};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::{self, CellRows, Curves, Fit, Keep, Learner};
use crate::generators::neural::{adversarial, batch_and_pac, beside, matrix, scalar, softplus};

/// Added to variances, so that their root has a derivative at zero.
const TINY: f64 = 1e-8;

/// Learns from a table.
pub fn fit(
    parameters: &TableGan,
    table: &Table,
    context: &FitContext<'_>,
) -> Result<FittedTableGan, TableError> {
    let seed = context.seed.child(NAME, 0);
    let (rows, held_out) = CellRows::new(table, &parameters.common, seed, context.observer)?;
    let identity = neural::identity_of_values(parameters, seed, &rows.cells)?;
    let plan = parameters.common.plan(NAME, parameters.steps);
    neural::run(Training::new(parameters, &rows, seed)?, plan, held_out, &identity, context)
}

/// Networks and data of a running fit.
struct Training<'a> {
    parameters: &'a TableGan,
    seed: Seed,
    device: Device,
    rows: &'a CellRows,
    side: usize,
    batch: usize,
    /// 0 at the cell of the class, 1 elsewhere, `[1, side²]`.
    without_class: Tensor<2>,
    maker: Learner<Maker>,
    judge: Learner<Judge>,
    /// Absent in tables without a class.
    classifier: Option<Learner<Judge>>,
}

/// Real rows of drawn classes.
struct Batch {
    classes: Vec<u32>,
    squares: Tensor<2>,
}

impl<'a> Training<'a> {
    fn new(p: &'a TableGan, rows: &'a CellRows, seed: Seed) -> Result<Self, TableError> {
        let device = device::parse(&p.common.device)?;
        let encoder = &rows.encoder;
        let side = super::side_of(encoder)?;
        let mut without_class = vec![1.0; side * side];
        if let Some((cell, _)) = encoder.class() {
            without_class[cell] = 0.0;
        }
        let mut stream = seed.stream("initial", 0);
        let maker = p.maker(encoder, side, &mut stream, &device);
        let judge = Judge::new(side, p.width, 1, &mut stream, &device);
        let count = encoder.classes();
        let classifier = (count > 0).then(|| Judge::new(side, p.width, count, &mut stream, &device));
        let adam = adversarial(p.rate, p.weight_decay);
        Ok(Self {
            maker: Learner::new("generator", maker, adam).averaged(p.average),
            judge: Learner::new("critic", judge, adam),
            classifier: classifier.map(|network| Learner::new("classifier", network, adam)),
            without_class: matrix(without_class, side * side, &device),
            batch: batch_and_pac(rows.len(), p.batch, 1).0,
            parameters: p,
            seed,
            device,
            rows,
            side,
        })
    }

    fn draw_classes(&self, stream: &mut Stream) -> Vec<u32> {
        self.rows.draw_classes(self.batch, self.parameters.log_frequency, stream)
    }

    /// A real row for each of the drawn classes, laid out as squares; spare cells are 0.
    fn real(&self, step: u64) -> Batch {
        let mut stream = self.seed.stream("real", step);
        let classes = self.draw_classes(&mut stream);
        let (width, area) = (self.rows.encoder.width(), self.side * self.side);
        let mut values = vec![0.0; classes.len() * area];
        for (square, &class) in values.chunks_exact_mut(area).zip(&classes) {
            let members = self.rows.of_class(class);
            square[..width].copy_from_slice(self.rows.row(members[stream.index(members.len())]));
        }
        Batch { classes, squares: matrix(values, area, &self.device) }
    }

    fn bits(&self, classes: &[u32]) -> Tensor<2> {
        self.rows.bits(classes, &self.device)
    }

    /// Noise beside the classes.
    fn input(&self, classes: &[u32], purpose: &str, step: u64) -> Tensor<2> {
        let shape = [classes.len(), self.parameters.noise];
        beside(noise::normal(self.seed, purpose, step, shape, &self.device), &self.bits(classes))
    }

    /// One discriminator step down the cross-entropy of real and generated rows.
    fn step_judge(&mut self, step: u64, real: &Batch) -> Result<Tensor<1>, TableError> {
        let input = self.input(&real.classes, "judge/noise", step);
        let fake = self.maker.network.forward(input, Mode::Train);
        let mut judge = tracked(&self.judge.network);
        let (_, of_real) = judge.forward(real.squares.clone().autodiff(), Mode::Train);
        let (_, of_fake) = judge.forward(fake.autodiff(), Mode::Train);
        let loss = softplus(-of_real).mean() + softplus(of_fake).mean();
        let gradients = Gradients::of(&judge, loss.backward());
        self.judge.network = untracked(judge);
        self.judge.step(gradients)?;
        Ok(loss.inner())
    }

    /// One classifier step on real rows whose class is hidden.
    fn step_classifier(&mut self, real: &Batch) -> Result<(), TableError> {
        let bits = self.bits(&real.classes);
        if let Some(classifier) = &mut self.classifier {
            let mut graph = tracked(&classifier.network);
            let hidden = real.squares.clone() * self.without_class.clone();
            let (_, logits) = graph.forward(hidden.autodiff(), Mode::Train);
            let loss = cross_entropy(logits, bits.autodiff());
            let gradients = Gradients::of(&graph, loss.backward());
            classifier.network = untracked(graph);
            classifier.step(gradients)?;
        }
        Ok(())
    }

    /// One generator step: towards rows that are taken for real, whose features have the mean and the deviation of
    /// real ones, and whose values say the class they were made for.
    fn step_maker(&mut self, step: u64, real: &Batch) -> Result<Vec<(&'static str, Tensor<1>)>, TableError> {
        let classes = self.draw_classes(&mut self.seed.stream("maker/classes", step));
        let mut maker = tracked(&self.maker.network);
        let fake = maker.forward(self.input(&classes, "maker/noise", step).autodiff(), Mode::Train);
        // The judges are constants here, and what they record is forgotten.
        let mut judge = constant(&self.judge.network);
        let (wanted, _) = judge.forward(real.squares.clone().autodiff(), Mode::Train);
        let (features, scores) = judge.forward(fake.clone(), Mode::Train);
        let adversarial = softplus(-scores).mean();
        let information = self.information(&features, &wanted);
        let mut loss = adversarial.clone() + information.clone();
        let mut curves =
            vec![("loss/generator", adversarial.inner()), ("loss/information", information.inner())];
        if let Some(classifier) = &self.classifier {
            let hidden = fake * self.without_class.clone().autodiff();
            let (_, logits) = constant(&classifier.network).forward(hidden, Mode::Train);
            let of_class = cross_entropy(logits, self.bits(&classes).autodiff());
            loss = loss + of_class.clone();
            curves.push(("loss/class", of_class.inner()));
        }
        let gradients = Gradients::of(&maker, loss.backward());
        self.maker.network = untracked(maker);
        self.maker.step(gradients)?;
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

/// Mean of `−ln softmax` at the classes.
fn cross_entropy(logits: Tensor<2>, classes: Tensor<2>) -> Tensor<1> {
    let rows = logits.dims()[0] as f32;
    let top = logits.clone().detach().max_dim(1);
    let shifted = logits - top;
    let log_total = shifted.clone().exp().sum_dim(1).log();
    -((shifted - log_total) * classes).sum() / rows
}

impl Fit for Training<'_> {
    type Fitted = FittedTableGan;

    fn step(&mut self, k: u64, report: bool) -> Result<Curves, TableError> {
        let real = self.real(k);
        let of_judge = self.step_judge(k, &real)?;
        self.step_classifier(&real)?;
        let mut curves = self.step_maker(k, &real)?;
        self.maker.step_average(k);
        curves.push(("loss/critic", of_judge));
        if !report {
            return Ok(Vec::new());
        }
        Ok(curves.into_iter().map(|(name, value)| (name, scalar(value))).collect())
    }

    fn fitted(&self) -> FittedTableGan {
        FittedTableGan {
            parameters: self.parameters.clone(),
            side: self.side,
            encoder: self.rows.encoder.clone(),
            maker: self.maker.chosen(),
        }
    }

    fn learners(&self) -> Vec<&dyn Keep> {
        let mut all: Vec<&dyn Keep> = vec![&self.maker, &self.judge];
        all.extend(self.classifier.as_ref().map(|learner| learner as &dyn Keep));
        all
    }

    fn learners_mut(&mut self) -> Vec<&mut dyn Keep> {
        let mut all: Vec<&mut dyn Keep> = vec![&mut self.maker, &mut self.judge];
        all.extend(self.classifier.as_mut().map(|learner| learner as &mut dyn Keep));
        all
    }
}
