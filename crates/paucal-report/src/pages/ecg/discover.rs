//! Patterns among the beats that were held back.

use paucal_signal::ecg::discover::{DiscoverReport, PatternCluster};

use super::prototypes::{references, returns};
use crate::document::{
    Answer, Better, Blocks, Cell, Column, Compose, Document, Figure, Section, Table, Text, Verdict,
};
use crate::figure::{BeatGallery, BeatTile, ScatterPlot};
use crate::number;

/// The document of `paucal ecg discover`.
pub fn page(report: &DiscoverReport) -> Document {
    let document = Document::new("What do the beats held back have in common?");
    if report.unknown_count == 0 {
        let words = format!("None of {} beats was held back.", number::count(report.beats));
        let verdict = Verdict::new("Are there new patterns?", Answer::No, words.as_str());
        return document.summary(Blocks::new().verdicts([verdict]));
    }
    document
        .summary(Blocks::new().verdicts([alerts(report), returns(&report.stability)]))
        .section(patterns(report))
        .section(limits())
        .references(references())
}

fn alerts(report: &DiscoverReport) -> Verdict {
    let question = "Are there patterns that somebody should look at?";
    let (alerts, all) = (report.alerts, report.clusters_found);
    let verdict = match alerts {
        0 => Verdict::new(question, Answer::No, "No cluster is large enough or shared by enough patients"),
        _ => {
            Verdict::new(question, Answer::Yes, format!("{alerts} of {all} clusters raise an alert").as_str())
        }
    };
    verdict.evidence(
        format!(
            "{} of {} beats were held back, of {} patients; {} of the clusters are of one patient",
            number::count(report.unknown_count),
            number::count(report.beats),
            number::count(report.patients),
            report.single_patient
        )
        .as_str(),
    )
}

fn patterns(report: &DiscoverReport) -> Section {
    let options = &report.options;
    let rule = format!(
        "A cluster raises an alert from {} beats on, or from {} patients on if it is stable. One patient's pattern may be that patient's heart, \
         or electrodes; a pattern of several is more likely a kind of beat that the model does not know.",
        options.min_alert_size, options.min_alert_patients
    );
    let shown = report.clusters.len().min(options.max_plot_clusters);
    let gallery = BeatGallery::new(&report.unit, report.rate_hz, report.peak.unwrap_or(usize::MAX))
        .tiles(report.clusters.iter().take(shown).map(tile));
    let section = Section::new("patterns", "Patterns").paragraph(rule.as_str());
    let section = if report.alerts == report.clusters_found && report.alerts > 2 {
        section.caution(
            "Every cluster raises an alert",
            "So many beats were held back that the least size says little. Raise it (ecg.discover.min_alert_size), or \
             look first at clusters of many patients that are stable.",
        )
    } else {
        section
    };
    let section = section.table(table(report)).figure(Figure::new(
        "unknown-cluster-centroids",
        format!("The {shown} largest clusters. Thick: the median wave. Thin: some of the beats.").as_str(),
        format!("Median waves of {shown} clusters."),
        gallery.draw(),
    ));
    section.maybe(map(report))
}

fn tile(cluster: &PatternCluster) -> BeatTile {
    let patients =
        if cluster.patients == 1 { "1 patient".into() } else { format!("{} patients", cluster.patients) };
    let mark = if cluster.alert { " · alert" } else { "" };
    BeatTile::new(format!("C{}{mark}", cluster.cluster_id), cluster.centroid.clone())
        .detail(format!("{} beats, {patients}", number::count(cluster.size)))
        .members(cluster.members.iter().cloned())
}

fn table(report: &DiscoverReport) -> Table {
    let columns = [
        Column::new("Cluster"),
        Column::new("Beats"),
        Column::new("Share"),
        Column::new("Patients"),
        Column::new("Recordings"),
        Column::new("Largest patient").explained("share of the patient with most of its beats"),
        Column::new("Overlap").better(Better::Higher).explained(Text::marked(
            "mean Jaccard index with the most similar cluster of each refit [@hennig]: stable from 0.75, dissolved \
             below 0.5",
        )),
        Column::new("Alert"),
        Column::new("Beats to look at"),
    ];
    Table::new("clusters", "The clusters, largest first.", columns).rows(&report.clusters, |c| {
        let examples: Vec<String> = c.example_beat_ids.iter().take(5).map(ToString::to_string).collect();
        let alert = match (c.alert, c.patients) {
            (true, 1) => format!("{}, one patient", c.reasons.join(", ")),
            (true, _) => c.reasons.join(", "),
            (false, 1) => "no; one patient".into(),
            (false, _) => "no".into(),
        };
        [
            Cell::Count(c.cluster_id),
            Cell::Count(c.size),
            Cell::percent(c.size_ratio, 1),
            Cell::Count(c.patients),
            Cell::Count(c.records),
            Cell::text(
                format!("{} ({})", c.largest_patient, number::percent(c.largest_patient_share, 0)).as_str(),
            ),
            Cell::or_missing(c.overlap, "nothing was clustered again", |share| Cell::decimals(share, 2)),
            Cell::text(alert.as_str()),
            Cell::text(examples.join(", ").as_str()),
        ]
    })
}

fn map(report: &DiscoverReport) -> Option<Figure> {
    if report.map.is_empty() {
        return None;
    }
    let title =
        |k: usize| format!("Principal component {} ({})", k + 1, number::percent(report.map_variance[k], 0));
    let plot = report.clusters.iter().fold(ScatterPlot::new(title(0), title(1)), |plot, cluster| {
        let of = report.map.iter().filter(|(id, _)| *id == cluster.cluster_id);
        let points = of.map(|(_, [x, y])| (f64::from(*x), f64::from(*y))).collect();
        plot.group(format!("C{}", cluster.cluster_id), points)
    });
    Some(Figure::new(
        "unknown-clusters-pca2d",
        format!(
            "The clusters on the plane of their first two principal components. What overlaps here may lie apart in \
             the other components, and where names would overlap the smaller cluster's is left out; {} beats are drawn.",
            number::count(report.map.len())
        )
        .as_str(),
        format!("{} clouds of points.", report.clusters_found),
        plot.draw(),
    ))
}

fn limits() -> Section {
    Section::new("limits", "Limits").list([
        "k-means finds as many clusters as it is told to; whether they are kinds of beats is for a person to say.",
        "Beats were held back by a model: another model holds back others.",
    ])
}
