//! Errors that advise.
//!
//! Each library has one `thiserror` enum. Its message says what is wrong; [`Advice`] adds what the
//! user can do and which exit code the program ends with.

/// How a program that hits this error should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitKind {
    /// The work failed: exit code 1.
    Failed,
    /// The request itself was wrong (arguments, configuration, an unknown column): exit code 2.
    Usage,
    /// The user stopped it (Ctrl-C): exit code 130, as shells expect.
    Interrupted,
}

impl ExitKind {
    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
        }
    }
}

/// What an error adds to its message.
pub trait Advice: std::error::Error {
    /// One sentence that says what to do, or `None` when there is nothing useful to say.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The kind of exit; a failure unless the error says otherwise.
    fn exit_kind(&self) -> ExitKind {
        ExitKind::Failed
    }
}

/// The closest candidate to what was typed, for "did you mean" hints.
///
/// Case is ignored; a candidate more than a third of its length away is not offered.
///
/// ```
/// assert_eq!(paucal_core::error::closest("diagnosys", ["age", "Diagnosis"]), Some("Diagnosis"));
/// assert_eq!(paucal_core::error::closest("weight", ["age", "Diagnosis"]), None);
/// ```
pub fn closest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&typed, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
