//! The audit of a table: what is in it, and what would mislead.

use paucal_evidence::leak::{LeakMeasure, LeakReport, LeakScore};
use paucal_table::audit::{AuditFinding, AuditReport, ColumnAudit, Severity, TargetAudit};

use crate::document::{
    Answer, Blocks, Cell, Column, Compose, Document, Figure, Section, Table, Text, Verdict,
};
use crate::figure::{ClassBalance, ScoreBars};
use crate::number::{self, Estimate};
use crate::pages::findings;

/// Most columns in the figure of missing values.
const DRAWN: usize = 25;

/// The document of `paucal table audit`.
pub fn page(report: &AuditReport) -> Document {
    let count = |severity| report.of(severity).count();
    let (problems, cautions) = (count(Severity::Problem), count(Severity::Caution));
    let answer = match (problems, cautions) {
        (0, 0) => Verdict::new(
            "Can this table be trusted as it is?",
            Answer::Yes,
            "Nothing was found that would mislead.",
        ),
        (0, _) => Verdict::new(
            "Can this table be trusted as it is?",
            Answer::Unclear,
            format!("{cautions} things need a look before it is used.").as_str(),
        ),
        _ => Verdict::new(
            "Can this table be trusted as it is?",
            Answer::No,
            format!("{problems} problems must be dealt with first, and {cautions} things need a look.")
                .as_str(),
        ),
    };
    let gravest = report.of(Severity::Problem).chain(report.of(Severity::Caution)).take(5).map(sentence);
    Document::new("What is in this table?")
        .summary(Blocks::new().verdicts([answer]).list(gravest))
        .section(section(report))
        .section(Section::new("limits", "Limits").list(limits(report)))
}

/// The section, for pages of several verbs.
pub fn section(report: &AuditReport) -> Section {
    let section = Section::new("audit", "Data and audit").paragraph(
        format!("{} rows and {} columns were read.", number::count(report.rows), report.columns.len())
            .as_str(),
    );
    let section = match &report.target {
        Some(target) => section.paragraph(power(target)).figure(balance(target)),
        None => section,
    };
    let section = section.table(findings(report)).maybe(missing(report));
    let section = match &report.leak {
        Some(LeakReport::Measured { measure, .. }) => section.table(leak(measure)),
        _ => section,
    };
    section.table(columns(report))
}

fn sentence(finding: &AuditFinding) -> Text {
    let text = Text::new().plain(capital(&finding.sentence)).plain(".");
    if finding.advice.is_empty() { text } else { text.plain(format!(" {}.", capital(&finding.advice))) }
}

fn capital(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn power(target: &TargetAudit) -> Text {
    let text = Text::new()
        .plain("The target is ")
        .code(&target.column)
        .plain(", its positive class ")
        .code(&target.positive);
    let text = text.plain(format!(
        " with {} rows ({}).",
        number::count(target.positives),
        number::percent(target.prevalence, 1)
    ));
    match target.detectable_paired {
        Some(least) => text.plain(format!(
            " With that many positives a paired comparison can show a change of sensitivity of {} or more (80% power, \
             5% level); smaller changes cannot be told from chance.",
            number::percent(least, 1)
        )),
        None => text.plain(" So few positives can show no change of sensitivity at all."),
    }
}

fn balance(target: &TargetAudit) -> Figure {
    let names = target.classes.iter().map(|class| class.level.clone());
    let rare = target.classes.iter().position(|class| class.level == target.positive).unwrap_or(0);
    let counts: Vec<usize> = target.classes.iter().map(|class| class.rows).collect();
    let words: Vec<String> =
        target.classes.iter().map(|class| format!("{}: {} rows", class.level, class.rows)).collect();
    Figure::new(
        "class-balance",
        "Rows of each class.",
        words.join(", "),
        ClassBalance::new(names, rare).row("All rows", counts).draw(),
    )
}

fn findings(report: &AuditReport) -> Table {
    findings::table(report.findings.iter().map(|f| (f.severity, f.sentence.as_str(), f.advice.as_str())))
}

fn missing(report: &AuditReport) -> Option<Figure> {
    let share = |column: &ColumnAudit| column.missing as f64 / report.rows.max(1) as f64;
    let incomplete: Vec<&ColumnAudit> = report.columns.iter().filter(|column| column.missing > 0).collect();
    let worst = incomplete.iter().max_by_key(|column| column.missing)?;
    let bars =
        incomplete.iter().fold(ScoreBars::new("Share of rows without a value").percent(), |bars, column| {
            bars.row(&column.name, share(column), None)
        });
    Some(Figure::new(
        "missing-values",
        "Columns with missing values, the worst first.",
        format!("{} columns lack values; {} lacks most.", incomplete.len(), worst.name),
        bars.highest_first().at_most(DRAWN).draw(),
    ))
}

fn leak(measure: &LeakMeasure) -> Table {
    let row = |name: &str, score: &LeakScore| {
        let gap = score.gap.as_ref().map(|gap| Estimate::new(gap.estimate, gap.low, gap.high));
        [
            Cell::text(name),
            Cell::decimals(score.random, 3),
            Cell::decimals(score.grouped, 3),
            Cell::or_missing(gap, "too few groups", Cell::Difference),
        ]
    };
    Table::new(
        "leak",
        "A small forest, scored with random splits that put rows of one patient on both sides, and with grouped splits \
         that do not.",
        [
            Column::new("Measure"),
            Column::new("Random splits"),
            Column::new("Grouped splits").explained("The honest number."),
            Column::new("What the leak adds"),
        ],
    )
    .row(row("AUROC", &measure.auroc))
    .row(row("AUPRC", &measure.auprc))
}

fn columns(report: &AuditReport) -> Table {
    let number = |value: Option<f64>| value.map_or(Cell::Empty, |value| Cell::significant(value, 4));
    Table::new(
        "columns",
        "Every column.",
        ["Column", "Kind", "Missing", "Distinct", "Lowest", "Median", "Highest", "Levels"],
    )
    .rows(&report.columns, |column| {
        let spread = column.spread.as_ref();
        let levels: Vec<String> =
            column.levels.iter().take(6).map(|level| format!("{} ({})", level.level, level.rows)).collect();
        let more = column.distinct.saturating_sub(6);
        let tail = if levels.len() == 6 && more > 0 { format!(", {more} more") } else { String::new() };
        [
            Cell::code(&column.name),
            Cell::text(column.kind.as_str()),
            Cell::Count(column.missing),
            Cell::Count(column.distinct),
            number(spread.map(|s| s.min)),
            number(spread.map(|s| s.median)),
            number(spread.map(|s| s.max)),
            if levels.is_empty() { Cell::Empty } else { Cell::text(levels.join(", ") + &tail) },
        ]
    })
    .folded()
}

fn limits(report: &AuditReport) -> Vec<Text> {
    let own = report.limits.iter().map(|limit| Text::new().plain(format!("{}.", capital(limit))));
    own.chain([
        Text::new().plain("An audit finds what it looks for; it does not know how the data were collected.")
    ])
    .collect()
}
