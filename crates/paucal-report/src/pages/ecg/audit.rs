//! What is in a folder of recordings.

use paucal_signal::ecg::audit::{EcgAudit, EcgFinding, Glimpse, LeadAudit, RecordAudit, Severity};

use super::left_out;
use crate::document::{
    Answer, Blocks, Cell, Column, Compose, Document, Figure, Section, Table, Text, Verdict, slug,
};
use crate::figure::{EcgStrip, clock};
use crate::number;
use crate::pages::findings;

/// The document of `paucal ecg audit`.
pub fn page(audit: &EcgAudit) -> Document {
    let question = "Can these recordings be used as they are?";
    let (problems, cautions) = (audit.of(Severity::Problem).count(), audit.of(Severity::Caution).count());
    let verdict = match (problems, cautions) {
        (0, 0) => Verdict::new(question, Answer::Yes, "Nothing was found that would mislead."),
        (0, _) => {
            let words = format!("{cautions} things need a look before they are used.");
            Verdict::new(question, Answer::Unclear, words.as_str())
        }
        _ => {
            let words =
                format!("{problems} problems must be dealt with first, and {cautions} things need a look.");
            Verdict::new(question, Answer::No, words.as_str())
        }
    };
    let gravest = audit.of(Severity::Problem).chain(audit.of(Severity::Caution)).take(5).map(sentence);
    let document = Document::new("What is in these recordings?")
        .summary(Blocks::new().verdicts([verdict.evidence(size(audit).as_str())]).list(gravest))
        .section(Section::new("audit", "Findings").table(findings(audit)).maybe(left_out(&audit.left_out)))
        .section(whose(audit));
    let document = if audit.glimpses.is_empty() { document } else { document.section(glimpses(audit)) };
    document
        .section(Section::new("recordings", "Recordings").table(recordings(audit)).table(leads(audit)))
        .section(Section::new("limits", "Limits").list([
            "An audit finds what it looks for; it does not know how the recordings were made.",
            "Noise is judged on the lead that beats would be taken from; the other leads are only measured.",
        ]))
}

fn size(audit: &EcgAudit) -> String {
    format!(
        "{} recordings of {} patients, {} hours, {} annotated beats",
        number::count(audit.records.len()),
        number::count(audit.patients),
        number::fixed(audit.hours, 1),
        number::count(audit.beats)
    )
}

fn sentence(finding: &EcgFinding) -> Text {
    let text = Text::new().plain(capital(&finding.sentence)).plain(".");
    if finding.advice.is_empty() { text } else { text.plain(format!(" {}.", capital(&finding.advice))) }
}

fn capital(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn findings(audit: &EcgAudit) -> Table {
    findings::table(audit.findings.iter().map(|f| (f.severity, f.sentence.as_str(), f.advice.as_str())))
}

fn whose(audit: &EcgAudit) -> Section {
    let section = Section::new("classes", "Classes and patients");
    if audit.classes.is_empty() {
        return section.paragraph("No beat and no recording has a class.");
    }
    section.table(classes(audit))
}

pub(super) fn classes(audit: &EcgAudit) -> Table {
    let columns =
        ["Class", "Beats", "Recordings", "Patients", "Largest patient", "Its share"].map(Column::new);
    Table::new("classes", "The classes that occur, and whose they are.", columns).rows(
        &audit.classes,
        |class| {
            [
                Cell::text(class.class_name.as_str()),
                Cell::Count(class.beats),
                Cell::Count(class.records),
                Cell::Count(class.patients),
                Cell::text(class.largest_patient.as_str()),
                Cell::percent(class.largest_patient_share, 1),
            ]
        },
    )
}

pub(super) fn glimpses(audit: &EcgAudit) -> Section {
    let section = Section::new("glimpses", "What is doubtful").paragraph(
        "A few seconds of the first recordings that something is wrong with: where samples are missing or flat \
         longest, else from the middle.",
    );
    section.blocks(audit.glimpses.iter().enumerate().map(|(i, glimpse)| strip(i, glimpse)))
}

fn strip(i: usize, glimpse: &Glimpse) -> Figure {
    let samples = glimpse.samples.iter().map(|v| v.unwrap_or(f32::NAN)).collect();
    let drawing = EcgStrip::new(&glimpse.lead, &glimpse.unit, glimpse.rate_hz, samples)
        .starting(glimpse.start_s)
        .draw();
    Figure::new(
        format!("glimpse-{}-{}", i + 1, slug(&glimpse.record)),
        Text::new().strong(&glimpse.record).plain(format!(", lead {}: {}.", glimpse.lead, glimpse.reason)),
        format!("Six seconds of recording {} from {} on.", glimpse.record, clock(glimpse.start_s)),
        drawing,
    )
}

fn recordings(audit: &EcgAudit) -> Table {
    let columns = [
        "Recording",
        "Patient",
        "Format",
        "Length",
        "Leads",
        "Rate, Hz",
        "Beats",
        "Classes",
        "Noisy beats",
        "Warnings",
    ];
    Table::new("recordings", "Every recording.", columns.map(Column::new))
        .rows(&audit.records, record)
        .folded()
}

fn record(record: &RecordAudit) -> [Cell; 10] {
    let names: Vec<&str> = record.leads.iter().map(|lead| lead.name.as_str()).collect();
    let classes: Vec<String> = record.classes.iter().map(|(name, n)| format!("{name} {n}")).collect();
    let rate = record.leads.first().map_or(Cell::Empty, |lead| Cell::significant(lead.rate_hz, 4));
    [
        Cell::code(&record.record),
        Cell::text(record.patient.as_str()),
        Cell::text(record.format.as_str()),
        Cell::text(clock(record.seconds).as_str()),
        Cell::text(names.join(", ").as_str()),
        rate,
        Cell::Count(record.beats),
        Cell::text(classes.join(", ").as_str()),
        Cell::or_missing(record.noisy, "no beat could be cut out", |share| Cell::percent(share, 1)),
        Cell::text(record.warnings.join("; ").as_str()),
    ]
}

fn leads(audit: &EcgAudit) -> Table {
    let columns = [
        Column::new("Recording"),
        Column::new("Lead"),
        Column::new("Unit"),
        Column::new("Swing").explained(
            "median over two seconds of highest less lowest value, in mV if the unit is one of voltage",
        ),
        Column::new("Missing"),
        Column::new("Flat"),
        Column::new("Clipped"),
        Column::new("Longest gap, s").explained("the longest missing or flat stretch"),
    ];
    let all: Vec<(&RecordAudit, &LeadAudit)> =
        audit.records.iter().flat_map(|record| record.leads.iter().map(move |lead| (record, lead))).collect();
    Table::new("leads", "Every lead.", columns)
        .rows(&all, |(record, lead)| {
            let unit = if lead.unit.is_empty() { Cell::Empty } else { Cell::text(lead.unit.as_str()) };
            [
                Cell::code(&record.record),
                Cell::text(lead.name.as_str()),
                unit,
                Cell::significant(lead.swing, 3),
                Cell::percent(lead.missing, 2),
                Cell::percent(lead.flat, 2),
                Cell::percent(lead.clipped, 2),
                Cell::decimals(lead.longest_gap_s, 1),
            ]
        })
        .folded()
}
