//! The gallery's figures, from made-up numbers.

use paucal_report::Estimate;
use paucal_report::document::{Cell, Compose, Figure, Section, Table};
use paucal_report::figure::{
    BeatGallery, BeatTile, ClassBalance, Cumulative, Curve, CurvePlot, DotPlot, EcgStrip, ForestPlot,
    ForestRow, Grid, HeatMap, Histogram, LevelBars, LinePlot, Reliability, RiskBin, ScatterPlot, ScoreBars,
    Style,
};

pub fn evidence() -> Section {
    let arms = [
        ("Gaussian copula, +200 rows", Estimate::new(-0.011, -0.042, 0.021), "p = 0.41", true),
        ("CTGAN, +200 rows", Estimate::new(-0.052, -0.091, -0.014), "p = 0.009", false),
        ("SMOTE to balance", Estimate::new(0.012, -0.018, 0.04), "p = 0.38", false),
        (
            "Nothing at all, the threshold moved on inner folds only",
            Estimate::new(0.002, -0.012, 0.016),
            "p = 0.80",
            false,
        ),
    ];
    let rows = arms.iter().map(|(name, difference, p, asked)| {
        let row = ForestRow::new(*name, *difference).note(*p);
        if *asked { row.emphasised() } else { row }
    });
    let forest = ForestPlot::new("Difference in average precision against class weights")
        .sides("class weights better", "augmentation better")
        .margin(0.02)
        .rows(rows)
        .draw();
    let table = Table::new("arms", "Every arm. Made-up numbers.", ["Arm", "Difference in average precision"])
        .rows(&arms, |(name, difference, ..)| [Cell::text(*name), Cell::Difference(*difference)]);
    Section::new("evidence", "Evidence")
        .figure(Figure::new(
            "arms",
            "Differences in average precision against class weights, with 95% intervals. Within the grey band a difference is too small to matter.",
            "Four arms. Only CTGAN differs clearly, to the worse: minus 0.05, from minus 0.09 to minus 0.01.",
            forest,
        ))
        .table(table)
        .subsection(curves())
}

fn curves() -> Section {
    let power = |a: f64| (0..=60).map(|i| f64::from(i) / 60.0).map(|x| (x, x.powf(a))).collect::<Vec<_>>();
    let roc = CurvePlot::roc()
        .curve(
            Curve::new("Class weights, AUROC 0.95 (0.92 to 0.97)", power(0.06))
                .band(power(0.12), power(0.03)),
        )
        .curve(Curve::new("Gaussian copula, AUROC 0.94 (0.91 to 0.97)", power(0.1)));
    let fall = |a: f64| {
        (0..=60).map(|i| f64::from(i) / 60.0).map(|x| (x, 1.0 - 0.92 * x.powf(a))).collect::<Vec<_>>()
    };
    let pr = CurvePlot::precision_recall(0.078)
        .curve(Curve::new("Class weights, AP 0.82", fall(4.0)))
        .curve(Curve::new("Gaussian copula, AP 0.79", fall(3.0)));
    Section::new("curves", "Curves")
        .figure(Figure::new(
            "curves",
            "Receiver operating characteristic (left), precision and recall (right). The shaded band is the \
             95% interval.",
            "Both ROC curves rise steeply and lie within one band. Both precision–recall curves fall late.",
            Grid::new(2).cell(roc.draw_small(349.0)).cell(pr.draw_small(349.0)).draw(),
        ))
        .figure(Figure::new(
            "reliability",
            "Predicted and observed risk.",
            "Synthetic cases make the model overstate risk.",
            reliability().draw(),
        ))
}

pub fn fidelity() -> Section {
    let score = |value: f64, half: f64| Some(Estimate::new(value, value - half, value + half));
    let dots = DotPlot::new("Score (higher is better)")
        .series("Gaussian copula")
        .range(0.5, 1.0)
        .line("Column shapes", [score(0.91, 0.02)], Some(0.95))
        .line("Pair trends", [score(0.84, 0.03)], Some(0.93))
        .line("Rare class only", [score(0.72, 0.09)], Some(0.88))
        .line("Constraints kept", [None], None);
    let several = DotPlot::new("Score (higher is better)")
        .series("Gaussian copula")
        .series("CTGAN")
        .series("TVAE")
        .line("Column shapes", [score(0.91, 0.02), score(0.86, 0.03), score(0.83, 0.02)], Some(0.95))
        .line("Pair trends", [score(0.84, 0.03), score(0.8, 0.04), score(0.81, 0.02)], Some(0.93))
        .line("Rare class only", [score(0.72, 0.09), None, score(0.61, 0.1)], Some(0.88));
    Section::new("fidelity", "Fidelity")
        .figure(Figure::new(
            "scores",
            "Scores beside those of real held-out rows.",
            "All scores lie below the hold-out.",
            dots.draw(),
        ))
        .figure(Figure::new(
            "generators",
            "Three generators.",
            "The copula leads in each score.",
            several.draw(),
        ))
        .figure(Figure::new(
            "radius",
            "One column.",
            "The synthetic values spread a little wider.",
            histogram().draw(),
        ))
        .figure(Figure::new(
            "pairs",
            "Correlations between columns.",
            "The strongest differences are with area.",
            heat_map(6).draw(),
        ))
        .figure(Figure::new(
            "many-pairs",
            "Correlations between thirty columns.",
            "Noise.",
            heat_map(30).draw(),
        ))
}

fn histogram() -> Histogram {
    let edges: Vec<f64> = (0..=24).map(|i| 6.0 + f64::from(i)).collect();
    let bell = |middle: f64, width: f64| -> Vec<f64> {
        let raw: Vec<f64> =
            edges.windows(2).map(|e| (-((e[0] + 0.5 - middle) / width).powi(2) / 2.0).exp()).collect();
        let total: f64 = raw.iter().sum();
        raw.iter().map(|v| v / total).collect()
    };
    Histogram::new("radius_mean", edges.clone())
        .sample("Real, training (310 rows)", Style::REAL, bell(14.0, 3.4))
        .sample("Synthetic (2,000 rows)", Style::SYNTHETIC, bell(14.4, 4.1))
        .sample("Real, held out (77 rows)", Style::HOLDOUT, bell(13.7, 3.1))
}

fn heat_map(n: usize) -> HeatMap {
    let names =
        ["radius_mean", "texture_mean", "perimeter_mean", "area_mean", "smoothness_mean", "compactness_mean"];
    let label = |i: usize| if i < names.len() { names[i].to_string() } else { format!("column_{i}") };
    let value = |i: usize, j: usize, wave: f64| {
        if i == j { 1.0 } else { (((i * j + i + j) as f64) * wave).sin() * 0.9 }
    };
    let matrix = |f: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
        (0..n).map(|i| (0..n).map(|j| f(i, j)).collect()).collect()
    };
    let real = matrix(&|i, j| value(i, j, 0.7));
    let synthetic = matrix(&|i, j| if i + j == 3 { f64::NAN } else { value(i, j, 0.7) * 0.8 });
    let difference = matrix(&|i, j| synthetic[i][j] - real[i][j]);
    HeatMap::new("Correlation", (0..n).map(label))
        .panel("Real", real.clone())
        .panel("Synthetic", synthetic.clone())
        .panel("Synthetic − real", difference)
}

pub fn training() -> Section {
    let noise = |i: u32| f64::from(i * 7919 % 101) / 101.0 - 0.5;
    let curve = |start: f64, end: f64| -> Vec<(f64, f64)> {
        (0..600)
            .map(|i| (f64::from(i), end + (start - end) * (-f64::from(i) / 120.0).exp() + 0.25 * noise(i)))
            .collect()
    };
    let losses = LinePlot::new("Step", "Loss")
        .series("Critic", curve(4.0, -0.4))
        .series("Generator", curve(-1.0, 0.6))
        .smoothed(0.95);
    let log = LinePlot::new("Step", "Gradient penalty (log scale)")
        .series("Penalty", curve(0.0, 0.0).iter().map(|(x, y)| (*x, (y * 4.0 - x / 120.0).exp())).collect())
        .smoothed(0.9)
        .level(0.1, "stop below")
        .log();
    Section::new("training", "Training")
        .figure(Figure::new("losses", "Losses.", "Both settle after 300 steps.", losses.draw()))
        .figure(Figure::new(
            "penalty",
            "Gradient penalty.",
            "It falls by two orders of magnitude.",
            log.draw(),
        ))
}

fn reliability() -> Reliability {
    let bins = |bend: f64| -> Vec<RiskBin> {
        (0..8)
            .map(|i| {
                let predicted = 0.06 + 0.12 * f64::from(i);
                let observed = predicted.powf(bend);
                let half = 0.03 + 0.02 * f64::from(i);
                RiskBin {
                    predicted,
                    observed: Estimate::new(observed, observed - half, observed + half),
                    count: 240 / (i as usize + 1).pow(2) + 3,
                }
            })
            .collect()
    };
    Reliability::new().model("Class weights", bins(1.05)).model("Gaussian copula", bins(1.8))
}

pub fn columns() -> Section {
    let balance = ClassBalance::new(["benign", "malignant"], 1)
        .row("Training rows", vec![286, 24])
        .row("Held-out rows", vec![71, 6])
        .row("Synthetic rows", vec![1000, 1000]);
    let bars =
        ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "symmetry"]
            .iter()
            .enumerate()
            .fold(ScoreBars::new("Kolmogorov–Smirnov score (higher is better)"), |bars, (i, name)| {
                let value = if i == 3 { f64::NAN } else { 0.95 - 0.06 * i as f64 };
                bars.row(*name, value, Some(0.96 - 0.01 * i as f64))
            });
    let missing = ScoreBars::new("Missing values")
        .percent()
        .row("smoothness", 0.031, None)
        .row("area", 0.12, None)
        .row("radius", 0.0, None);
    let distances = |scale: f64| {
        (0..300).map(|i| scale * (0.2 + f64::from(i * 37 % 300) / 300.0).powi(2)).collect::<Vec<_>>()
    };
    let closest = Cumulative::new("Distance to the closest training row")
        .sample("Real, held out", Style::HOLDOUT, distances(1.0))
        .sample("Synthetic", Style::SYNTHETIC, distances(1.15));
    Section::new("single", "Single columns and rows")
        .figure(Figure::new(
            "balance",
            "Classes.",
            "The rare class is 8% of the real rows and half of the synthetic ones.",
            balance.draw(),
        ))
        .figure(Figure::new(
            "missing",
            "Missing values per column.",
            "Area lacks 12%.",
            missing.highest_first().draw(),
        ))
        .figure(Figure::new(
            "per-column",
            "Scores per column, worst first.",
            "Symmetry is worst.",
            bars.lowest_first().draw(),
        ))
        .figure(Figure::new("levels", "One categorical column.", "Levels agree.", levels().draw()))
        .figure(Figure::new("small", "Every column.", "All alike.", grid().draw()))
        .figure(Figure::new(
            "closest",
            "Distances to training rows.",
            "Synthetic rows lie a little farther than held-out ones.",
            closest.draw(),
        ))
}

fn levels() -> LevelBars {
    LevelBars::new("grade", ["well differentiated", "moderate", "poor"])
        .sample("Real, training", Style::REAL, vec![0.22, 0.61, 0.17])
        .sample("Synthetic", Style::SYNTHETIC, vec![0.25, 0.55, 0.2])
        .sample("Real, held out", Style::HOLDOUT, vec![0.2, 0.63, 0.17])
}

fn grid() -> Grid {
    let grid = Grid::new(3)
        .legend("Real, training", Style::REAL)
        .legend("Synthetic", Style::SYNTHETIC)
        .legend("Real, held out", Style::HOLDOUT);
    let width = grid.cell_width();
    (0..5).fold(grid, |grid, i| {
        grid.cell(if i == 4 { levels().draw_small(width) } else { histogram().draw_small(width, 170.0) })
    })
}

/// A beat made up of three bells: atrium, ventricle, repolarisation. `wide` makes it one of the ventricle.
fn beat(wide: bool, shake: f32) -> Vec<f32> {
    let bell = |t: f32, at: f32, width: f32| (-((t - at) / width).powi(2)).exp();
    let value = |t: f32| {
        if wide {
            return 1.6 * bell(t, 0.01, 0.05) - 0.6 * bell(t, 0.25, 0.07);
        }
        0.15 * bell(t, -0.16, 0.03) + 1.1 * bell(t, 0.0, 0.012) - 0.25 * bell(t, 0.035, 0.012)
            + 0.3 * bell(t, 0.25, 0.05)
    };
    (0..200).map(|i| (i as f32 - 90.0) / 360.0).map(|t| value(t) * (1.0 + shake) + 0.01 * shake).collect()
}

pub fn heart() -> Section {
    let course = [(false, 0.0), (false, 0.05), (true, 0.0), (false, -0.04), (false, 0.02), (false, 0.0)];
    let line: Vec<f32> = course
        .iter()
        .flat_map(|(wide, shake)| beat(*wide, *shake).into_iter().chain(vec![0.0; 80]))
        .collect();
    let strip = |unit: &str, line: Vec<f32>| {
        course.iter().enumerate().fold(
            EcgStrip::new("MLII", unit, 360.0, line).starting(754.2).usual("N").focus(755.7, 756.3),
            |strip, (i, (wide, _))| {
                strip.beat(754.45 + i as f64 * 280.0 / 360.0, if *wide { "V" } else { "N" })
            },
        )
    };
    let tile = |i: i32| {
        let wide = i % 3 == 1;
        let members = (0..30).map(move |k| beat(wide, (k * 7 % 11) as f32 / 40.0 - 0.12));
        BeatTile::new(format!("Prototype {i}"), beat(wide, 0.0))
            .detail("30 beats, purity 93%")
            .members(members)
    };
    let cloud = |k: i32| -> Vec<(f64, f64)> {
        let shake = |i: i32, m: i32| f64::from(i * m % 97) / 97.0;
        (0..180)
            .map(|i| (f64::from(k % 4) + shake(i, 31), f64::from(k / 4) + shake(i, 57) * shake(i, 13)))
            .collect()
    };
    let map = (0..8).fold(ScatterPlot::new("First component", "Second component"), |map, k| {
        map.group(format!("{k}"), cloud(k))
    });
    let purity = ScatterPlot::new("Beats", "Purity")
        .log_across()
        .range(0.0, 1.0)
        .level(0.7, "least wanted")
        .group("Clear", vec![(40.0, 0.91), (900.0, 0.97), (12_000.0, 0.99)])
        .group("Impure", vec![(350.0, 0.52), (95.0, 0.6)]);
    let gallery = BeatGallery::new("mV", 360.0, 90).tiles((0..7).map(tile));
    Section::new("heart", "Beats of the heart")
        .figure(Figure::new(
            "strip",
            "A strip with one ectopic beat.",
            "Six beats; the third, shaded, is broad.",
            strip("mV", line.clone()).draw(),
        ))
        .figure(Figure::new(
            "strip-codes",
            "The same in the codes of a converter.",
            "Six beats.",
            strip("adu", line.iter().map(|v| 1024.0 + 200.0 * v).collect()).draw(),
        ))
        .figure(Figure::new("map", "Clusters on a plane.", "Eight clouds.", map.draw()))
        .figure(Figure::new("purity", "Purity of prototypes.", "Two lie below.", purity.draw()))
        .figure(Figure::new(
            "beats",
            "Prototypes.",
            "Seven waves, each before thirty thin ones.",
            gallery.draw(),
        ))
}
