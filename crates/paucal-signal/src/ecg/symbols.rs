//! The annotation codes of the MIT-BIH databases that mean beats, and the classes in which ANSI/AAMI EC57
//! counts them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The classes of ANSI/AAMI EC57.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Aami {
    /// Any beat that is in no other class: normal, bundle branch block, escape.
    N,
    /// Supraventricular ectopic.
    S,
    /// Ventricular ectopic.
    V,
    /// Fusion of a ventricular and a normal beat.
    F,
    /// Paced, fusion of a paced and a normal beat, or not to be classified.
    Q,
}

impl Aami {
    /// Every class, in the order of reports.
    pub const ALL: [Self; 5] = [Self::N, Self::S, Self::V, Self::F, Self::Q];

    /// The class in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::N => "normal, bundle branch block or escape",
            Self::S => "supraventricular ectopic",
            Self::V => "ventricular ectopic",
            Self::F => "fusion of ventricular and normal",
            Self::Q => "paced or unclassifiable",
        }
    }
}

impl fmt::Display for Aami {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A kind of beat as the MIT-BIH databases annotate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeatSymbol {
    /// Code in annotation files.
    pub code: u8,
    /// Letter that stands for it in print.
    pub symbol: char,
    /// Its class.
    pub class: Aami,
    /// What it means.
    pub meaning: &'static str,
}

const fn beat(code: u8, symbol: char, class: Aami, meaning: &'static str) -> BeatSymbol {
    BeatSymbol { code, symbol, class, meaning }
}

/// Every kind of beat, by code.
///
/// Escape beats (e, j, n) are in class N, as in de Chazal et al. (2004, *IEEE Trans. Biomedical
/// Engineering* 51); some published programs count e and j as S, which the number of beats of each class
/// reveals. Ventricular flutter waves (!) and blocked P waves (x) are no beats.
pub const BEATS: &[BeatSymbol] = &[
    beat(1, 'N', Aami::N, "normal"),
    beat(2, 'L', Aami::N, "left bundle branch block"),
    beat(3, 'R', Aami::N, "right bundle branch block"),
    beat(4, 'a', Aami::S, "aberrated atrial premature"),
    beat(5, 'V', Aami::V, "premature ventricular contraction"),
    beat(6, 'F', Aami::F, "fusion of ventricular and normal"),
    beat(7, 'J', Aami::S, "nodal (junctional) premature"),
    beat(8, 'A', Aami::S, "atrial premature"),
    beat(9, 'S', Aami::S, "supraventricular premature"),
    beat(10, 'E', Aami::V, "ventricular escape"),
    beat(11, 'j', Aami::N, "nodal (junctional) escape"),
    beat(12, '/', Aami::Q, "paced"),
    beat(13, 'Q', Aami::Q, "unclassifiable"),
    beat(25, 'B', Aami::N, "bundle branch block, side not known"),
    beat(30, '?', Aami::Q, "not classified during learning"),
    beat(34, 'e', Aami::N, "atrial escape"),
    beat(35, 'n', Aami::N, "supraventricular escape"),
    beat(38, 'f', Aami::Q, "fusion of paced and normal"),
    beat(41, 'r', Aami::V, "R-on-T premature ventricular contraction"),
];

/// The symbol that opens a stretch of ventricular flutter or fibrillation, in which beats are not annotated.
pub const FLUTTER_BEGINS: char = '[';
/// The symbol that closes it.
pub const FLUTTER_ENDS: char = ']';

/// Whether a symbol marks a beat.
///
/// ```
/// use paucal_signal::ecg::symbols::is_beat;
///
/// assert!(is_beat('V') && !is_beat('+'));
/// ```
pub fn is_beat(symbol: char) -> bool {
    aami(symbol).is_some()
}

/// The class of a beat; `None` if the symbol marks something else.
pub fn aami(symbol: char) -> Option<Aami> {
    BEATS.iter().find(|beat| beat.symbol == symbol).map(|beat| beat.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_are_those_of_the_databases() {
        let symbols: String = BEATS.iter().map(|beat| beat.symbol).collect();
        assert_eq!(symbols, "NLRaVFJASEj/QB?enfr");
        assert!(BEATS.is_sorted_by(|a, b| a.code < b.code));
        assert!(!"!x|~+\"[]stpu".chars().any(is_beat));
    }

    #[test]
    fn classes_hold_the_letters_of_the_standard() {
        let letters = |class| BEATS.iter().filter(|b| b.class == class).map(|b| b.symbol).collect::<String>();
        assert_eq!(Aami::ALL.map(letters), ["NLRjBen", "aJAS", "VEr", "F", "/Q?f"]);
        assert_eq!(Aami::V.to_string(), "V");
    }
}
