//! The loop.

use std::time::{Duration, Instant};

use paucal_core::Observer;
use paucal_core::observe::Event;

use super::Trainee;
use super::checkpoint::{Best, Checkpoints, Progress};
use crate::error::NnError;

/// How often the outside hears of progress, at most.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What to do and when.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Name of the stage in events, such as `fit ctgan`.
    pub stage: String,
    /// Optimiser steps.
    pub steps: u64,
    /// Steps between two reports of training curves; 0 for none.
    pub report_every: u64,
    /// Steps between two judgements; 0 for none.
    pub evaluate_every: u64,
    /// Judgements without a gain after which training stops; 0 to go on to the end. The best networks are kept
    /// either way.
    pub patience: u64,
    /// Where and how often to save the state, if at all.
    pub checkpoints: Option<Checkpoints>,
}

impl Plan {
    /// A plan of `steps` steps that reports every hundredth and neither judges nor saves.
    pub fn new(stage: &str, steps: u64) -> Self {
        Self {
            stage: stage.to_owned(),
            steps,
            report_every: 100,
            evaluate_every: 0,
            patience: 0,
            checkpoints: None,
        }
    }
}

/// How training ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Steps made.
    pub steps: u64,
    /// The best judgement; its networks are the ones left in the trainee.
    pub best: Option<Best>,
    /// Whether patience ran out before the steps did.
    pub stopped_early: bool,
}

/// Trains to the end of the plan, resuming from its checkpoint if there is one.
///
/// # Errors
/// [`NnError::Interrupted`] when the observer asked for a stop (after writing a checkpoint, if the plan has a
/// place for it), [`NnError::Diverged`] when a reported value is not finite, and whatever the trainee returns.
pub fn train<T: Trainee>(trainee: &mut T, plan: &Plan, observer: &dyn Observer) -> Result<Outcome, T::Error> {
    let mut progress = match &plan.checkpoints {
        Some(checkpoints) => checkpoints.load(trainee)?.unwrap_or_default(),
        None => Progress::default(),
    };
    let stage = || plan.stage.clone();
    observer.event(Event::Started { stage: stage(), total: Some(plan.steps) });
    if progress.step > 0 {
        observer.event(Event::Progress { stage: stage(), done: progress.step });
    }
    let (mut told, mut saved) = (Instant::now(), Instant::now());
    while progress.step < plan.steps && !progress.out_of_patience(plan.patience) {
        if observer.cancelled() {
            return interrupted(trainee, plan, &progress);
        }
        let k = progress.step;
        let report = due(plan.report_every, k) || k + 1 == plan.steps;
        // On a thread of the pool: from any other each of the many kernels of a step would wake one and wait for it.
        for (name, value) in rayon::scope(|_| trainee.step(k, report))? {
            if !value.is_finite() {
                return Err(NnError::Diverged { step: k, what: name.to_owned() }.into());
            }
            observer.event(Event::Scalar { name: name.to_owned(), step: k, value });
        }
        progress.step += 1;
        if plan.evaluate_every > 0 && (due(plan.evaluate_every, progress.step) || progress.step == plan.steps)
        {
            judge(trainee, &mut progress, observer)?;
        }
        if told.elapsed() >= PROGRESS_INTERVAL {
            observer.event(Event::Progress { stage: stage(), done: progress.step });
            told = Instant::now();
        }
        if let Some(checkpoints) = &plan.checkpoints
            && checkpoints.due(progress.step, saved.elapsed())
        {
            checkpoints.save(trainee, &progress)?;
            saved = Instant::now();
        }
    }
    finish(trainee, plan, &progress, observer)
}

fn due(every: u64, step: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}

fn judge<T: Trainee>(
    trainee: &mut T,
    progress: &mut Progress,
    observer: &dyn Observer,
) -> Result<(), T::Error> {
    let Some(value) = trainee.evaluate(progress.step)? else { return Ok(()) };
    observer.event(Event::Scalar { name: "metric".into(), step: progress.step, value });
    // A judgement that is not a number never wins.
    if progress.best.as_ref().is_none_or(|best| value > best.metric) && !value.is_nan() {
        progress.best = Some(Best { step: progress.step, metric: value });
        progress.best_networks = Some(trainee.networks());
        progress.stale = 0;
    } else {
        progress.stale += 1;
    }
    Ok(())
}

fn interrupted<T: Trainee>(trainee: &T, plan: &Plan, progress: &Progress) -> Result<Outcome, T::Error> {
    if let Some(checkpoints) = &plan.checkpoints {
        checkpoints.save(trainee, progress)?;
    }
    Err(NnError::Interrupted { step: progress.step, saved: plan.checkpoints.is_some() }.into())
}

fn finish<T: Trainee>(
    trainee: &mut T,
    plan: &Plan,
    progress: &Progress,
    observer: &dyn Observer,
) -> Result<Outcome, T::Error> {
    // Saved once more, so that a crash in what follows does not cost the training.
    if let Some(checkpoints) = &plan.checkpoints {
        checkpoints.save(trainee, progress)?;
    }
    let stopped_early = progress.step < plan.steps;
    if let Some(networks) = &progress.best_networks {
        trainee.load_networks(networks, "the best networks so far")?;
    }
    observer.event(Event::Progress { stage: plan.stage.clone(), done: plan.steps });
    observer.event(Event::Finished { stage: plan.stage.clone() });
    Ok(Outcome { steps: progress.step, best: progress.best, stopped_early })
}
