//! Every kind of figure, drawn from little data.

use paucal_report::Estimate;
use paucal_report::figure::{
    BeatGallery, BeatTile, ClassBalance, Cumulative, Curve, CurvePlot, DotPlot, Drawing, EcgStrip,
    ForestPlot, ForestRow, Grid, HeatMap, Histogram, LevelBars, LinePlot, Reliability, RiskBin, ScatterPlot,
    ScoreBars, Style,
};

fn svg(drawing: &Drawing) -> String {
    drawing.inline("x", "Figure 1", "What is to be seen.")
}

fn forest() -> ForestPlot {
    ForestPlot::new("Difference in average precision")
        .sides("baseline better", "augmentation better")
        .margin(0.02)
        .row(ForestRow::new("Copula", Estimate::new(-0.01, -0.04, 0.02)).note("p = 0.41").emphasised())
        .row(ForestRow::new("Lost <arm>", Estimate::point(f64::NAN)))
}

fn dots() -> DotPlot {
    DotPlot::new("Score")
        .series("A")
        .series("B")
        .range(0.0, 1.0)
        .line("Shapes", [Some(Estimate::new(0.9, 0.8, 0.95)), None], Some(0.97))
        .line("Pairs", [None, Some(Estimate::point(0.5))], None)
}

fn histogram() -> Histogram {
    Histogram::new("age", vec![0.0, 20.0, 40.0, 60.0])
        .sample("Real", Style::REAL, vec![0.2, 0.5, 0.3])
        .sample("Synthetic", Style::SYNTHETIC, vec![0.3, 0.4, f64::NAN])
}

fn heat_map() -> HeatMap {
    HeatMap::new("Correlation", ["a", "b"])
        .panel("Real", vec![vec![1.0, -0.5], vec![-0.5, 1.0]])
        .panel("Synthetic", vec![vec![1.0, f64::NAN], vec![0.1, 1.0]])
}

fn roc() -> CurvePlot {
    let points = vec![(0.0, 0.0), (0.1, 0.8), (1.0, 1.0)];
    CurvePlot::roc().curve(Curve::new("Model", points.clone()).band(points.clone(), points))
}

fn precision_recall() -> CurvePlot {
    CurvePlot::precision_recall(0.08).curve(Curve::new("Model", vec![(0.0, 1.0), (1.0, 0.08)]))
}

fn reliability() -> Reliability {
    let bin = |predicted, observed| RiskBin {
        predicted,
        observed: Estimate::new(observed, observed - 0.1, observed + 0.1),
        count: 20,
    };
    Reliability::new().model("Model", vec![bin(0.1, 0.15), bin(0.8, 0.6)])
}

fn lines() -> LinePlot {
    LinePlot::new("Step", "Loss")
        .series("Critic", vec![(0.0, 4.0), (1.0, 2.0), (2.0, f64::INFINITY), (3.0, 1.0)])
        .series("Generator", vec![(0.0, -1.0), (3.0, 0.5)])
        .smoothed(0.5)
        .level(1.0, "target")
}

fn levels() -> LevelBars {
    LevelBars::new("grade", ["low", "high"]).sample("Real", Style::REAL, vec![0.4, 0.6]).sample(
        "Synthetic",
        Style::SYNTHETIC,
        vec![0.7, 0.3],
    )
}

fn cumulative() -> Cumulative {
    Cumulative::new("Distance").sample("Held out", Style::HOLDOUT, vec![0.4, 0.1, f64::NAN]).sample(
        "Synthetic",
        Style::SYNTHETIC,
        vec![0.2, 0.3],
    )
}

/// A wave with one sharp deflection.
fn wave(height: f32) -> Vec<f32> {
    (0..60).map(|i| height * (-((i as f32 - 20.0) / 3.0).powi(2)).exp()).collect()
}

fn strip() -> EcgStrip {
    EcgStrip::new("MLII <1>", "mV", 100.0, [wave(1.0), vec![f32::NAN; 10], wave(2.0)].concat())
        .starting(61.0)
        .usual("N")
        .beat(61.2, "N")
        .beat(61.9, "V")
        .focus(61.8, 62.1)
}

fn gallery() -> BeatGallery {
    BeatGallery::new("z", 100.0, 20)
        .columns(2)
        .tile(BeatTile::new("P1", wave(1.0)).detail("3 beats").members([wave(0.9), wave(1.1)]))
        .tile(BeatTile::new("P2", wave(-2.0)))
}

fn scatter() -> ScatterPlot {
    ScatterPlot::new("Beats", "Purity")
        .log_across()
        .range(0.0, 1.0)
        .level(0.7, "least wanted")
        .group("Pure", vec![(10.0, 0.9), (300.0, 0.95), (0.0, 0.5)])
        .group("Mixed", (1..200).map(|i| (f64::from(i), 0.4)).collect())
}

#[test]
fn each_kind_draws_as_agreed() {
    let balance = ClassBalance::new(["benign", "malignant"], 1).row("Training", vec![92, 8]);
    let scores = ScoreBars::new("Score").row("a", 0.9, Some(0.95)).row("b", f64::NAN, None).lowest_first();
    let missing = ScoreBars::new("Missing").percent().row("a", 0.031, None);
    let grid = Grid::new(2)
        .legend("Real", Style::REAL)
        .cell(histogram().draw_small(349.0, 150.0))
        .cell(levels().draw_small(349.0));
    insta::assert_snapshot!("forest", svg(&forest().draw()));
    insta::assert_snapshot!("dots", svg(&dots().draw()));
    insta::assert_snapshot!("histogram", svg(&histogram().draw()));
    insta::assert_snapshot!("heat_map", svg(&heat_map().draw()));
    insta::assert_snapshot!("roc", svg(&roc().draw()));
    insta::assert_snapshot!("precision_recall", svg(&precision_recall().draw()));
    insta::assert_snapshot!("reliability", svg(&reliability().draw()));
    insta::assert_snapshot!("lines", svg(&lines().draw()));
    insta::assert_snapshot!("lines_log", svg(&lines().log().draw()));
    insta::assert_snapshot!("levels", svg(&levels().draw()));
    insta::assert_snapshot!("balance", svg(&balance.draw()));
    insta::assert_snapshot!("scores", svg(&scores.draw()));
    insta::assert_snapshot!("missing", svg(&missing.draw()));
    insta::assert_snapshot!("cumulative", svg(&cumulative().draw()));
    insta::assert_snapshot!("grid", svg(&grid.draw()));
    insta::assert_snapshot!("strip", svg(&strip().draw()));
    insta::assert_snapshot!("beats", svg(&gallery().draw()));
    insta::assert_snapshot!("scatter", svg(&scatter().draw()));
}

#[test]
fn figures_without_data_say_so() {
    let empty = [
        ForestPlot::new("x").draw(),
        DotPlot::new("x").draw(),
        Histogram::new("x", vec![]).draw(),
        Histogram::new("x", vec![1.0, 0.0]).sample("a", Style::REAL, vec![1.0]).draw(),
        HeatMap::new("x", Vec::<String>::new()).draw(),
        CurvePlot::roc().draw(),
        Reliability::new().draw(),
        LinePlot::new("x", "y").series("a", vec![(0.0, f64::NAN)]).draw(),
        LevelBars::new("x", Vec::<String>::new()).draw(),
        ClassBalance::new(Vec::<String>::new(), 3).draw(),
        ScoreBars::new("x").draw(),
        Cumulative::new("x").sample("a", Style::REAL, vec![f64::NAN]).draw(),
        Grid::new(0).draw(),
        EcgStrip::new("II", "mV", 360.0, vec![f32::NAN; 9]).draw(),
        EcgStrip::new("II", "mV", 0.0, vec![1.0; 9]).draw(),
        BeatGallery::new("mV", 360.0, 0).draw(),
        ScatterPlot::new("x", "y").log_across().group("a", vec![(0.0, 1.0), (1.0, f64::NAN)]).draw(),
    ];
    for drawing in &empty {
        assert!(svg(drawing).contains(">No "), "{}", svg(drawing));
    }
}

mod any_numbers {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![any::<f64>(), -2.0..2.0f64, Just(0.0), Just(f64::NAN), Just(f64::INFINITY)]
    }

    fn words() -> impl Strategy<Value = String> {
        prop_oneof![".{0,80}", Just("<b>&\"'".to_string())]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Nothing that is drawn panics, writes a number that is none, or leaves markup of users unescaped.
        #[test]
        fn make_a_figure(v in prop::collection::vec(number(), 6), name in words(), n in 0usize..2000) {
            let estimate = Estimate::new(v[0], v[1], v[2]);
            let points = vec![(v[0], v[1]), (v[2], v[3]), (v[4], v[5])];
            let bin = RiskBin { predicted: v[0], observed: estimate, count: n };
            let curve = || Curve::new(name.clone(), points.clone()).band(points.clone(), points.clone());
            let samples: Vec<f32> = v.iter().map(|v| *v as f32).collect();
            let tile = BeatTile::new(&*name, samples.clone()).detail(&*name).members([samples.clone()]);
            let drawings = [
                EcgStrip::new(&*name, "mV", v[0], samples.clone()).starting(v[1]).beat(v[2], &*name).draw(),
                EcgStrip::new("II", &*name, 2.0, samples).starting(v[1]).beat(v[1], &*name).focus(v[2], v[3]).draw(),
                BeatGallery::new(&*name, v[0], n).columns(n).tile(tile.clone()).draw(),
                BeatGallery::new("mV", 250.0, 2).tiles([tile.clone(), tile]).draw(),
                ScatterPlot::new(&*name, &*name).group(&*name, points.clone()).level(v[0], "l").draw(),
                (0..9).fold(ScatterPlot::new("x", "y").log_across(), |plot, _| plot.group(&*name, points.clone())).draw(),
                ForestPlot::new(&*name).margin(v[3]).row(ForestRow::new(&*name, estimate).note(&*name)).draw(),
                DotPlot::new(&*name).series(&*name).line(&*name, [Some(estimate)], Some(v[3])).draw(),
                DotPlot::new(&*name).range(v[0], v[1]).series("a").line("b", [Some(estimate)], None).draw(),
                Histogram::new(&*name, vec![0.0, 1.0, 2.0]).sample(&*name, Style::REAL, v.clone()).draw(),
                HeatMap::new(&*name, [&*name, "b"]).panel(&*name, vec![v.clone()]).draw(),
                CurvePlot::precision_recall(v[0]).curve(curve()).draw(),
                CurvePlot::roc().curve(curve()).draw(),
                Reliability::new().model(&*name, vec![bin, bin]).draw(),
                LinePlot::new(&*name, &*name).series(&*name, points.clone()).smoothed(v[0]).level(v[1], "l").draw(),
                LinePlot::new("x", "y").series(&*name, points.clone()).log().draw(),
                LevelBars::new(&*name, [&*name]).sample(&*name, Style::HOLDOUT, v.clone()).draw(),
                ClassBalance::new([&*name, "b"], n % 4).row(&*name, vec![n, 3]).draw(),
                ScoreBars::new(&*name).row(&*name, v[0], Some(v[1])).highest_first().draw(),
                Cumulative::new(&*name).sample(&*name, Style::SYNTHETIC, v.clone()).draw(),
            ];
            for drawing in drawings {
                let text = drawing.file(&name, &name);
                prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
                let mut reader = quick_xml::Reader::from_str(&text);
                loop {
                    match reader.read_event() {
                        Ok(quick_xml::events::Event::Eof) => break,
                        Ok(_) => {}
                        Err(error) => prop_assert!(false, "{error}: {text}"),
                    }
                }
            }
        }
    }
}
