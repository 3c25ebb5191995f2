//! One call of the program: what was asked for, resolved, and where its messages go.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use paucal_core::run::{self, Existing, Input, LAYOUT, Manifest, RunFolder};
use paucal_core::{Cancel, Observer, Seed, config, files};
use paucal_signal::ecg::audit::AuditOptions as EcgAuditOptions;
use paucal_signal::ecg::benchmark::BenchmarkOptions;
use paucal_signal::ecg::classify::{self, BeatClassifier, Boost, Cnn, Ensemble, Hybrid};
use paucal_signal::ecg::discover::DiscoverOptions;
use paucal_signal::ecg::mine::MineOptions;
use paucal_signal::ecg::model::TrainOptions;
use paucal_signal::ecg::prepare::PrepareOptions;
use paucal_signal::ecg::prototypes::PrototypeOptions;
use paucal_table::Method;
use paucal_table::audit::AuditOptions;
use paucal_table::compare::CompareOptions;
use paucal_table::judge::JudgeOptions;
use paucal_table::prove::ProveOptions;
use paucal_table::tune::TuneOptions;
use serde::{Deserialize, Serialize};

use crate::cli::{Global, Writing};
use crate::error::UsageError;
use crate::printer::{Level, Printer};
use crate::progress::Console;

/// The settings of all verbs, from defaults, `--config` and `--set`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Seed of all randomness.
    pub seed: u64,
    /// `paucal table audit`.
    pub audit: AuditOptions,
    /// `paucal table judge`.
    pub judge: JudgeOptions,
    /// `paucal table prove`.
    pub prove: ProveOptions,
    /// `paucal table tune`.
    pub tune: TuneOptions,
    /// `paucal table compare`.
    pub compare: CompareOptions,
    /// `paucal ecg`.
    pub ecg: EcgSettings,
    /// Parameters of generators by name: `[ctgan]` with `steps = 5000`.
    #[serde(flatten)]
    pub generators: BTreeMap<String, toml::Table>,
}

/// The settings of all verbs of `paucal ecg`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EcgSettings {
    /// `paucal ecg audit`.
    pub audit: EcgAuditOptions,
    /// `paucal ecg prepare`.
    pub prepare: PrepareOptions,
    /// `paucal ecg judge --detector`.
    pub detectors: BenchmarkOptions,
    /// `paucal ecg train`, and the intervals of `paucal ecg judge`.
    pub train: TrainOptions,
    /// Boosted classifiers together.
    pub ensemble: Ensemble,
    /// Gradient boosting.
    pub boost: Boost,
    /// The small network of Wang et al.
    pub cnn: Cnn,
    /// The network on waves, neighbours, prototypes and features.
    pub hybrid: Hybrid,
    /// `paucal ecg prototypes`.
    pub prototypes: PrototypeOptions,
    /// `paucal ecg discover`.
    pub discover: DiscoverOptions,
    /// `paucal ecg mine`.
    pub mine: MineOptions,
}

impl EcgSettings {
    /// The method of that name with its parameters.
    pub fn classifier(&self, name: &str) -> Result<Box<dyn BeatClassifier>> {
        match name {
            Ensemble::NAME => Ok(Box::new(self.ensemble.clone())),
            Boost::NAME => Ok(Box::new(self.boost.clone())),
            Cnn::NAME => Ok(Box::new(self.cnn.clone())),
            Hybrid::NAME => Ok(Box::new(self.hybrid.clone())),
            _ => {
                let known: Vec<&str> = classify::METHODS.iter().map(|method| method.name).collect();
                Err(UsageError::unknown_classifier(name, &known).into())
            }
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            audit: AuditOptions::default(),
            judge: JudgeOptions::default(),
            prove: ProveOptions::default(),
            tune: TuneOptions::default(),
            compare: CompareOptions::default(),
            ecg: EcgSettings::default(),
            generators: BTreeMap::new(),
        }
    }
}

/// What every command gets.
pub struct Session {
    /// Output for the user.
    pub printer: Printer,
    /// Progress, warnings, the stop flag.
    pub console: Console,
    /// Resolved settings.
    pub settings: Settings,
    /// Where networks are trained.
    pub device: paucal_nn::Device,
    device_name: Option<String>,
    started: Instant,
}

impl Session {
    /// Resolves the global options.
    pub fn new(global: &Global, cancel: Cancel) -> Result<Self> {
        let level = match (global.quiet, global.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        };
        let printer = Printer::new(level, global.json);
        let mut settings: Settings = config::resolve(global.config.as_deref(), &global.settings)?;
        settings.seed = global.seed.unwrap_or(settings.seed);
        for name in settings.generators.keys() {
            paucal_table::method(name).map_err(|_| UsageError::unknown_section(name))?;
        }
        let device = paucal_nn::device::parse(global.device.as_deref().unwrap_or("cpu"))?;
        if let Some(threads) = global.threads {
            set_threads(threads)?;
        }
        Ok(Self {
            printer,
            console: Console::new(printer, cancel),
            settings,
            device,
            device_name: global.device.clone(),
            started: Instant::now(),
        })
    }

    /// The seed.
    pub fn seed(&self) -> Seed {
        Seed(self.settings.seed)
    }

    /// The parameters given for a generator; one that computes on a device gets the one of `--device`.
    pub fn generator(&self, method: &Method) -> toml::Table {
        let mut parameters = self.device_of(method);
        parameters.extend(self.settings.generators.get(method.name).cloned().unwrap_or_default());
        parameters
    }

    /// The device of `--device` as a parameter, for a generator that computes on one.
    pub fn device_of(&self, method: &Method) -> toml::Table {
        let device =
            self.device_name.clone().filter(|_| method.parameters.iter().any(|p| p.name == "device"));
        device.into_iter().map(|device| ("device".to_owned(), device.into())).collect()
    }

    /// Opens the folder of a run, keeps its settings there and lets events flow into it.
    pub fn begin<T: Serialize>(&self, out: &Path, writing: Writing, request: &T) -> Result<RunFolder> {
        let existing = match (writing.resume, writing.overwrite) {
            (true, _) => Existing::Resume,
            (_, true) => Existing::Overwrite,
            _ => Existing::Refuse,
        };
        let folder = RunFolder::create(out, existing)?;
        let config = toml::to_string_pretty(&Resolved { request, settings: &self.settings })?;
        check_same_request(&folder, existing, &config)?;
        folder.write("config.toml", config.as_bytes())?;
        self.console.log_to(&folder)?;
        Ok(folder)
    }

    /// Writes the report and then marks the run as finished.
    pub fn finish(&self, folder: &RunFolder, command: &str, inputs: &[&Path]) -> Result<()> {
        self.finish_with(folder, command, inputs.iter().map(|path| input(path)).collect::<Result<_>>()?)
    }

    /// As [`Session::finish`] for inputs whose digests are known.
    pub fn finish_with(&self, folder: &RunFolder, command: &str, inputs: Vec<Input>) -> Result<()> {
        let manifest = Manifest {
            layout: LAYOUT,
            command: command.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            inputs,
            seed: self.settings.seed,
            device: paucal_nn::device::describe(&self.device),
            wall_seconds: self.started.elapsed().as_secs_f64(),
            peak_memory_bytes: run::peak_memory_bytes(),
        };
        paucal_report::pages::write(folder, &manifest)?;
        folder.finish(&manifest)?;
        self.console.note(format!("finished in {:.1} s", manifest.wall_seconds));
        Ok(())
    }
}

/// A resumed run must ask for what the stopped one asked for.
fn check_same_request(folder: &RunFolder, existing: Existing, config: &str) -> Result<()> {
    let earlier = folder.file("config.toml");
    if existing == Existing::Resume && earlier.exists() && files::read_text(&earlier)? != config {
        return Err(UsageError::OtherSettings(folder.path().display().to_string()).into());
    }
    Ok(())
}

/// What `config.toml` holds.
#[derive(Serialize)]
struct Resolved<'a, T> {
    request: &'a T,
    settings: &'a Settings,
}

/// An input file by name and digest.
pub fn input(path: &Path) -> Result<Input> {
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    Ok(Input { name, sha256: files::sha256(path)? })
}

fn set_threads(threads: usize) -> Result<()> {
    if threads == 0 {
        return Err(UsageError::Threads.into());
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot set the number of threads")
}
