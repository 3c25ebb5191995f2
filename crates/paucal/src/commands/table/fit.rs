//! `paucal table fit`: learn a generator from a table.

use anyhow::Result;
use paucal_core::files;
use paucal_table::{Checkpoint, FitContext, ModelFacts, method, save_model};
use serde::Serialize;

use super::Roles;
use crate::cli::Fit;
use crate::error::UsageError;
use crate::session::Session;

/// What `config.toml` keeps of the request.
#[derive(Serialize)]
struct Request<'a> {
    command: &'static str,
    model: &'a str,
    target: Option<&'a str>,
    group: Option<&'a str>,
    steps: Option<u64>,
}

/// What is printed and kept as `result.json`.
#[derive(Serialize)]
struct Outcome {
    schema: &'static str,
    model: String,
    rows: usize,
    columns: usize,
    seconds: f64,
    out: String,
}

/// Fits and saves.
pub fn run(session: &Session, arguments: &Fit) -> Result<()> {
    let name = arguments.model.as_str();
    let method = method(name)?;
    let mut parameters = session.generator(method);
    if let Some(steps) = arguments.steps {
        if !method.parameters.iter().any(|p| p.name == "steps") {
            return Err(UsageError::NoSteps(name.into()).into());
        }
        parameters.insert("steps".into(), toml::Value::Integer(i64::try_from(steps).unwrap_or(i64::MAX)));
    }
    let generator = method.generator(&parameters)?;
    generator.can_be_saved()?;
    let (target, group) = (arguments.target.as_deref(), arguments.group.as_deref());
    let roles = Roles { target, group, ..Roles::default() };
    let read = super::read_table(session, &arguments.data, &arguments.reading, roles)?;

    let request = Request { command: "table fit", model: name, target, group, steps: arguments.steps };
    let folder = session.begin(&arguments.out, arguments.writing, &request)?;
    let begun = std::time::Instant::now();
    let checkpoint = Checkpoint { folder: folder.file("checkpoint"), resume: arguments.writing.resume };
    let context =
        FitContext { seed: session.seed(), observer: &session.console, checkpoint: Some(checkpoint) };
    let fitted = generator.fit(&read.table, &context)?;

    let facts = ModelFacts {
        parameters,
        seed: session.seed(),
        training_rows: read.table.rows(),
        input_sha256: Some(files::sha256(&arguments.data)?),
    };
    save_model(&folder, fitted.as_ref(), &facts)?;
    folder.write("schema.toml", read.table.schema().to_toml()?.as_bytes())?;
    let outcome = Outcome {
        schema: "paucal.fit/1",
        model: name.into(),
        rows: read.table.rows(),
        columns: read.table.columns().len(),
        seconds: begun.elapsed().as_secs_f64(),
        out: arguments.out.display().to_string(),
    };
    folder.write_json("result.json", &outcome)?;
    session.finish(&folder, "table fit", &[&arguments.data])?;
    folder.remove_folder("checkpoint")?;
    let text = format!(
        "Fitted {} to {} rows in {:.1} s: {}\nNext: paucal table sample {} -n {} -o synthetic.csv\n",
        method.title, outcome.rows, outcome.seconds, outcome.out, outcome.out, outcome.rows
    );
    session.printer.result(&outcome, &text)
}
