//! Every metric once: what help, the reference documentation and the report's method appendix say
//! about it.

use crate::registry::Better::{Higher, Lower, Near};
use crate::registry::Family::{
    Association, Calibration, Classification, Clustering, Coverage, Detection, Distribution, Objective,
    Privacy, SdMetrics,
};

/// The file or folder a metric lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// [`crate::distribution`].
    Distribution,
    /// [`crate::association`].
    Association,
    /// [`crate::sdmetrics`].
    SdMetrics,
    /// [`crate::detection`].
    Detection,
    /// [`crate::classification::confusion`] and [`crate::classification::ranking`].
    Classification,
    /// [`crate::classification::calibration`].
    Calibration,
    /// [`crate::privacy`].
    Privacy,
    /// [`crate::coverage`].
    Coverage,
    /// [`crate::objective`].
    Objective,
    /// [`crate::clustering`].
    Clustering,
}

/// Which values are good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Better {
    /// The more the better.
    Higher,
    /// The less the better.
    Lower,
    /// The nearer to this value the better.
    Near(f64),
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Name in configurations and in `result.json`.
    pub name: &'static str,
    /// Title in reports.
    pub title: &'static str,
    /// Where it lives.
    pub family: Family,
    /// Smallest and largest possible value; infinite when unbounded.
    pub range: (f64, f64),
    /// Which values are good.
    pub better: Better,
    /// What it says, in plain words.
    pub meaning: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
}

/// The metric of that name.
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

const SHARE: (f64, f64) = (0.0, 1.0);
const SIGNED: (f64, f64) = (-1.0, 1.0);
const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);
const SDMETRICS: &str = "SDMetrics 0.32.0";
const SKLEARN: &str = "as in scikit-learn";

const fn metric(
    (name, title): (&'static str, &'static str),
    family: Family,
    range: (f64, f64),
    better: Better,
    meaning: &'static str,
    source: &'static str,
) -> Metric {
    Metric { name, title, family, range, better, meaning, source }
}

/// All metrics, family by family.
#[rustfmt::skip]
pub static METRICS: &[Metric] = &[
    metric(("kolmogorov_smirnov", "Kolmogorov–Smirnov statistic"), Distribution, SHARE, Lower,
        "Largest gap between the real and the synthetic distribution function of a number.", "Smirnov 1948"),
    metric(("earth_mover", "Earth mover's distance"), Distribution, POSITIVE, Lower,
        "How far, in the column's unit, values must be moved on average to turn one distribution into the other.", "1-Wasserstein distance"),
    metric(("earth_mover_over_range", "Earth mover's distance / range"), Distribution, POSITIVE, Lower,
        "Earth mover's distance as a share of the real range, comparable between columns.", "1-Wasserstein distance"),
    metric(("total_variation", "Total variation"), Distribution, SHARE, Lower,
        "Share of rows that must change category to make both tables' frequencies equal.", "textbook definition"),
    metric(("jensen_shannon", "Jensen–Shannon divergence"), Distribution, SHARE, Lower,
        "Information that a row's category gives about which table it came from, in bits.", "Lin 1991"),
    metric(("jensen_shannon_distance", "Jensen–Shannon distance"), Distribution, SHARE, Lower,
        "Square root of the Jensen–Shannon divergence.", "Endres and Schindelin 2003"),
    metric(("hellinger", "Hellinger distance"), Distribution, SHARE, Lower,
        "Distance of the square roots of the category shares; sensitive to rare categories.", "Hellinger 1909"),
    metric(("missing_rate_difference", "Difference of missing rates"), Distribution, SHARE, Lower,
        "How much more often a column is missing in one table than in the other.", "textbook definition"),

    metric(("pearson", "Pearson correlation"), Association, SIGNED, Higher,
        "How nearly two numbers lie on one straight line.", "Pearson 1895"),
    metric(("spearman", "Spearman correlation"), Association, SIGNED, Higher,
        "How nearly two numbers rise together, whatever the shape.", "Spearman 1904"),
    metric(("cramers_v", "Cramér's V"), Association, SHARE, Higher,
        "How well one category predicts another.", "Cramér 1946; bias correction Bergsma 2013"),
    metric(("correlation_ratio", "Correlation ratio"), Association, SHARE, Higher,
        "How much of a number's spread its category explains (square root of the share).", "Fisher 1925"),
    metric(("frobenius_distance", "Frobenius distance of associations"), Association, POSITIVE, Lower,
        "Overall difference between the real and the synthetic association matrix.", "textbook definition"),
    metric(("frobenius_similarity", "Association similarity"), Association, SHARE, Higher,
        "Agreement of the two association matrices; 0 when every pair flips from +1 to -1.", "Paucal"),

    metric(("ks_complement", "KSComplement"), SdMetrics, SHARE, Higher,
        "One minus the Kolmogorov–Smirnov statistic.", SDMETRICS),
    metric(("tv_complement", "TVComplement"), SdMetrics, SHARE, Higher,
        "One minus the total variation.", SDMETRICS),
    metric(("correlation_similarity", "CorrelationSimilarity"), SdMetrics, SHARE, Higher,
        "One minus half the difference of the correlations of a pair.", SDMETRICS),
    metric(("contingency_similarity", "ContingencySimilarity"), SdMetrics, SHARE, Higher,
        "One minus the total variation of the two-way table of a pair.", SDMETRICS),
    metric(("boundary_adherence", "BoundaryAdherence"), SdMetrics, SHARE, Higher,
        "Share of synthetic values within the real minimum and maximum.", SDMETRICS),
    metric(("category_adherence", "CategoryAdherence"), SdMetrics, SHARE, Higher,
        "Share of synthetic values whose category exists in the real column.", SDMETRICS),
    metric(("key_uniqueness", "KeyUniqueness"), SdMetrics, SHARE, Higher,
        "Share of synthetic keys that are present and not repeated.", SDMETRICS),
    metric(("range_coverage", "RangeCoverage"), SdMetrics, SHARE, Higher,
        "How much of the real range the synthetic values span.", SDMETRICS),
    metric(("category_coverage", "CategoryCoverage"), SdMetrics, SHARE, Higher,
        "Share of the real categories that the synthetic column has at all.", SDMETRICS),
    metric(("statistic_similarity", "StatisticSimilarity"), SdMetrics, SHARE, Higher,
        "One minus the difference of the means, deviations or medians over the real range.", SDMETRICS),
    metric(("missing_value_similarity", "MissingValueSimilarity"), SdMetrics, SHARE, Higher,
        "One minus the difference of the missing rates.", SDMETRICS),
    metric(("new_row_synthesis", "NewRowSynthesis"), SdMetrics, SHARE, Higher,
        "Share of synthetic rows that match no real row within one per cent.", SDMETRICS),
    metric(("table_structure", "TableStructure"), SdMetrics, SHARE, Higher,
        "Overlap of column names and data types.", SDMETRICS),
    metric(("column_shapes", "Column Shapes"), SdMetrics, SHARE, Higher,
        "Mean of KSComplement and TVComplement over the columns.", SDMETRICS),
    metric(("column_pair_trends", "Column Pair Trends"), SdMetrics, SHARE, Higher,
        "Mean pair similarity; since 0.27.0 only over pairs associated in the real table, before over all.", SDMETRICS),
    metric(("quality", "Quality score"), SdMetrics, SHARE, Higher,
        "Mean of Column Shapes and Column Pair Trends.", SDMETRICS),
    metric(("diagnostic", "Diagnostic score"), SdMetrics, SHARE, Higher,
        "Mean of validity and structure; anything below 1 deserves a look.", SDMETRICS),
    metric(("augmentation_efficacy", "Augmentation efficacy"), SdMetrics, SHARE, Higher,
        "Above one half: synthetic rows raised recall at the same precision (or precision at the same recall).", SDMETRICS),

    metric(("detection_score", "Detection score"), Detection, SHARE, Higher,
        "One when a classifier can only guess which rows are synthetic, zero when it always knows.", SDMETRICS),
    metric(("propensity_error", "Propensity score error (pMSE)"), Detection, SHARE, Lower,
        "How far a classifier's probability of being synthetic strays from the overall share.", "Woo et al. 2009"),
    metric(("propensity_ratio", "Propensity score ratio"), Detection, POSITIVE, Near(1.0),
        "Propensity error relative to what chance alone would give.", "Snoke et al. 2018"),

    metric(("accuracy", "Accuracy"), Classification, SHARE, Higher,
        "Share of right decisions; misleading when a class is rare.", SKLEARN),
    metric(("balanced_accuracy", "Balanced accuracy"), Classification, SHARE, Higher,
        "Mean recall over the classes: each class counts the same, however rare.", SKLEARN),
    metric(("macro_f1", "Macro F1"), Classification, SHARE, Higher,
        "Mean over the classes of the harmonic mean of precision and recall.", SKLEARN),
    metric(("recall", "Recall (sensitivity)"), Classification, SHARE, Higher,
        "Share of a class's true cases that were found.", SKLEARN),
    metric(("minority_recall", "Minority recall"), Classification, SHARE, Higher,
        "Recall of the rarest class.", "Paucal"),
    metric(("precision", "Precision"), Classification, SHARE, Higher,
        "Share of the alarms for a class that were right.", SKLEARN),
    metric(("specificity", "Specificity"), Classification, SHARE, Higher,
        "Share of the other classes' rows that raised no alarm.", "textbook definition"),
    metric(("f1", "F1"), Classification, SHARE, Higher,
        "Harmonic mean of precision and recall of a class.", SKLEARN),
    metric(("matthews", "Matthews correlation"), Classification, SIGNED, Higher,
        "Correlation of decision and truth; 0 is guessing.", "Matthews 1975; Gorodkin 2004"),
    metric(("kappa", "Cohen's kappa"), Classification, SIGNED, Higher,
        "Agreement beyond chance; 0 is guessing.", "Cohen 1960"),
    metric(("auroc", "AUROC"), Classification, SHARE, Higher,
        "Chance that a random positive scores above a random negative; one half is guessing.", "Hanley and McNeil 1982"),
    metric(("average_precision", "Average precision (AUPRC)"), Classification, SHARE, Higher,
        "Area under the precision–recall curve; guessing scores the prevalence.", SKLEARN),
    metric(("recall_at_precision", "Recall at fixed precision"), Classification, SHARE, Higher,
        "Most cases found while at least the given share of alarms is right.", "textbook definition"),
    metric(("precision_at_recall", "Precision at fixed recall"), Classification, SHARE, Higher,
        "Best share of right alarms while at least the given share of cases is found.", "textbook definition"),

    metric(("brier", "Brier score"), Calibration, SHARE, Lower,
        "Mean squared error of the stated probability.", "Brier 1950"),
    metric(("log_loss", "Log loss"), Calibration, POSITIVE, Lower,
        "Mean surprise at the truth, in nats; punishes confident errors.", SKLEARN),
    metric(("expected_calibration_error", "Expected calibration error"), Calibration, SHARE, Lower,
        "Mean gap between stated probability and observed share over bins; depends on the bins.", "Naeini et al. 2015"),
    metric(("calibration_slope", "Calibration slope"), Calibration, (f64::NEG_INFINITY, f64::INFINITY), Near(1.0),
        "Below 1 the probabilities are too extreme, above 1 too timid.", "Cox 1958"),
    metric(("calibration_in_the_large", "Calibration in the large"), Calibration, (f64::NEG_INFINITY, f64::INFINITY), Near(0.0),
        "Above 0 the probabilities are too low on the whole, below 0 too high.", "Cox 1958"),

    metric(("dcr", "Distance to closest record"), Privacy, SHARE, Higher,
        "Gower distance of a synthetic row to its nearest training row; compare with held-out rows. No guarantee of privacy.", "Gower 1971"),
    metric(("share_closer_to_train", "Share closer to train"), Privacy, SHARE, Near(0.5),
        "Share of synthetic rows nearer to a training row than to a held-out row, both sets of one size; above one half the generator leans on its training rows.", "Platzer and Reutterer 2021"),
    metric(("dcr_overfitting_protection", "DCROverfittingProtection"), Privacy, SHARE, Higher,
        "Twice the share not strictly closer to train, at most 1.", SDMETRICS),
    metric(("dcr_baseline_protection", "DCRBaselineProtection"), Privacy, SHARE, Higher,
        "Median distance to training rows relative to that of random rows.", SDMETRICS),
    metric(("nndr", "Nearest-neighbour distance ratio"), Privacy, SHARE, Higher,
        "Distance to the nearest over that to the second nearest training row; near 0 a row points at one patient.", "Zhao et al. 2021"),
    metric(("exact_copies", "Exact copies"), Privacy, SHARE, Lower,
        "Share of synthetic rows equal to a training row in every column.", "textbook definition"),
    metric(("adversarial_accuracy", "Nearest-neighbour adversarial accuracy"), Privacy, SHARE, Near(0.5),
        "Below one half synthetic rows sit too close to real ones, above it the sets can be told apart.", "Yale et al. 2020"),
    metric(("identifiability", "Identifiability"), Privacy, SHARE, Lower,
        "Share of real rows whose nearest synthetic row is nearer than any other real row; columns weigh the same.", "Yoon et al. 2020"),
    metric(("nearest_attack", "Nearest-distance membership attack"), Privacy, SHARE, Near(0.5),
        "AUROC of an attacker who suspects records near a synthetic row; above one half membership leaks.", "Hilprecht et al. 2019"),
    metric(("density_ratio_attack", "Density-ratio membership attack"), Privacy, SHARE, Near(0.5),
        "AUROC of an attacker who compares synthetic with population density; above one half membership leaks.", "van Breugel et al. 2023 (DOMIAS), kernel densities"),
    metric(("k_anonymity", "k-anonymity"), Privacy, (1.0, f64::INFINITY), Higher,
        "Size of the smallest group of rows with equal quasi-identifiers.", "Sweeney 2002"),
    metric(("l_diversity", "l-diversity"), Privacy, (1.0, f64::INFINITY), Higher,
        "Fewest distinct sensitive values in such a group.", "Machanavajjhala et al. 2007"),
    metric(("k_map", "k-map"), Privacy, (1.0, f64::INFINITY), Higher,
        "Fewest people in the population who share a synthetic row's quasi-identifiers.", "Sweeney 2002"),

    metric(("precision_knn", "Precision (k-NN)"), Coverage, SHARE, Higher,
        "Share of synthetic rows that lie among real rows.", "Kynkäänniemi et al. 2019"),
    metric(("recall_knn", "Recall (k-NN)"), Coverage, SHARE, Higher,
        "Share of real rows that lie among synthetic rows.", "Kynkäänniemi et al. 2019"),
    metric(("density_knn", "Density"), Coverage, POSITIVE, Near(1.0),
        "How many real neighbourhoods surround a synthetic row, relative to the expected number.", "Naeem et al. 2020"),
    metric(("coverage_knn", "Coverage"), Coverage, SHARE, Higher,
        "Share of real rows with a synthetic row in their neighbourhood.", "Naeem et al. 2020"),
    metric(("alpha_precision", "α-precision"), Coverage, SHARE, Higher,
        "Are synthetic rows as typical, and as spread, as real rows? Gower space, not an embedding.", "Alaa et al. 2022"),
    metric(("beta_recall", "β-recall"), Coverage, SHARE, Higher,
        "Do synthetic rows reach all kinds of real rows? Gower space, not an embedding.", "Alaa et al. 2022"),
    metric(("authenticity", "Authenticity"), Coverage, SHARE, Higher,
        "Share of synthetic rows that are not noisy copies of one real row.", "Alaa et al. 2022"),

    metric(("similarity", "Similarity"), Objective, SHARE, Higher,
        "Mean of univariate and association similarity, all terms linear and free of units.", "Paucal; legacy forms after tableGenCompare"),
    metric(("utility", "Relative accuracy"), Objective, SHARE, Higher,
        "How near classifiers trained or tested on synthetic rows come to the real ones.", "Paucal; legacy forms after tableGenCompare"),
    metric(("objective", "Tuning objective"), Objective, SHARE, Higher,
        "0.6 similarity + 0.4 relative accuracy.", "tableGenCompare, corrected"),

    metric(("adjusted_rand", "Adjusted Rand index"), Clustering, SIGNED, Higher,
        "Agreement of two clusterings of the same items; 1 is the same, 0 is chance.", "Hubert and Arabie 1985"),
    metric(("cluster_overlap", "Cluster overlap"), Clustering, SHARE, Higher,
        "Largest Jaccard index of a cluster with one of another clustering; low when it does not come back.", "Hennig 2007"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_families_stay_together() {
        let mut names: Vec<&str> = METRICS.iter().map(|m| m.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METRICS.len());
        assert!(METRICS.is_sorted_by_key(|m| m.family));
    }

    #[test]
    fn entries_are_sound() {
        for metric in METRICS {
            assert!(metric.range.0 < metric.range.1, "{}", metric.name);
            assert!(metric.meaning.ends_with('.') && !metric.source.is_empty(), "{}", metric.name);
            assert!(metric.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()));
            assert_eq!(find(metric.name), Some(metric));
        }
        assert_eq!(find("nonsense"), None);
    }
}
