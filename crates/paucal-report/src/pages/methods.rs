//! Methods with their citations.

use paucal_table::METHODS;

use crate::document::{Cell, Compose, Reference, Section, Table, Text};

/// The generators that were used.
pub fn generators(names: &[&str]) -> Section {
    let used = METHODS.iter().filter(|method| names.contains(&method.name));
    Section::new("generators", "Generators").table(
        Table::new(
            "generators",
            "Generators, what they do and where they come from.",
            ["Name", "What it does", "Source"],
        )
        .rows(used, |m| [Cell::code(m.name), Cell::text(m.summary), Cell::text(m.paper)]),
    )
}

/// How tables are judged.
pub fn judging() -> Section {
    Section::new("judging", "How rows are judged").list([
        Text::marked(
            "*Similarity* is the mean of a univariate part (1 − earth mover's distance / range of the real column for \
             numbers, 1 − total variation for levels) and a bivariate part (one minus the scaled Frobenius distance of \
             the association matrices).",
        ),
        Text::marked(
            "*Accuracy* is the mean of min(1, TSTR / TRTR) and min(1, TRTS / TRTR) in balanced accuracy of a random \
             forest [@breiman], tested on held-out rows. The *objective* is 0.6 × similarity + 0.4 × accuracy.",
        ),
        Text::marked(
            "*Told from real rows* is the classifier two-sample test [@c2st]: the AUC of a forest that tries to tell real \
             from synthetic rows in five folds. *Precision* and *coverage* follow Naeem et al. [@prdc], with k = 5.",
        ),
        Text::marked(
            "*SDMetrics* scores are recomputed with the definitions of that package [@sdmetrics]; since its version \
             0.27.0 pair trends average only associated pairs, before all pairs.",
        ),
        Text::marked(
            "The *real held-out* rows are scored as if they were synthetic. Where that needs unseen test rows, one half \
             of them is judged against the other and the results are averaged.",
        ),
    ])
}

/// How the experiment is evaluated.
pub fn proving() -> Section {
    Section::new("proving", "How the experiment is evaluated").list([
        Text::marked(
            "*Splits* are grouped by patient where a group column is given, stratified by class, and shared by all arms. \
             Encoders, generators, thresholds and the number of added rows are learnt on training rows only.",
        ),
        Text::marked(
            "*Interval and p-value* of the mean difference are corrected for the overlap of training sets [@nadeau]. \
             *Holm's* method [@holm] corrects over the arms. The *bootstrap* draws patients.",
        ),
        Text::marked(
            "An arm *helped* when its difference is positive, significant after Holm's correction, and positive over \
             patients; it *did not help* when neither better nor worse was shown and a gain that matters is ruled out; \
             else the answer is that one *cannot tell*.",
        ),
        Text::marked(
            "*Threshold moving* changes decisions, not the ranking; resampling can harm calibration [@goorbergh].",
        ),
        Text::marked(
            "The *sign-flip* and *Wilcoxon* [@wilcoxon] tests use means of repeats, *McNemar's* exact test [@mcnemar] the \
             positive patients found by one arm and not by the other.",
        ),
    ])
}

/// Works that pages cite.
pub fn references() -> Vec<Reference> {
    let work = |key: &str, citation: &str, doi: &str| Reference::new(key, citation).doi(doi);
    vec![
        work("breiman", "Breiman L. Random forests. Machine Learning 45, 2001.", "10.1023/A:1010933404324"),
        Reference::new("c2st", "Lopez-Paz D, Oquab M. Revisiting classifier two-sample tests. ICLR 2017.")
            .address("https://arxiv.org/abs/1610.06545"),
        Reference::new("esteban", "Esteban C, Hyland SL, Rätsch G. Real-valued (medical) time series generation with recurrent conditional GANs. 2017.")
            .address("https://arxiv.org/abs/1706.02633"),
        work("goorbergh", "van den Goorbergh R, van Smeden M, Timmerman D, Van Calster B. The harm of class imbalance corrections for risk prediction models. JAMIA 29, 2022.", "10.1093/jamia/ocac093"),
        Reference::new("holm", "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6, 1979.")
            .address("https://www.jstor.org/stable/4615733"),
        work("mcnemar", "McNemar Q. Note on the sampling error of the difference between correlated proportions or percentages. Psychometrika 12, 1947.", "10.1007/BF02295996"),
        work("nadeau", "Nadeau C, Bengio Y. Inference for the generalization error. Machine Learning 52, 2003.", "10.1023/A:1024068626366"),
        Reference::new("prdc", "Naeem MF, Oh SJ, Uh Y, Choi Y, Yoo J. Reliable fidelity and diversity metrics for generative models. ICML 2020.")
            .address("https://arxiv.org/abs/2002.09797"),
        Reference::new("sdmetrics", "SDMetrics, DataCebo. MIT licence.").address("https://docs.sdv.dev/sdmetrics"),
        Reference::new("stadler", "Stadler T, Oprisanu B, Troncoso C. Synthetic data – anonymisation groundhog day. USENIX Security 2022.")
            .address("https://arxiv.org/abs/2011.07018"),
        work("wilcoxon", "Wilcoxon F. Individual comparisons by ranking methods. Biometrics Bulletin 1, 1945.", "10.2307/3001968"),
        work("wdbc", "Wolberg W, Mangasarian O, Street N, Street W. Breast Cancer Wisconsin (Diagnostic). UCI Machine Learning Repository, 1993. CC BY 4.0.", "10.24432/C5DW2B"),
    ]
}
