//! The page of `paucal table prove`.

use paucal_evidence::verdict::Outcome;
use paucal_table::prove::Proof;

use super::{evidence, methods};
use crate::document::{Blocks, Compose, Document, Section, Text};

/// The document.
pub fn page(proof: &Proof) -> Document {
    let names: Vec<&str> = proof.arms.iter().map(|facts| facts.arm.as_str()).collect();
    Document::new("Does augmenting the rare class help?")
        .subtitle(
            Text::new()
                .plain("Predicting ")
                .code(&proof.target)
                .plain(", positive class ")
                .code(&proof.positive),
        )
        .summary(summary(proof))
        .section(evidence::section(proof))
        .section(limits(proof))
        .section(
            Section::new("methods", "Methods")
                .subsection(methods::proving())
                .subsection(methods::generators(&names)),
        )
        .references(methods::references())
}

/// The verdict in plain words.
pub fn summary(proof: &Proof) -> Blocks {
    let lines = proof.verdict.arms.iter().filter(|arm| arm.outcome != Outcome::Baseline).map(|arm| {
        let mut line = evidence::line(arm);
        line.evidence = arm.sentences.first().map(|sentence| sentence.as_str().into());
        line
    });
    Blocks::new().paragraph(Text::new().strong(proof.verdict.summary.as_str())).verdicts(lines)
}

/// What the experiment cannot say.
pub fn limits(proof: &Proof) -> Section {
    let verdict = &proof.verdict;
    let seen = verdict.detectable_sensitivity.map_or_else(
        || "With so few positives no change of sensitivity could have been shown.".to_owned(),
        |least| {
            format!(
                "With {} positive {}, a change of sensitivity below {:.1} percentage points could not have been shown \
                 (80% power, 5% level).",
                verdict.positive_clusters,
                if verdict.grouped { "patients" } else { "rows" },
                100.0 * least
            )
        },
    );
    Section::new("evidence-limits", "Limits of the evidence").list([
        Text::new().plain(seen),
        Text::new().plain(
            "The patients come from one table. Another hospital, another time or another prevalence may give another \
             answer.",
        ),
        Text::new().plain("One classifier, a random forest, was used in every arm; others may gain more or less."),
    ])
}
