//! What beats are called: from the symbol of an annotation, or the label of a strip, to a class.
//!
//! A label of a strip that is given to each of its beats is *weak*: most beats of a strip called "PAC" are
//! normal. [`LabelMap::weak`] says so, and with it every score that is built on such labels.
//!
//! A map of one's own is a few lines of TOML. Keys are symbols of annotations or labels of strips, values are
//! names of classes, and the order of first mention is the order of the classes:
//!
//! ```
//! use paucal_signal::ecg::labels::{LabelMap, Lookup};
//!
//! let map = LabelMap::from_toml(r#"
//!     ignore = ["Q", "/", "f"]
//!     [labels]
//!     N = "normal"
//!     L = "normal"
//!     V = "ventricular"
//! "#)?;
//! assert_eq!(map.classes[1].name, "ventricular");
//! assert_eq!(map.of_symbol('L'), Lookup::Class(0));
//! assert_eq!((map.of_symbol('/'), map.of_symbol('A')), (Lookup::Ignored, Lookup::Unknown));
//! # Ok::<(), paucal_signal::ecg::EcgError>(())
//! ```

use serde::{Deserialize, Serialize};
use toml::Table;

use super::error::EcgError;
use super::symbols::{Aami, BEATS};

/// Stands in `labels.npy` for a beat without a class: what PyTorch's losses ignore by default.
pub const NO_CLASS: i32 = -100;

/// The label names of the strips this pipeline was first written for; -1 is noise.
const STRIPS: [(i32, &str); 14] = [
    (-1, "Noise"),
    (0, "Normal"),
    (1, "PAC"),
    (2, "PVC"),
    (3, "Sinus Bradycardia"),
    (4, "Sinus Tachycardia"),
    (5, "AFib"),
    (6, "Atrial Flutter"),
    (7, "VTach"),
    (8, "VFib"),
    (9, "Ventricular Ectopic"),
    (10, "Couplets"),
    (11, "Triplets"),
    (12, "PVC Subtypes"),
];

/// A class of beats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Number in `labels.npy`.
    pub id: i32,
    /// Name.
    pub name: String,
}

/// Where labels come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelFrom {
    /// The annotation of the beat.
    Beat,
    /// The label of the recording, given to each of its beats: weak.
    Recording,
    /// The annotation of the beat; in a recording without annotated beats, its label.
    #[default]
    Either,
}

/// What a map says about a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The class, by its position in [`LabelMap::classes`].
    Class(usize),
    /// Left without a class on purpose.
    Ignored,
    /// Not in the map.
    Unknown,
}

/// From labels to classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct LabelMap {
    /// Name of the map.
    pub name: String,
    /// Where labels come from.
    pub from: LabelFrom,
    /// The classes in order.
    pub classes: Vec<Class>,
    /// Labels that get no class on purpose.
    pub ignore: Vec<String>,
    /// Labels and the position of their class.
    labels: Vec<(String, usize)>,
}

/// The map as TOML.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    from: LabelFrom,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    labels: Table,
    #[serde(default)]
    classes: Vec<Class>,
}

impl Default for LabelMap {
    fn default() -> Self {
        Self::aami()
    }
}

impl LabelMap {
    /// The built-in maps.
    pub const NAMES: [&'static str; 3] = ["aami", "aami-4", "strips"];

    /// The five classes of ANSI/AAMI EC57 ([`Aami`]): N, S, V, F, Q, from the symbols of annotations.
    pub fn aami() -> Self {
        let classes: Vec<Class> =
            (0..).zip(Aami::ALL).map(|(id, class)| Class { id, name: class.to_string() }).collect();
        let labels = BEATS.iter().map(|beat| (beat.symbol.to_string(), beat.class as usize)).collect();
        Self { name: "aami".into(), from: LabelFrom::Beat, classes, ignore: Vec::new(), labels }
    }

    /// As [`aami`](Self::aami) without Q, which most published comparisons leave out.
    pub fn aami_4() -> Self {
        let mut map = Self { name: "aami-4".into(), ..Self::aami() };
        let q = Aami::Q as usize;
        map.ignore = map.labels.iter().filter(|(_, class)| *class == q).map(|(key, _)| key.clone()).collect();
        map.labels.retain(|(_, class)| *class != q);
        map.classes.truncate(q);
        map
    }

    /// Fourteen labels of strips, -1 to 12. Weak: each beat gets the label of its strip.
    pub fn strips() -> Self {
        let classes: Vec<Class> =
            STRIPS.iter().map(|&(id, name)| Class { id, name: name.to_owned() }).collect();
        let labels = (0..).zip(&classes).map(|(at, class)| (class.id.to_string(), at)).collect();
        Self { name: "strips".into(), from: LabelFrom::Recording, classes, ignore: Vec::new(), labels }
    }

    /// The built-in map of that name.
    pub fn named(name: &str) -> Result<Self, EcgError> {
        match name {
            "aami" => Ok(Self::aami()),
            "aami-4" => Ok(Self::aami_4()),
            "strips" => Ok(Self::strips()),
            _ => {
                let hint =
                    format!("{}; or give a TOML file", super::error::suggest(name, Self::NAMES.into_iter()));
                Err(EcgError::table("labels", format!("there is no map '{name}'"), hint))
            }
        }
    }

    /// Reads a map from TOML; see the [module](self).
    pub fn from_toml(text: &str) -> Result<Self, EcgError> {
        toml::from_str(text).map_err(|e| {
            let hint = "write 'ignore = [...]' and a table [labels] of symbol = \"class\"";
            EcgError::table("labels", paucal_core::config::explain(&e), hint)
        })
    }

    /// The map as TOML.
    pub fn to_toml(&self) -> Result<String, EcgError> {
        toml::to_string(self).map_err(|e| EcgError::table("labels", e.to_string(), "rename the classes"))
    }

    /// Whether a beat gets its class from its recording as a whole. Of [`LabelFrom::Either`], as used.
    pub fn weak(&self) -> bool {
        self.from == LabelFrom::Recording
    }

    /// The class of an annotation's symbol.
    pub fn of_symbol(&self, symbol: char) -> Lookup {
        self.of(symbol.encode_utf8(&mut [0; 4]))
    }

    /// The class of a recording's label: its number (`2`, `2.0`), its text, or the name of a class.
    pub fn of_label(&self, label: &str) -> Lookup {
        let label = label.trim();
        let whole = label.parse::<f64>().ok().filter(|v| v.fract() == 0.0 && v.abs() < 1e9);
        let found = whole.map_or(Lookup::Unknown, |v| self.of(&format!("{v:.0}")));
        if found != Lookup::Unknown {
            return found;
        }
        match self.of(label) {
            Lookup::Unknown => {
                let named = self.classes.iter().position(|class| class.name.eq_ignore_ascii_case(label));
                named.map_or(Lookup::Unknown, Lookup::Class)
            }
            found => found,
        }
    }

    fn of(&self, key: &str) -> Lookup {
        if let Some((_, class)) = self.labels.iter().find(|(known, _)| known == key) {
            return Lookup::Class(*class);
        }
        if self.ignore.iter().any(|ignored| ignored == key) { Lookup::Ignored } else { Lookup::Unknown }
    }

    /// The map with only the named classes, and where each class of this one stands in it. Labels of the others
    /// are ignored.
    pub fn keep(&self, names: &[String]) -> (Self, Vec<Option<usize>>) {
        let mut classes = Vec::new();
        let mut place = |class: &Class| {
            names.contains(&class.name).then(|| {
                classes.push(class.clone());
                classes.len() - 1
            })
        };
        let places: Vec<Option<usize>> = self.classes.iter().map(&mut place).collect();
        let (mut labels, mut ignore) = (Vec::new(), self.ignore.clone());
        for (key, class) in &self.labels {
            match places[*class] {
                Some(at) => labels.push((key.clone(), at)),
                None => ignore.push(key.clone()),
            }
        }
        (Self { name: self.name.clone(), from: self.from, classes, ignore, labels }, places)
    }

    /// The number of a class in `labels.npy`.
    pub fn id(&self, class: Option<u16>) -> i32 {
        class.and_then(|class| self.classes.get(usize::from(class))).map_or(NO_CLASS, |class| class.id)
    }
}

impl TryFrom<Written> for LabelMap {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let mut classes = written.classes;
        let given = !classes.is_empty();
        let mut labels: Vec<(String, usize)> = Vec::new();
        for (key, value) in written.labels {
            let name = value.as_str().ok_or_else(|| format!("the class of '{key}' is not a name"))?;
            let at = match classes.iter().position(|class| class.name == name) {
                Some(at) => at,
                None if given => return Err(format!("'{key}' has the class '{name}', which is not listed")),
                None => {
                    classes.push(Class { id: classes.len() as i32, name: name.to_owned() });
                    classes.len() - 1
                }
            };
            if written.ignore.contains(&key) {
                return Err(format!("'{key}' has a class and is ignored"));
            }
            labels.push((key, at));
        }
        if classes.is_empty() {
            return Err("there is no class".into());
        }
        for (i, class) in classes.iter().enumerate() {
            if classes[..i].iter().any(|other| other.id == class.id || other.name == class.name) {
                return Err(format!("the class '{}' ({}) is listed twice", class.name, class.id));
            }
            if class.id == NO_CLASS {
                return Err(format!("the number {NO_CLASS} stands for no class"));
            }
        }
        let name = written.name.unwrap_or_else(|| "custom".into());
        Ok(Self { name, from: written.from, classes, ignore: written.ignore, labels })
    }
}

impl From<LabelMap> for Written {
    fn from(map: LabelMap) -> Self {
        let named = |(key, at): (String, usize)| (key, toml::Value::String(map.classes[at].name.clone()));
        Self {
            name: Some(map.name),
            from: map.from,
            ignore: map.ignore,
            labels: map.labels.into_iter().map(named).collect(),
            classes: map.classes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_maps_are_found_and_survive_toml() {
        for name in LabelMap::NAMES {
            let map = LabelMap::named(name).unwrap();
            assert_eq!(map.name, name);
            assert_eq!(LabelMap::from_toml(&map.to_toml().unwrap()).unwrap(), map);
        }
        let error = LabelMap::named("aamy").unwrap_err();
        assert!(paucal_core::Advice::hint(&error).unwrap().contains("aami"));
    }

    #[test]
    fn escape_beats_are_normal_and_paced_beats_are_q() {
        let map = LabelMap::aami();
        let class = |symbol| match map.of_symbol(symbol) {
            Lookup::Class(at) => map.classes[at].name.clone(),
            other => format!("{other:?}"),
        };
        let found: String = "NLRejAaJSVEF/fQ".chars().map(class).collect();
        assert_eq!(found, "NNNNNSSSSVVFQQQ");
        assert_eq!((class('+'), LabelMap::aami_4().of_symbol('/')), ("Unknown".into(), Lookup::Ignored));
    }

    #[test]
    fn strips_are_labelled_by_number_or_name() {
        let map = LabelMap::strips();
        assert!(map.weak());
        for (label, id) in [("2", 2), ("2.0", 2), (" pvc ", 2), ("-1", -1), ("AFib", 5)] {
            let Lookup::Class(at) = map.of_label(label) else { panic!("{label}") };
            assert_eq!(map.id(Some(at as u16)), id, "{label}");
        }
        assert_eq!(map.of_label("99"), Lookup::Unknown);
        assert_eq!(map.id(None), NO_CLASS);
    }

    #[test]
    fn classes_that_are_not_kept_are_ignored() {
        let (map, places) = LabelMap::aami().keep(&["N".into(), "V".into()]);
        assert_eq!(places, [Some(0), None, Some(1), None, None]);
        assert_eq!((map.of_symbol('V'), map.of_symbol('A')), (Lookup::Class(1), Lookup::Ignored));
        assert_eq!(LabelMap::from_toml(&map.to_toml().unwrap()).unwrap(), map);
    }

    #[test]
    fn contradictions_are_refused() {
        for (text, word) in [
            ("ignore = [\"N\"]", "no class"),
            ("ignore = [\"N\"]\n[labels]\nN = \"a\"", "is ignored"),
            ("[labels]\nN = 3", "not a name"),
            ("[labels]\nN = \"b\"\n[[classes]]\nid = 0\nname = \"a\"", "not listed"),
            ("[[classes]]\nid = 0\nname = \"a\"\n[[classes]]\nid = 0\nname = \"b\"", "twice"),
            ("ignored = []\n[labels]\nN = \"a\"", "ignored"),
        ] {
            let error = LabelMap::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
