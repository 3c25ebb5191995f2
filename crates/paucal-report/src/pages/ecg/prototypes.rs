//! How far prototypes of beats can be trusted.

use paucal_signal::ecg::prototypes::{PrototypeCheck, PrototypeReport};
use paucal_signal::ecg::stability::{STABLE, Stability};

use crate::document::{
    Answer, Better, Blocks, Cell, Column, Compose, Document, Figure, Reference, Section, Table, Text, Verdict,
};
use crate::figure::{BeatGallery, BeatTile, ScatterPlot};
use crate::number::{self, Estimate};

/// The document of `paucal ecg prototypes`.
pub fn page(report: &PrototypeReport) -> Document {
    Document::new("Can these prototypes be trusted?")
        .summary(Blocks::new().verdicts([purity(report), coverage(report), returns(&report.stability)]))
        .section(overview(report))
        .section(galleries(report))
        .section(limits(report))
        .references(references())
}

fn purity(report: &PrototypeReport) -> Verdict {
    let question = "Does each prototype stand for one class?";
    let (bad, all) = (report.num_suspicious, report.num_prototypes);
    let verdict = match (bad, report.num_not_held) {
        (0, 0) => {
            let words = format!("None of the {all} is impure or noisy beyond doubt");
            Verdict::new(question, Answer::Yes, words.as_str())
        }
        (0, lost) => {
            let words =
                format!("In training patients yes; the names of {lost} of {all} do not hold for others");
            Verdict::new(question, Answer::Unclear, words.as_str())
        }
        _ => Verdict::new(question, Answer::No, format!("{bad} of {all} are impure or noisy").as_str()),
    };
    let (small, single) = (report.num_small, report.num_single_patient);
    verdict.evidence(
        format!("{small} have fewer than {} beats, {single} are of one patient", report.options.min_size)
            .as_str(),
    )
}

fn coverage(report: &PrototypeReport) -> Verdict {
    let question = "Has every class a prototype?";
    match report.classes_without_prototype.as_slice() {
        [] => {
            Verdict::new(question, Answer::Yes, "Each class that occurs is the most frequent of at least one")
        }
        lost => {
            let words = format!("{} has none: its beats lie in clusters of other classes", lost.join(" or "));
            Verdict::new(question, Answer::No, words.as_str())
        }
    }
}

/// Whether the clusters come back; also of the page of `paucal ecg discover`.
pub(super) fn returns(stability: &Stability) -> Verdict {
    let question = "Do the clusters come back with other seeds?";
    let Some(mean) = stability.mean else {
        return Verdict::new(question, Answer::NotAssessed, "There was nothing to cluster again");
    };
    let (stable, all) = (stability.stable(), stability.overlaps.iter().flatten().count());
    let answer = if stable == all { Answer::Yes } else { Answer::Unclear };
    Verdict::new(question, answer, format!("{stable} of {all} clusters are stable").as_str()).evidence(
        format!(
            "Adjusted Rand index {} over {} refits of {} beats (1 is the same, 0 is chance)",
            number::fixed(mean, 2),
            stability.adjusted_rand.len(),
            number::count(stability.beats)
        )
        .as_str(),
    )
}

fn overview(report: &PrototypeReport) -> Section {
    let warnings = report.warnings.iter().map(|warning| Text::new().plain(format!("{warning}.")));
    Section::new("purity", "Purity and size")
        .paragraph(
            "A prototype is the median wave of a cluster that was made without labels; its name is the most frequent \
             class among its beats. A small prototype is not suspicious for being small: rare classes are.",
        )
        .list(warnings)
        .figure(map(report))
        .table(by_label(report))
        .table(detail(report))
}

fn map(report: &PrototypeReport) -> Figure {
    let points = |of: &dyn Fn(&PrototypeCheck) -> bool| -> Vec<(f64, f64)> {
        let chosen = report.prototypes.iter().filter(|p| of(p));
        chosen.map(|p| (p.size as f64, p.purity)).collect()
    };
    let plot = ScatterPlot::new("Beats", "Purity")
        .log_across()
        .range(0.0, 1.0)
        .level(report.options.min_purity, "least purity wanted")
        .group("Several patients", points(&|p| !p.suspicious && !p.single_patient))
        .group("Suspicious", points(&|p| p.suspicious))
        .group("One patient", points(&|p| !p.suspicious && p.single_patient));
    Figure::new(
        "prototype-purity-vs-size",
        "Purity and size of each prototype.",
        format!("{} prototypes; {} are suspicious.", report.num_prototypes, report.num_suspicious),
        plot.draw(),
    )
}

fn by_label(report: &PrototypeReport) -> Table {
    let columns = ["Class", "Prototypes", "Beats", "Mean purity", "Suspicious", "Small", "Of one patient"]
        .map(Column::new);
    Table::new("by-label", "Prototypes by the class they are named after.", columns).rows(
        &report.by_label,
        |label| {
            [
                Cell::text(label.label_name.as_str()),
                Cell::Count(label.num_prototypes),
                Cell::Count(label.total_members),
                Cell::percent(label.mean_purity, 1),
                Cell::Count(label.num_suspicious),
                Cell::Count(label.num_small),
                Cell::Count(label.num_single_patient),
            ]
        },
    )
}

fn detail(report: &PrototypeReport) -> Table {
    let columns = [
        Column::new("No."),
        Column::new("Class"),
        Column::new("Notes"),
        Column::new("Beats"),
        Column::new("Purity").better(Better::Higher).explained(Text::marked(
            "with Wilson's interval [@wilson], which takes beats for independent; beats of one patient are not, so it \
             is too narrow",
        )),
        Column::new("Held out").better(Better::Higher).explained(
            "share of the beats of validation patients nearest to this prototype that have its class",
        ),
        Column::new("Noise").better(Better::Lower).explained(
            "share of noise among its beats and the noisy training beats nearest to it",
        ),
        Column::new("Patients").explained("and the one with most of its beats, with its share"),
        Column::new("Overlap").better(Better::Higher).explained(Text::marked(
            "mean Jaccard index with the most similar cluster of each refit [@hennig]: stable from 0.75, dissolved \
             below 0.5",
        )),
    ];
    Table::new("prototypes", "Every prototype, the suspicious ones first.", columns).rows(
        &report.prototypes,
        |p| {
            let purity = Estimate::new(p.purity, p.purity_interval.low, p.purity_interval.high);
            let nobody = "no beat of a validation patient is near";
            [
                Cell::Count(p.prototype_id),
                Cell::text(p.dominant_label_name.as_str()),
                Cell::text(notes(p).as_str()),
                Cell::Count(p.size),
                Cell::Estimate(purity),
                Cell::or_missing(p.held_out_purity, nobody, |share| Cell::decimals(share, 2)),
                Cell::percent(p.noise_ratio, 1),
                Cell::text(
                    format!(
                        "{}; {} {}",
                        p.patients,
                        p.largest_patient,
                        number::percent(p.largest_patient_share, 0)
                    )
                    .as_str(),
                ),
                Cell::or_missing(p.overlap, "nothing was clustered again", |share| Cell::decimals(share, 2)),
            ]
        },
    )
}

fn notes(prototype: &PrototypeCheck) -> String {
    let own = [
        (prototype.not_held, "fails others"),
        (prototype.small, "small"),
        (prototype.single_patient, "one patient"),
    ];
    let own = own.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word);
    let all: Vec<&str> = prototype.reasons.iter().map(String::as_str).chain(own).collect();
    let mut distinct: Vec<&str> = Vec::new();
    all.into_iter().for_each(|word| {
        if !distinct.contains(&word) {
            distinct.push(word);
        }
    });
    distinct.join(", ")
}

fn galleries(report: &PrototypeReport) -> Section {
    let section = Section::new("galleries", "What they look like").paragraph(
        "Thick: the prototype. Thin: some of its beats, evenly over all of them. Where the thin lines do not follow \
         the thick one, the prototype is no picture of its beats.",
    );
    section.blocks(report.by_label.iter().map(|label| {
        let of = report.prototypes.iter().filter(|p| p.dominant_label == label.label);
        let mut of: Vec<&PrototypeCheck> = of.collect();
        of.sort_by_key(|p| (std::cmp::Reverse(p.size), p.prototype_id));
        let shown = of.len().min(report.options.max_per_label);
        let gallery = BeatGallery::new(&report.unit, report.rate_hz, report.peak)
            .tiles(of.iter().take(shown).map(|p| tile(p)));
        let caption = match of.len() - shown {
            0 => format!("{}: {} prototypes, largest first.", label.label_name, of.len()),
            more => {
                format!("{}: the {shown} largest prototypes; {more} more are not shown.", label.label_name)
            }
        };
        Figure::new(
            format!("label-{}-gallery", label.label.to_string().replace('-', "minus-")),
            caption.as_str(),
            format!("Median waves of {shown} clusters."),
            gallery.draw(),
        )
    }))
}

fn tile(prototype: &PrototypeCheck) -> BeatTile {
    let patients =
        if prototype.patients == 1 { "1 patient".into() } else { format!("{} patients", prototype.patients) };
    BeatTile::new(format!("P{}", prototype.prototype_id), prototype.wave.clone())
        .detail(format!(
            "{} beats, {}, {patients}",
            number::count(prototype.size),
            number::percent(prototype.purity, 0)
        ))
        .members(prototype.members.iter().cloned())
}

fn limits(report: &PrototypeReport) -> Section {
    Section::new("limits", "Limits").list([
        Text::new().plain(
            "Purity is that of the labels that were given. Where beats have the label of their recording, it says \
             little.",
        ),
        Text::new().plain(format!(
            "A cluster counts as stable from an overlap of {STABLE}; on which side of it a cluster falls may change \
             with the number of refits ({}).",
            report.stability.adjusted_rand.len()
        )),
        Text::new().plain("Test patients were not looked at."),
    ])
}

/// Works that both pages on clusters cite.
pub(super) fn references() -> [Reference; 3] {
    [
        Reference::new(
            "wilson",
            "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc \
             1927;22:209–12.",
        ),
        Reference::new(
            "hennig",
            "Hennig C. Cluster-wise assessment of cluster stability. Comput Stat Data Anal 2007;52:258–71.",
        )
        .doi("10.1016/j.csda.2006.11.025"),
        Reference::new("hubert", "Hubert L, Arabie P. Comparing partitions. J Classif 1985;2:193–218.")
            .doi("10.1007/BF01908075"),
    ]
}
