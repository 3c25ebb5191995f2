//! What the whole set gives reason to say, in plain sentences.

use super::{Prepared, PreparedRecord};
use crate::ecg::listing::few;
use crate::ecg::split::Side;

/// All of it: what [recordings](of_recordings) say, and what the labels and the split lack.
pub(super) fn notable(of: &Prepared) -> Vec<String> {
    let mut said = of_recordings(of);
    said.extend((0..of.labels.classes.len()).filter_map(|class| lacking(of, class)));
    if !of.records.iter().any(|record| record.side == Side::Test) {
        said.push("no recording is on the test side".into());
    }
    said
}

/// What was left out, what single recordings warn of, and whether labels are weak.
pub(super) fn of_recordings(of: &Prepared) -> Vec<String> {
    let mut said = Vec::new();
    let left_out = of.left_out.iter().map(|l| (l.record.as_str(), l.reason.as_str()));
    said.extend(grouped(left_out).into_iter().map(|(reason, names)| format!("left out {names}: {reason}")));
    let warned = of.records.iter().flat_map(|r| r.warnings.iter().map(|w| (r.name.as_str(), w.as_str())));
    said.extend(grouped(warned).into_iter().map(|(warning, names)| format!("{names}: {warning}")));
    if of.records.iter().any(|record| record.weak) {
        said.push("beats have the label of their recording: these labels are weak".into());
    }
    said
}

/// Says of a class that it cannot be learnt, or not be tested.
fn lacking(of: &Prepared, class: usize) -> Option<String> {
    let name = &of.labels.classes[class].name;
    let has = |record: &&PreparedRecord| of.counts(record, |_| true)[class] > 0;
    let mut patients: Vec<usize> = of.records.iter().filter(has).map(|record| record.patient).collect();
    patients.sort_unstable();
    patients.dedup();
    match patients[..] {
        [] => None,
        [only] => {
            let patient = &of.patients[only];
            Some(format!(
                "only patient {patient} has beats of class {name}: it cannot be both learnt and tested"
            ))
        }
        _ if of.class_counts(Some(Side::Train), |beat| !beat.noise)[class] == 0 => {
            Some(format!("no training patient has usable beats of class {name}: it cannot be learnt"))
        }
        _ => None,
    }
}

/// The same said of several recordings is said once, with their names, in order of first mention.
fn grouped<'a>(said: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(&'a str, String)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (record, sentence) in said {
        match groups.iter_mut().find(|(known, _)| *known == sentence) {
            Some((_, records)) => records.push(record),
            None => groups.push((sentence, vec![record])),
        }
    }
    groups.into_iter().map(|(sentence, records)| (sentence, few(&records))).collect()
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn what_is_said_of_many_is_said_once() {
        let said = [("a", "x"), ("b", "y"), ("c", "x")];
        assert_eq!(grouped(said.into_iter()), [("x", "a, c".to_owned()), ("y", "b".to_owned())]);
        let many = ["1", "2", "3", "4", "5", "6", "7"].map(|record| (record, "x"));
        assert_eq!(grouped(many.into_iter()), [("x", "1, 2, 3, 4, 5 and 2 more".to_owned())]);
    }
}
