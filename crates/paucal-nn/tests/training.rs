//! The training loop: exact resumption, early stopping, what is written and when.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Mutex;

use common::values;
use paucal_core::observe::{Event, Observer, Silent};
use paucal_core::{Advice, Cancel, ExitKind, Seed};
use paucal_nn::layers::{Activation, BatchNorm, Linear};
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::training::{Best, Checkpoints, Plan, Trainee, train};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, NnError, Tensor, noise};

/// A regression with noise, dropout-like masks and batch norm: everything a checkpoint must bring back.
struct Regression {
    seed: Seed,
    hidden: Linear,
    norm: BatchNorm,
    head: Linear,
    adam: Adam,
    cancel_at: Option<(u64, Cancel)>,
    metrics: Vec<f64>,
}

#[derive(Clone)]
struct Network {
    hidden: Linear,
    norm: BatchNorm,
    head: Linear,
}
paucal_nn::parameters!(Network { parts: hidden, norm, head });

impl Regression {
    fn new(seed: u64) -> Self {
        let (seed, device) = (Seed(seed), Device::flex());
        let mut stream = seed.stream("init", 0);
        Self {
            seed,
            hidden: Linear::new(5, 7, &mut stream, &device),
            norm: BatchNorm::new(7, &device),
            head: Linear::new(7, 1, &mut stream, &device),
            adam: Adam::new(AdamConfig { learning_rate: 1e-2, ..AdamConfig::default() }),
            cancel_at: None,
            metrics: vec![],
        }
    }

    fn network(&self) -> Network {
        Network { hidden: self.hidden.clone(), norm: self.norm.clone(), head: self.head.clone() }
    }

    fn put(&mut self, network: Network) {
        (self.hidden, self.norm, self.head) = (network.hidden, network.norm, network.head);
    }
}

impl Trainee for Regression {
    type Error = NnError;

    fn step(&mut self, k: u64, report: bool) -> Result<Vec<(&'static str, f64)>, NnError> {
        if let Some((at, cancel)) = &self.cancel_at
            && *at == k + 1
        {
            cancel.request();
        }
        let x: Tensor<2> = noise::normal(self.seed, "x", k, [12, 5], &Device::flex());
        let target = x.clone().sum_dim(1).tanh();
        let (h, saved) = self.norm.forward_train(self.hidden.forward(&x), Activation::Relu);
        let error = self.head.forward(&h) - target;
        let dy = error.clone() * (2.0 / 12.0);
        let mut gradients = Gradients::new();
        gradients.add_linear("head", self.head.gradient(&h, &dy));
        let (dx, norm) = self.norm.backward(&saved, &self.head.input_gradient(&dy));
        gradients.add_batch_norm("norm", norm);
        gradients.add_linear("hidden", self.hidden.gradient(&x, &dx));
        let mut network = self.network();
        self.adam.step(&mut network, gradients)?;
        self.put(network);
        let loss = error.square().mean();
        Ok(if report { vec![("loss", f64::from(values(&loss)[0]))] } else { vec![] })
    }

    fn evaluate(&mut self, steps: u64) -> Result<Option<f64>, NnError> {
        Ok(self.metrics.get(steps as usize / 5 - 1).copied())
    }

    fn networks(&self) -> Archive {
        Archive::new().with("net", &self.network())
    }

    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), NnError> {
        let mut network = self.network();
        archive.load("net", &mut network, origin)?;
        self.put(network);
        Ok(())
    }

    fn optimisers(&self) -> Archive {
        Archive::new().with_adam("adam", &self.adam)
    }

    fn load_optimisers(&mut self, archive: &Archive, origin: &str) -> Result<(), NnError> {
        let network = self.network();
        archive.load_adam("adam", &mut self.adam, &network, origin)
    }
}

fn bytes(trainee: &Regression) -> Vec<u8> {
    trainee.networks().joined("o", trainee.optimisers()).to_bytes().unwrap()
}

fn plan(checkpoints: Option<Checkpoints>) -> Plan {
    Plan { evaluate_every: 5, checkpoints, ..Plan::new("fit", 20) }
}

#[test]
fn a_run_stopped_and_resumed_ends_with_the_same_bytes() {
    let metrics = vec![0.1, 0.3, 0.2, 0.25];
    let mut straight = Regression { metrics: metrics.clone(), ..Regression::new(1) };
    let want = train(&mut straight, &plan(None), &Silent::new()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), "same");
    let cancel = Cancel::new();
    let mut first =
        Regression { metrics: metrics.clone(), cancel_at: Some((13, cancel.clone())), ..Regression::new(1) };
    let stopped =
        train(&mut first, &plan(Some(checkpoints.clone())), &Silent::with_cancel(cancel)).unwrap_err();
    assert!(matches!(stopped, NnError::Interrupted { step: 13, saved: true }));
    assert_eq!(stopped.exit_kind(), ExitKind::Interrupted);

    // A new process: other random weights until the checkpoint is read.
    let mut second = Regression { metrics, ..Regression::new(1) };
    let got = train(&mut second, &plan(Some(checkpoints.clone())), &Silent::new()).unwrap();
    assert_eq!(got, want);
    assert_eq!(got.best, Some(Best { step: 10, metric: 0.3 }));
    assert_eq!(bytes(&second), bytes(&straight));
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left(), 2, "one checkpoint, no litter");
    checkpoints.remove().unwrap();
    assert_eq!(left(), 0);
}

#[test]
fn the_checkpoint_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    train(&mut Regression::new(1), &plan(Some(Checkpoints::new(folder.path(), "a"))), &Silent::new())
        .unwrap();
    let other = plan(Some(Checkpoints::new(folder.path(), "b")));
    let error = train(&mut Regression::new(1), &other, &Silent::new()).unwrap_err();
    assert!(matches!(error, NnError::OtherRun { .. }));
    std::fs::write(folder.path().join("checkpoint.json"), "{").unwrap();
    let error = train(&mut Regression::new(1), &other, &Silent::new()).unwrap_err();
    assert!(matches!(error, NnError::DamagedState { .. }));
}

#[test]
fn patience_ends_training_and_the_best_networks_stay() {
    let metrics = vec![0.5, 0.4, 0.3, 0.9];
    let mut patient = Regression { metrics: metrics.clone(), ..Regression::new(2) };
    let outcome = train(&mut patient, &Plan { patience: 2, ..plan(None) }, &Silent::new()).unwrap();
    assert_eq!((outcome.steps, outcome.stopped_early), (15, true));
    let mut five = Regression::new(2);
    train(&mut five, &Plan::new("fit", 5), &Silent::new()).unwrap();
    assert_eq!(patient.networks(), five.networks());
}

/// An observer that remembers.
#[derive(Default)]
struct Record(Mutex<Vec<Event>>, Cancel);

impl Observer for Record {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }

    fn cancel(&self) -> &Cancel {
        &self.1
    }
}

#[test]
fn events_tell_the_stage_its_curve_and_its_end() {
    let record = Record::default();
    let plan = Plan { report_every: 8, ..Plan::new("fit", 20) };
    train(&mut Regression::new(3), &plan, &record).unwrap();
    let events = record.0.into_inner().unwrap();
    assert_eq!(events[0], Event::Started { stage: "fit".into(), total: Some(20) });
    assert_eq!(events[events.len() - 1], Event::Finished { stage: "fit".into() });
    let steps: Vec<u64> = events
        .iter()
        .filter_map(|e| if let Event::Scalar { step, .. } = e { Some(*step) } else { None })
        .collect();
    assert_eq!(steps, [0, 8, 16, 19]);
}

#[test]
fn damaged_missing_and_misfitting_weights_are_told_apart() {
    let archive = Regression::new(1).networks();
    let bytes = archive.to_bytes().unwrap();
    let error = Archive::from_bytes(&bytes[..bytes.len() - 9], "cut.safetensors").unwrap_err();
    assert!(error.to_string().contains("cut.safetensors is not a whole"), "{error}");

    let device = Device::flex();
    let mut wide = Linear::new(9, 7, &mut Seed(0).stream("", 0), &device);
    let error = archive.load("net.hidden", &mut wide, "f").unwrap_err();
    assert!(error.to_string().contains("F32[7, 5], the network needs F32[7, 9]"), "{error}");
    let error = archive.load("net.hiden", &mut wide, "f").unwrap_err();
    assert!(error.hint().unwrap().contains("net.hidden.weight"), "{error:?}");
}
