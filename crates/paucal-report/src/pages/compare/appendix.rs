//! Four appendices in plain language: the generators, the search, the objective, the search spaces.

use paucal_table::METHODS;
use paucal_table::compare::{Comparison, Detail};

use super::super::tune as page;
use crate::document::{Compose, Reference, Section, Text, slug};

/// What each generator is for, besides what the registry says it does.
fn context(name: &str) -> &'static str {
    match name {
        "independent" => {
            "It is the floor: it keeps every column and loses every relation. A generator that does not beat it has learnt \
             nothing about patients, only about columns."
        }
        "gaussian-copula" => {
            "It fits in a moment, needs few patients and follows relations that rise or fall together. It cannot follow \
             bends, thresholds or groups within a class. A good first choice below a few hundred rows."
        }
        "ctgan" => {
            "It can follow any relation, and rows of a rare level are shown to it more often than they occur. It needs some \
             hundred rows or more, is sensitive to its parameters and may miss rare kinds of patients."
        }
        "copulagan" => {
            "CTGAN in transformed columns: every number is brought to a bell curve first. It helps where numbers are skewed \
             and their marginal shape matters most."
        }
        "tvae" => {
            "It trains more steadily than a GAN and often keeps relations better on a few hundred rows; its rows tend to be \
             a little too average, so extremes and rare levels may be thin."
        }
        "tabddpm" => {
            "Diffusion is the strongest family of neural generators on tables of some thousand rows in recent comparisons. It \
             is conditioned on the class, which suits rare classes; drawing rows takes longer than with the others."
        }
        "tablegan" => {
            "It lays a row out as a small picture and uses the networks of image synthesis. Of historical interest; a \
             classifier inside keeps labels plausible."
        }
        "ganeraid" => {
            "It writes a row step by step with a recurrent network and was proposed for small clinical tables. Its published \
             version ignores labels; ours is told the class."
        }
        "forest-flow" => {
            "Boosted trees learn how noise turns into patients. On small tables it is the most accurate generator known to \
             us, and missing values need no special care. Being accurate it comes near to training patients: read the \
             privacy table with care."
        }
        "arf" => {
            "Forests cut the patients into small groups within which columns hardly depend on each other. Fits in seconds, \
             with little to set; groups of one patient are never used."
        }
        "cart" => {
            "Columns are drawn one after the other from decision trees on those before, as statistical agencies do. Simple \
             and accurate; it repeats single values of patients, so it comes near to them."
        }
        "smote-nc" => {
            "It draws points on lines between neighbouring patients of one class: the oversampling that others must beat. Its \
             rows lie between patients by design and so reveal them; it is no way to share data."
        }
        _ => "",
    }
}

/// Appendix 1.
pub fn models(names: &[&str]) -> Section {
    let section = Section::new("appendix-models", "Appendix 1: the generators");
    names.iter().filter_map(|name| METHODS.iter().find(|method| method.name == *name)).fold(
        section,
        |section, m| {
            section.subsection(
                Section::new(format!("model-{}", slug(m.name)), format!("{} ({})", m.title, m.name))
                    .paragraph(m.summary)
                    .paragraph(context(m.name))
                    .paragraph(Text::new().emphasis("Source: ").plain(m.paper)),
            )
        },
    )
}

/// Appendix 2, with CTGAN or else the first generator that was searched as its example.
pub fn search(comparison: &Comparison) -> Section {
    let searched = || comparison.details.iter().filter(|d| !d.trials.is_empty());
    let example = searched().find(|d| d.model == "ctgan").or_else(|| searched().next());
    let section = Section::new("appendix-search", "Appendix 2: how the search works")
        .paragraph(Text::marked(
            "A *trial* is one choice of all parameters, say of CTGAN: how wide its networks are, how fast they learn, how \
             many rows they see at a time. The trial fits the generator on a part of the patients and scores its rows on \
             others. After some trials one would like to know which choice to try next. *TPE*, the tree-structured \
             Parzen estimator [@bergstra], answers with two pictures.",
        ))
        .numbered([
            Text::marked(
                "The trials are sorted by score and split into a few good ones (about a tenth) and the rest.",
            ),
            Text::marked(
                "For each group a density is drawn over the parameters: a small hill on every trial, wide where trials are few. \
                 The first shows where good trials lie, the second where all others lie.",
            ),
            Text::marked(
                "Some candidates are drawn from the good density, and the one for which *good* is largest compared with *rest* is \
                 tried next. Regions that did well are visited more often, but the hills are wide, so others are not forgotten.",
            ),
            Text::marked(
                "The hills stand in all parameters together, so that combinations count: a high learning rate that only works \
                 with a small network is learnt as such [@watanabe].",
            ),
        ])
        .paragraph(
            "The first trial has the default parameters, the next ones are drawn at random, then TPE takes over. Trials that run \
             side by side are treated as if they would end badly, so that two workers do not try the same. A trial that does \
             worse than half of the others on its first split is not given the second.",
        )
        .paragraph(
            "The best of many noisy scores looks better than it is. So the best few trials are scored once more with fresh \
             seeds, the best of these is used, and the final word have patients that no trial has seen.",
        );
    match example {
        Some(detail) => section.paragraph(told(detail)),
        None => section,
    }
}

/// The search of one entry as a story.
fn told(detail: &Detail) -> Text {
    let scored: Vec<(u64, f64)> = detail
        .trials
        .iter()
        .filter_map(|t| Some((t.number, t.value?)).filter(|_| t.state == "complete"))
        .collect();
    let best = scored.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a });
    let text = Text::new()
        .emphasis("An example. ")
        .plain("For ")
        .code(&detail.model)
        .plain(" on ")
        .code(&detail.data)
        .plain(format!(
            " {} parameters were searched in {} trials.",
            detail.space.len(),
            detail.trials.len()
        ));
    match (scored.first(), best) {
        (Some((0, first)), Some((number, value))) if number > 0 => text.plain(format!(
            " The default parameters scored {first:.3}; trial {number} was the best with {value:.3}."
        )),
        (Some(_), Some((number, value))) => {
            text.plain(format!(" Trial {number} was the best with {value:.3}."))
        }
        _ => text,
    }
}

/// Appendix 3.
pub fn objective() -> Section {
    Section::new("appendix-objective", "Appendix 3: the objective")
        .paragraph(
            "The objective asks two things of synthetic rows: do they look like patients (similarity, 60 %), and do they teach \
             what patients teach (accuracy, 40 %)? Both lie between 0 and 1, so neither can drown the other.",
        )
        .subsection(Section::new("objective-emd", "Single columns: the earth mover's distance").paragraph(Text::marked(
            "Think of a histogram as a heap of earth. The earth mover's distance [@rubner] is the least work that turns the \
             heap of the real column into that of the synthetic one: how much earth, times how far. It sees a shift that \
             leaves two histograms without a common bar, and does not depend on bins. Its unit is that of the column, so it \
             is divided by the range of the real column; without this, a column in square millimetres would count a \
             thousand times more than one in millimetres. For levels the share of patients that would have to change their \
             level is taken (total variation).",
        )))
        .subsection(Section::new("objective-association", "Pairs of columns: the distance of associations").paragraph(
            Text::marked(
                "Columns may each be right and still fit together wrongly: a pregnant man has a plausible sex and a plausible \
                 pregnancy. So the association of every pair is computed, real and synthetic: Pearson's correlation between \
                 numbers, Cramér's V between levels, the correlation ratio between a number and levels. The Euclidean \
                 (Frobenius) distance of the two matrices, divided by the largest it can be, is the second half of similarity.",
            ),
        ))
        .subsection(Section::new("objective-accuracy", "Accuracy: train on one, test on the other").paragraph(
            Text::marked(
                "A random forest is trained on synthetic rows and tested on real patients (TSTR), and the other way round \
                 (TRTS). Both are divided by what a forest reaches that is trained and tested on real patients (TRTR), and \
                 capped at 1. The measure is balanced accuracy, the mean recall of the classes: a forest that calls everybody \
                 healthy gets a half, however rare the disease.",
            ),
        ))
        .paragraph(
            "Why not simpler forms? Earlier programs took 1 / (1 + distance) in the unit of each column. On breast cancer data \
             that form gives shuffled columns, with every relation destroyed, a better similarity than other real patients. The \
             older forms are still computed, for comparison with published numbers, in each judgement.",
        )
}

/// Appendix 4.
pub fn spaces(comparison: &Comparison) -> Section {
    let section = Section::new("appendix-spaces", "Appendix 4: what was searched, and why").paragraph(
        "The ranges follow from the size of the table: a batch is never larger than a part of the patients and always a \
         multiple of what the critic looks at together, networks are no wider than the table can feed. Rates and decays are \
         searched on a logarithmic scale, since their effect goes by factors. Steps are not searched where a network keeps \
         its best state anyway.",
    );
    let mut shown: Vec<&str> = Vec::new();
    comparison.details.iter().filter(|d| !d.space.is_empty()).fold(section, |section, detail| {
        // The ranges differ a little between tables; the reasons do not. One table for each generator is enough.
        if shown.contains(&detail.model.as_str()) {
            return section;
        }
        shown.push(&detail.model);
        let best = detail.finalists.first().map(|f| f.trial);
        let trial = detail.trials.iter().find(|t| Some(t.number) == best);
        let caption = format!("{}: parameters, ranges and reasons, on {}.", detail.model, detail.data);
        section.table(page::space_table(
            &format!("space-{}", slug(&detail.model)),
            caption,
            &detail.space,
            trial,
        ))
    })
}

/// Works that the appendices cite.
pub fn references() -> Vec<Reference> {
    vec![
        Reference::new("bergstra", "Bergstra J, Bardenet R, Bengio Y, Kégl B. Algorithms for hyper-parameter optimization. NeurIPS 2011.")
            .address("https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization"),
        Reference::new("watanabe", "Watanabe S. Tree-structured Parzen estimator: understanding its algorithm components and their roles for better empirical performance. 2023.")
            .address("https://arxiv.org/abs/2304.11127"),
        Reference::new("rubner", "Rubner Y, Tomasi C, Guibas LJ. The earth mover's distance as a metric for image retrieval. International Journal of Computer Vision 40, 2000.")
            .doi("10.1023/A:1026543900054"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generator_has_its_context() {
        for method in METHODS {
            assert!(context(method.name).len() > 80, "{} is not described", method.name);
        }
    }
}
