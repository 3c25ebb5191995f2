//! What the columns of a table are.
//!
//! ```toml
//! version = 1
//! target = "diagnosis"
//! positive = "M"
//!
//! [layout]
//! header = true
//! delimiter = ","
//! missing = ["", "?", "NA"]
//!
//! [[columns]]
//! name = "mean_radius"
//! kind = "numeric"
//! decimals = 3
//!
//! [[columns]]
//! name = "diagnosis"
//! kind = "categorical"
//! levels = ["B", "M"]
//! ```
//!
//! What must hold between columns stands under `[constraints]`: see [`crate::constraints`].

use serde::{Deserialize, Serialize};

use crate::constraints::{Constraints, Rules};
use crate::error::DataError;

/// Version of the schema format.
pub const VERSION: u32 = 1;

/// The type of a column, with what is needed to write its values as they were read.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Real numbers.
    Numeric {
        /// Decimals of the source; `None` keeps full precision.
        decimals: Option<u32>,
    },
    /// Whole numbers.
    Integer,
    /// Two states; `levels[0]` is false, `levels[1]` is true, both as spelt in the source.
    Boolean {
        /// Spelling of false and true.
        levels: [String; 2],
    },
    /// One of a closed set of levels, in order of first appearance.
    Categorical {
        /// The levels as spelt in the source.
        levels: Vec<String>,
    },
    /// A moment; stored as seconds since 1970-01-01 UTC.
    Datetime {
        /// `strftime` format of the source.
        format: String,
    },
    /// Identifies a row or a patient; never modelled.
    Id,
    /// Free text; never modelled.
    Text,
}

impl Kind {
    /// The name used in schemas and messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Numeric { .. } => "numeric",
            Self::Integer => "integer",
            Self::Boolean { .. } => "boolean",
            Self::Categorical { .. } => "categorical",
            Self::Datetime { .. } => "datetime",
            Self::Id => "id",
            Self::Text => "text",
        }
    }

    /// The level list of a boolean or categorical column.
    pub fn levels(&self) -> Option<&[String]> {
        match self {
            Self::Boolean { levels } => Some(levels),
            Self::Categorical { levels } => Some(levels),
            _ => None,
        }
    }

    /// Whether values are numbers (numeric, integer, datetime).
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Numeric { .. } | Self::Integer | Self::Datetime { .. })
    }

    /// Whether values are level codes (boolean, categorical).
    pub fn is_discrete(&self) -> bool {
        self.levels().is_some()
    }

    /// Whether generators and learners use the column (all but ids and text).
    pub fn is_modelled(&self) -> bool {
        self.is_number() || self.is_discrete()
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PlainColumn", into = "PlainColumn")]
pub struct ColumnSpec {
    /// Name as in the header, or `c0`, `c1`, … without one.
    pub name: String,
    /// Type.
    pub kind: Kind,
}

/// How the file is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    /// Whether the first line names the columns.
    pub header: bool,
    /// Field separator.
    pub delimiter: char,
    /// Spellings that mean "missing"; the first is used when writing.
    pub missing: Vec<String>,
    /// Whether numbers have a decimal comma (`3,5`).
    pub decimal_comma: bool,
    /// Whether whole numbers in a column of real numbers are spelt `4.0` rather than `4`.
    pub point_zero: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            header: true,
            delimiter: ',',
            missing: vec![String::new()],
            decimal_comma: false,
            point_zero: false,
        }
    }
}

/// The columns of a table and the parts they play.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Format version, [`VERSION`].
    pub version: u32,
    /// The column to predict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The level of the target that is the rare or sick class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// The column that says which rows belong to one patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How files of this table are laid out.
    #[serde(default)]
    pub layout: Layout,
    /// What must hold between the columns of a row.
    #[serde(default, skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
    /// The columns in file order.
    pub columns: Vec<ColumnSpec>,
}

impl Schema {
    /// A schema of these columns, with no roles and the default layout.
    pub fn new(columns: Vec<ColumnSpec>) -> Self {
        Self {
            version: VERSION,
            target: None,
            positive: None,
            group: None,
            layout: Layout::default(),
            constraints: Constraints::default(),
            columns,
        }
    }

    /// Reads a schema from TOML and checks it.
    pub fn from_toml(text: &str) -> Result<Self, DataError> {
        let schema: Self =
            toml::from_str(text).map_err(|e| DataError::Schema(e.message().replace('\n', " ")))?;
        schema.check()?;
        Ok(schema)
    }

    /// The schema as TOML for people to edit.
    pub fn to_toml(&self) -> Result<String, DataError> {
        toml::to_string(self).map_err(|e| DataError::Schema(e.to_string()))
    }

    /// Refuses duplicated names, roles of unknown columns, a positive class that is no level, and constraints that do
    /// not hold together.
    pub fn check(&self) -> Result<(), DataError> {
        if self.version > VERSION {
            return Err(DataError::Schema(format!("version {} is newer than this program", self.version)));
        }
        for (i, column) in self.columns.iter().enumerate() {
            if self.columns[..i].iter().any(|c| c.name == column.name) {
                return Err(DataError::Schema(format!("two columns are called '{}'", column.name)));
            }
        }
        for role in [&self.target, &self.group].into_iter().flatten() {
            self.index(role)?;
        }
        if let (Some(target), Some(positive)) = (&self.target, &self.positive) {
            let levels = self.spec(target)?.kind.levels().unwrap_or_default();
            if !levels.contains(positive) {
                return Err(DataError::unknown_level(target, positive, levels));
            }
        }
        Rules::of(self).map(drop)
    }

    /// Position of a column; an unknown name is an error with the closest known one.
    pub fn index(&self, name: &str) -> Result<usize, DataError> {
        self.columns.iter().position(|c| c.name == name).ok_or_else(|| DataError::unknown_column(name, self))
    }

    /// A column by name.
    pub fn spec(&self, name: &str) -> Result<&ColumnSpec, DataError> {
        Ok(&self.columns[self.index(name)?])
    }

    /// Names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.name.as_str())
    }
}

/// The flat form in which columns stand in TOML and JSON; strict about keys that do not fit the kind.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainColumn {
    name: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decimals: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    levels: Option<Vec<String>>,
}

impl From<ColumnSpec> for PlainColumn {
    fn from(column: ColumnSpec) -> Self {
        let kind = column.kind.name().to_owned();
        let levels = column.kind.levels().map(<[String]>::to_vec);
        let (decimals, format) = match column.kind {
            Kind::Numeric { decimals } => (decimals, None),
            Kind::Datetime { format } => (None, Some(format)),
            _ => (None, None),
        };
        Self { name: column.name, kind, decimals, format, levels }
    }
}

impl TryFrom<PlainColumn> for ColumnSpec {
    type Error = String;

    fn try_from(plain: PlainColumn) -> Result<Self, String> {
        let PlainColumn { name, kind, decimals, format, levels } = plain;
        let kind = match (kind.as_str(), decimals, format, levels) {
            ("numeric", decimals, None, None) => Kind::Numeric { decimals },
            ("integer", None, None, None) => Kind::Integer,
            ("boolean", None, None, Some(levels)) => Kind::Boolean {
                levels: levels.try_into().map_err(|_| format!("boolean column '{name}' needs two levels"))?,
            },
            ("categorical", None, None, Some(levels)) => Kind::Categorical { levels },
            ("datetime", None, Some(format), None) => Kind::Datetime { format },
            ("id", None, None, None) => Kind::Id,
            ("text", None, None, None) => Kind::Text,
            _ => return Err(format!("column '{name}': the keys given do not fit kind '{kind}'")),
        };
        Ok(Self { name, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_round_trip() {
        let column = |name: &str, kind| ColumnSpec { name: name.into(), kind };
        let mut schema = Schema::new(vec![
            column("id", Kind::Id),
            column("radius", Kind::Numeric { decimals: Some(3) }),
            column("smoker", Kind::Boolean { levels: ["no".into(), "yes".into()] }),
            column("diagnosis", Kind::Categorical { levels: vec!["M".into(), "B".into()] }),
            column("seen", Kind::Datetime { format: "%Y-%m-%d".into() }),
        ]);
        schema.target = Some("diagnosis".into());
        schema.positive = Some("M".into());
        assert_eq!(Schema::from_toml(&schema.to_toml().unwrap()).unwrap(), schema);
    }

    #[test]
    fn wrong_schemas_are_refused_with_a_reason() {
        let refused = |text: &str| Schema::from_toml(text).unwrap_err().to_string();
        assert!(
            refused("version = 1\n[[columns]]\nname='a'\nkind='numeric'\nlevels=['x']")
                .contains("do not fit")
        );
        assert!(refused("version = 1\ntarget='b'\n[[columns]]\nname='a'\nkind='integer'").contains("'b'"));
        let twice = "[[columns]]\nname='a'\nkind='integer'\n";
        assert!(refused(&format!("version = 1\n{twice}{twice}")).contains("two columns"));
    }
}
