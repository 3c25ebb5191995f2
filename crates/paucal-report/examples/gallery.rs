//! Writes a gallery of everything a report can hold: `cargo run -p paucal-report --example gallery FOLDER`.
//!
//! All numbers are made up.

#[path = "gallery/figures.rs"]
mod figures;

use std::path::PathBuf;

use paucal_core::run::{Existing, RunFolder};
use paucal_report::document::{
    Answer, Better, Blocks, Cell, Column, Compose, Document, Reference, Section, Table, Text, Verdict,
};
use paucal_report::{Estimate, export};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).map_or_else(|| PathBuf::from("gallery"), PathBuf::from);
    let folder = RunFolder::create(&path, Existing::Overwrite)?;
    export::write(&document(), &folder)?;
    Ok(())
}

fn document() -> Document {
    Document::new("Does augmentation help to find malignant tumours?")
        .subtitle("Wisconsin breast cancer table, thinned to 30 malignant cases · every number on this page is made up")
        .summary(summary())
        .section(question())
        .section(data())
        .section(figures::evidence())
        .section(figures::fidelity())
        .section(figures::columns())
        .section(figures::training())
        .section(figures::heart())
        .section(limits())
        .section(reproduce())
        .references(references())
        .provenance("Written by", "paucal 0.1.0, gallery of the report crate")
        .provenance("Seed", "7")
        .provenance("Input", Text::new().code("wdbc.csv").plain(", SHA-256 ").code("3f1b6c0d…9a2e"))
}

fn summary() -> Blocks {
    Blocks::new()
        .verdicts([
            Verdict::new(
                "Does augmentation help to find the rare cases?",
                Answer::No,
                "Adding synthetic cases did not raise average precision beyond weighting the classes.",
            )
            .evidence("Difference −0.01 (95% interval −0.04 to +0.02), p = 0.41, 50 paired folds"),
            Verdict::new(
                "Do the synthetic cases look like real ones?",
                Answer::Unclear,
                "Single columns do; pairs of columns are weaker than in real held-out cases.",
            )
            .evidence("Pair score 0.84 (0.81 to 0.87); real hold-out 0.93"),
            Verdict::new(
                "Are the synthetic cases further from the training cases than a copy would be?",
                Answer::Yes,
                "The nearest-record tests found no copies. This is not proof of anonymity.",
            )
            .evidence("Share nearer to training than to hold-out 51% (47% to 55%); 50% is expected"),
            Verdict::new(
                "Does it hold in other hospitals?",
                Answer::NotAssessed,
                "There is one hospital in the data.",
            ),
        ])
        .paragraph(
            "A computer model was trained to tell malignant from benign tumours when only 30 malignant ones are \
             known. We asked whether inventing further malignant cases helps it. It did not: telling the \
             model that malignant cases matter more worked as well, and its probabilities stayed closer to the \
             truth.",
        )
        .caution(
            "Few events",
            "With 30 malignant cases, a difference of less than about 0.05 cannot be seen by any method.",
        )
}

fn question() -> Section {
    Section::new("question", "What was asked")
        .paragraph(Text::marked(
            "Resampling and augmentation seldom raise discrimination and often ruin calibration \
             [@goorbergh; @carriero]. So every arm is compared with *class weights* on the same real test \
             folds, before and after recalibration. [section:evidence] holds the answer, [table:arms] the \
             numbers behind it.",
        ))
        .list([
            Text::marked("**Baseline:** logistic regression, classes weighted."),
            Text::marked("**Asked about:** the same with 200 cases from a `gaussian-copula`."),
            Text::new()
                .plain("A column may be called ")
                .code("<script>alert(\"x\")</script>")
                .plain(" and stays harmless."),
        ])
        .key_values([
            ("Cases", "387, of which 30 malignant (7.8%)"),
            ("Columns", "30 numeric, 1 class"),
            ("Split", "5 folds × 10 repeats, grouped by patient"),
        ])
}

fn data() -> Section {
    let columns = [
        Column::new("Column"),
        Column::new("Mean").unit("real data"),
        Column::new("KS score").better(Better::Higher).explained(Text::marked(
            "one minus the largest distance between the two cumulative distributions [@sdmetrics]",
        )),
        Column::new("Real hold-out").better(Better::Higher),
        Column::new("Missing"),
        Column::new("p").explained("permutation test, corrected for 30 columns after Holm"),
    ];
    let table = Table::new("columns", "Columns of the table. Made-up numbers.", columns)
        .row([
            Cell::code("radius_mean"),
            Cell::significant(14.127, 3),
            Estimate::new(0.94, 0.91, 0.96).into(),
            Cell::decimals(0.95, 2),
            Cell::percent(0.0, 1),
            Cell::PValue(0.31),
        ])
        .row([
            Cell::code("area_worst, a name much longer than the others"),
            Cell::significant(88_012.583, 3),
            Estimate::new(0.81, 0.76, 0.86).into(),
            Cell::decimals(0.94, 2),
            Cell::percent(0.031, 1),
            Cell::PValue(0.000_2),
        ])
        .emphasised_row([
            Cell::text("All columns"),
            Cell::Empty,
            Estimate::new(0.9, 0.88, 0.92).into(),
            Cell::Missing("the hold-out has too few rows".into()),
            Cell::percent(0.002, 1),
            Cell::Missing("no joint test".into()),
        ])
        .note("Intervals are 95%, from 1,000 bootstrap samples by patient.");
    let many = Table::new("detail", "Every fold. Made-up numbers.", ["Fold", "Average precision"])
        .rows(1..=25usize, |fold| [Cell::Count(fold), Cell::decimals(0.7 + 0.01 * (fold % 7) as f64, 3)]);
    Section::new("data", "Data and audit")
        .subsection(Section::new("columns", "Columns").table(table))
        .subsection(Section::new("folds", "Folds").table(many.folded()).details(
            "How the folds were made",
            Blocks::new().paragraph("All rows of a patient stand in the same fold."),
        ))
}

fn limits() -> Section {
    Section::new("limits", "Limits")
        .limit("One hospital", "Nothing here says how the model does elsewhere.")
        .finding("Stable ranking", "The order of the arms was the same in 47 of 50 repeats.")
        .explanation(
            "Average precision",
            "Of the alarms that the model raises, how many are right, averaged over all thresholds. A model \
             without skill reaches the share of rare cases, here 0.08.",
        )
}

fn reproduce() -> Section {
    Section::new("reproduce", "How to reproduce")
        .paragraph("The same version, seed and input give the same numbers.")
        .code("paucal table prove wdbc.csv --target diagnosis --rare malignant \\\n    --group patient --arms weights,gaussian-copula --folds 5 --repeats 10 --seed 7 --out runs/prove")
}

fn references() -> [Reference; 4] {
    [
        Reference::new(
            "goorbergh",
            "van den Goorbergh R, van Smeden M, Timmerman D, Van Calster B. The harm of class imbalance \
             corrections for risk prediction models. J Am Med Inform Assoc 2022;29:1525–34.",
        )
        .doi("10.1093/jamia/ocac093"),
        Reference::new(
            "carriero",
            "Carriero A, et al. The harms of class imbalance corrections for machine learning based prediction models. 2024.",
        ),
        Reference::new("sdmetrics", "SDMetrics.").address("https://docs.sdv.dev/sdmetrics"),
        Reference::new("unused", "Never cited, so never printed."),
    ]
}
