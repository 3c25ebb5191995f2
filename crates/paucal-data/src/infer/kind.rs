//! The kind of one column, by the rules of the [parent module](super).

use super::profile::Profile;
use super::{names, sentinel};
use crate::cell::{datetime, number};
use crate::finding::{Finding, Topic, many, quoted};
use crate::schema::Kind;

/// The part a column plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// To be predicted.
    Target,
    /// Says which rows belong together.
    Group,
    /// Any other.
    Feature,
}

/// What the rules need to know besides the values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Name of the column.
    pub name: &'a str,
    /// Its part.
    pub role: Role,
    /// Whether it is the first column of the file.
    pub first: bool,
    /// Whether numbers have a decimal comma.
    pub comma: bool,
}

/// A numeric target with more different values than this is a quantity, not a class.
const MOST_CLASSES: usize = 20;
/// Up to this many different whole numbers are codes, however large.
const FEW_CODES: usize = 4;
/// Whole numbers up to this are scores or codes if there are few of them.
const LARGEST_SCORE: f64 = 10.0;
/// Below this many rows "all values differ" says nothing about words.
const FEWEST_FOR_KEYS: usize = 20;
/// Rising whole numbers are a counter from this many rows on.
const FEWEST_FOR_COUNTER: usize = 10;
/// More levels than this are reported.
const MANY_LEVELS: usize = 50;

/// Applies the rules to a column; what was unusual is added to `findings`.
pub(crate) fn decide(profile: &Profile<'_>, context: Context<'_>, findings: &mut Vec<Finding>) -> Kind {
    let kind = if context.role == Role::Group {
        Kind::Id
    } else if profile.present == 0 {
        Kind::Numeric { decimals: None }
    } else if profile.numeric {
        of_numbers(profile, context)
    } else {
        of_moments(profile, context, findings).unwrap_or_else(|| of_words(profile, context))
    };
    report(profile, context, &kind, findings);
    kind
}

fn of_numbers(profile: &Profile<'_>, context: Context<'_>) -> Kind {
    let numbers = profile.numbers();
    let whole = numbers.iter().all(|(x, _)| x.fract() == 0.0);
    let fits = profile.values.iter().all(|v| v.number.is_some());
    let levels = || numbers.iter().map(|(_, text)| (*text).to_owned()).collect::<Vec<_>>();
    let few = (profile.rows as f64 / 10.0).round().min(10.0) as usize;
    let flag = fits && numbers.len() == 2 && numbers.iter().all(|(x, _)| *x == 0.0 || *x == 1.0);
    if context.role == Role::Target && fits && numbers.len() <= MOST_CLASSES {
        return if flag { boolean(&numbers) } else { Kind::Categorical { levels: levels() } };
    }
    if whole && fits && context.role == Role::Feature && is_number_key(profile, &numbers, context) {
        return Kind::Id;
    }
    if flag {
        return boolean(&numbers);
    }
    let largest = numbers.iter().fold(0.0, |largest: f64, (x, _)| largest.max(x.abs()));
    let codes = numbers.len() <= few && (numbers.len() <= FEW_CODES || largest <= LARGEST_SCORE);
    if whole && fits && codes && numbers.iter().all(|(x, _)| *x >= 0.0) {
        return Kind::Categorical { levels: levels() };
    }
    let plain = || profile.values.iter().filter_map(|v| number::plain(v.text, context.comma));
    if whole && plain().all(|text| !text.contains(['.', 'e', 'E'])) {
        return Kind::Integer;
    }
    let finest = plain().map(|text| number::decimals(&text)).max().unwrap_or(0);
    Kind::Numeric { decimals: number::kept_decimals(finest, largest) }
}

/// 0 and 1 in their spelling, 0 first.
fn boolean(numbers: &[(f64, &str)]) -> Kind {
    let spelt = |x: f64| numbers.iter().find(|(y, _)| *y == x).map_or("", |(_, text)| text).to_owned();
    Kind::Boolean { levels: [spelt(0.0), spelt(1.0)] }
}

/// Whether whole numbers are a key.
fn is_number_key(profile: &Profile<'_>, numbers: &[(f64, &str)], context: Context<'_>) -> bool {
    let rows = profile.rows;
    if !profile.all_differ() || numbers.len() != rows {
        // A key that repeats marks the rows of one patient.
        return names::is_key(context.name) && numbers.len() > MOST_CLASSES;
    }
    let steady = |rises: fn(f64, f64) -> bool| numbers.windows(2).all(|pair| rises(pair[0].0, pair[1].0));
    let counter = rows >= FEWEST_FOR_COUNTER && (steady(|a, b| a < b) || steady(|a, b| a > b));
    let leading = context.first && rows >= FEWEST_FOR_KEYS && numbers.iter().all(|(x, _)| *x >= 0.0);
    names::is_key(context.name) || counter || leading
}

fn of_moments(profile: &Profile<'_>, context: Context<'_>, findings: &mut Vec<Finding>) -> Option<Kind> {
    let (format, ambiguous) = datetime::detect(&profile.values.iter().map(|v| v.text).collect::<Vec<_>>())?;
    if ambiguous {
        let order = if format.find('d') < format.find('m') { "day before month" } else { "month before day" };
        let sentence = format!(
            "moments could be day or month first ({}); read as {order} ({format}); the schema can change it",
            quoted(profile.values.iter().take(1).map(|v| v.text))
        );
        findings.push(Finding::warning(Topic::Datetime, sentence).of(context.name));
    }
    Some(Kind::Datetime { format })
}

fn of_words(profile: &Profile<'_>, context: Context<'_>) -> Kind {
    let levels = || profile.values.iter().map(|v| v.text.to_owned()).collect::<Vec<_>>();
    if let Some(levels) = word_flag(profile) {
        return Kind::Boolean { levels };
    }
    if context.role == Role::Target {
        return Kind::Categorical { levels: levels() };
    }
    let (different, present) = (profile.values.len(), profile.present);
    let spaced = profile.values.iter().any(|v| v.text.contains(char::is_whitespace));
    let key = names::is_key(context.name);
    if key && (profile.all_differ() || different > MOST_CLASSES) {
        return Kind::Id;
    }
    if present >= FEWEST_FOR_KEYS && different == present {
        return if spaced { Kind::Text } else { Kind::Id };
    }
    let length: usize = profile.values.iter().map(|v| v.text.chars().count()).sum();
    let long = length > 30 * different;
    let nearly_unique = present >= FEWEST_FOR_KEYS && different * 10 > present * 9;
    let prose = long && different > MANY_LEVELS && different * 2 > present;
    if nearly_unique || prose { Kind::Text } else { Kind::Categorical { levels: levels() } }
}

/// Two words for false and true, in the spelling of the file.
fn word_flag(profile: &Profile<'_>) -> Option<[String; 2]> {
    const FLAGS: [[&str; 2]; 4] = [["no", "yes"], ["n", "y"], ["false", "true"], ["f", "t"]];
    let [a, b] = profile.values.as_slice() else { return None };
    FLAGS.iter().find_map(|[no, yes]| {
        let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
        if is(a.text, no) && is(b.text, yes) {
            Some([a.text.to_owned(), b.text.to_owned()])
        } else if is(a.text, yes) && is(b.text, no) {
            Some([b.text.to_owned(), a.text.to_owned()])
        } else {
            None
        }
    })
}

/// Findings that follow from the kind.
fn report(profile: &Profile<'_>, context: Context<'_>, kind: &Kind, findings: &mut Vec<Finding>) {
    let mut add = |finding: Finding| findings.push(finding.of(context.name));
    let different = profile.values.len();
    if profile.present == 0 {
        add(Finding::warning(Topic::Missing, "all values are missing; read as numeric").counted(profile.rows));
    } else if different == 1 && profile.rows > 1 && context.role != Role::Group {
        let value = quoted(profile.values.iter().map(|v| v.text));
        add(Finding::warning(Topic::Constant, format!("every value is {value}; it tells nothing")));
    }
    if context.role == Role::Feature && matches!(kind, Kind::Integer | Kind::Numeric { .. }) {
        let counted = profile.values.iter().filter_map(|v| v.number.map(|x| (x, v.count)));
        sentinel::suspect(&counted.collect::<Vec<_>>()).into_iter().for_each(&mut add);
    }
    match kind {
        Kind::Id if context.role == Role::Feature => add(key_finding(profile, context)),
        Kind::Integer | Kind::Numeric { .. } if context.role == Role::Target => {
            let sentence = format!("the target has {different} different numbers, so it is not a class");
            add(Finding::warning(Topic::Levels, sentence).counted(different));
        }
        Kind::Integer if profile.all_differ() && profile.rows >= FEWEST_FOR_KEYS => {
            let sentence = "all values differ; if it is a key, set kind = \"id\" in the schema";
            add(Finding::note(Topic::Keys, sentence));
        }
        Kind::Categorical { levels } => {
            if levels.len() > MANY_LEVELS {
                let sentence = format!(
                    "{} levels in {} rows; many levels cost memory and rare ones are hard to learn",
                    levels.len(),
                    profile.rows
                );
                add(Finding::warning(Topic::Levels, sentence).counted(levels.len()));
            }
            if let Some(alike) = alike(levels) {
                let sentence = format!("levels differ only in upper and lower case: {alike}; kept apart");
                add(Finding::warning(Topic::Levels, sentence));
            }
        }
        Kind::Text => {
            let sentence = format!("{different} different texts in {} rows; never modelled", profile.rows);
            add(Finding::note(Topic::Keys, sentence).counted(different));
        }
        _ => {}
    }
}

fn key_finding(profile: &Profile<'_>, context: Context<'_>) -> Finding {
    let different = profile.values.len();
    if profile.all_differ() {
        return Finding::note(
            Topic::Keys,
            "taken for a key, because its values are all different; never modelled",
        );
    }
    let (present, name) = (profile.present, context.name);
    let sentence = format!(
        "taken for a key: {} in {present} rows; if rows of the same value belong together, use --group '{name}'",
        many(different, "different value")
    );
    Finding::warning(Topic::Keys, sentence).counted(different)
}

/// The first two levels that are the same but for case.
fn alike(levels: &[String]) -> Option<String> {
    let mut lower: Vec<(String, &str)> = levels.iter().map(|l| (l.to_lowercase(), l.as_str())).collect();
    lower.sort();
    lower.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| quoted([pair[0].1, pair[1].1]))
}
