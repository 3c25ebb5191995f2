//! The training steps.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use paucal_nn::losses::{self, ClassLoss};
use paucal_nn::{Device, Gradients, Tensor, device, noise};

use super::information::information;
use super::network::{Judge, Maker};
use super::{FittedTableGan, NAME, TableGan};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::{self, CellRows, Curves, Fit, Keep, Learner};
use crate::generators::neural::{adversarial, batch_and_pac, beside, matrix};

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
        let maker = p.maker(encoder, side, &mut stream, &device)?;
        let judge = Judge::new(side, p.width, 1, &mut stream, &device)?;
        let count = encoder.classes();
        let classifier =
            (count > 0).then(|| Judge::new(side, p.width, count, &mut stream, &device)).transpose()?;
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

    /// Noise beside the classes.
    fn input(&self, classes: &[u32], purpose: &str, step: u64) -> Tensor<2> {
        let shape = [classes.len(), self.parameters.noise];
        beside(
            noise::normal(self.seed, purpose, step, shape, &self.device),
            &self.rows.bits(classes, &self.device),
        )
    }

    /// One discriminator step down the cross-entropy of real and generated rows.
    fn step_judge(&mut self, step: u64, real: &Batch) -> Result<f64, TableError> {
        let input = self.input(&real.classes, "judge/noise", step);
        let (fake, _) = self.maker.network.forward_train(input);
        let mut gradients = Gradients::new();
        let mut learn = |squares: &Tensor<2>, truth: f32| {
            let found = self.judge.network.forward_train(squares);
            let (loss, of_scores) = taken_for(&found.outputs, truth);
            self.judge.network.backward(found.trace, of_scores, &mut gradients);
            loss
        };
        let loss = learn(&real.squares, 1.0) + learn(&fake, 0.0);
        self.judge.step(gradients)?;
        Ok(loss)
    }

    /// One classifier step on real rows whose class is hidden.
    fn step_classifier(&mut self, real: &Batch) -> Result<(), TableError> {
        if let Some(classifier) = &mut self.classifier {
            let hidden = real.squares.clone() * self.without_class.clone();
            let found = classifier.network.forward_train(&hidden);
            let (_, of_logits) = of_classes(&found.outputs, &real.classes);
            let mut gradients = Gradients::new();
            classifier.network.backward(found.trace, of_logits, &mut gradients);
            classifier.step(gradients)?;
        }
        Ok(())
    }

    /// One generator step: towards rows that are taken for real, whose features have the mean and the deviation of
    /// real ones, and whose values say the class they were made for.
    fn step_maker(&mut self, step: u64, real: &Batch) -> Result<Curves, TableError> {
        let classes = self.draw_classes(&mut self.seed.stream("maker/classes", step));
        let input = self.input(&classes, "maker/noise", step);
        let (fake, trace) = self.maker.network.forward_train(input);
        let (mut of_fake, mut curves) = self.towards_real(&fake, &real.squares);
        if let Some((of_class, more)) = self.towards_classes(&fake, &classes) {
            curves.push(("loss/class", of_class));
            of_fake = of_fake + more;
        }
        let gradients = self.maker.network.backward(trace, of_fake);
        self.maker.step(gradients)?;
        Ok(curves)
    }

    /// Gradient of generated squares towards being taken for real and having the features of real ones.
    fn towards_real(&self, fake: &Tensor<2>, real: &Tensor<2>) -> (Tensor<2>, Curves) {
        // The judges are constants here, and what they record is forgotten.
        let mut judge = self.judge.network.clone();
        let wanted = judge.forward_train(real).features;
        let found = judge.forward_train(fake);
        let (adversarial, of_scores) = taken_for(&found.outputs, 1.0);
        let slacks = [self.parameters.delta_mean, self.parameters.delta_sd];
        let (apart, of_features) = information(&found.features, &wanted, slacks);
        let of_fake = judge.input_gradient(found.trace, Some(of_features), of_scores);
        (of_fake, vec![("loss/generator", adversarial), ("loss/information", apart)])
    }

    /// Cross-entropy of the classes that the classifier sees in generated squares, and its gradient.
    fn towards_classes(&self, fake: &Tensor<2>, classes: &[u32]) -> Option<(f64, Tensor<2>)> {
        let mut classifier = self.classifier.as_ref()?.network.clone();
        let found = classifier.forward_train(&(fake.clone() * self.without_class.clone()));
        let (loss, of_logits) = of_classes(&found.outputs, classes);
        let of_hidden = classifier.input_gradient(found.trace, None, of_logits);
        Some((loss, of_hidden * self.without_class.clone()))
    }
}

/// Cross-entropy of scores with all rows being real (1) or generated (0), and its gradient.
fn taken_for(scores: &Tensor<2>, truth: f32) -> (f64, Tensor<2>) {
    losses::binary(scores, &vec![truth; scores.dims()[0]])
}

/// Cross-entropy of logits with the classes, and its gradient.
fn of_classes(logits: &Tensor<2>, classes: &[u32]) -> (f64, Tensor<2>) {
    let targets: Vec<_> = classes.iter().map(|&class| Some(class as usize)).collect();
    ClassLoss::CrossEntropy.of(logits, &targets, &vec![1.0; classes.len()])
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
        Ok(if report { curves } else { Vec::new() })
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
