//! The training table as the generator sees it, and the way back.

use paucal_core::{Observer, Silent};
use paucal_data::constraints::Rules;
use paucal_data::{ColumnSpec, Kind, Schema, Table, Values};
use serde::{Deserialize, Serialize};

use super::combine::{Joint, codes};
use super::gap::{Gap, numbers};
use super::near::{self, Residual};
use super::repair;
use crate::error::TableError;
use crate::transform::{Plan, Serial, Treatment};

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Coding {
    /// Learnt as it is.
    Same,
    /// Learnt as its distance from lower columns.
    Gap(Gap),
    /// Learnt as what is left beside a curve.
    Residual(Residual),
    /// Learnt within a joint column, of this index.
    Joined(usize),
    /// Not learnt but computed.
    Computed,
}

/// A column of the recoded table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The column at this position, as it is or coded.
    Own(usize),
    /// The joint column of this index.
    Joint(usize),
}

/// How a table with constraints is recoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub(super) struct Recoding {
    /// The columns as the user knows them.
    pub schema: Schema,
    pub rules: Rules,
    pub codings: Vec<Coding>,
    pub joints: Vec<Joint>,
    /// Fresh ids: position and pattern.
    serials: Vec<(usize, Serial)>,
    /// The columns of the recoded table.
    pub sources: Vec<Source>,
    /// Its schema, without constraints.
    pub inner: Schema,
}

/// A recoding as it stands in a file.
#[derive(Serialize, Deserialize)]
struct Saved {
    schema: Schema,
    codings: Vec<Coding>,
    joints: Vec<Joint>,
    serials: Vec<(usize, Serial)>,
    /// Per combination, the level codes that were seen together, with their rows.
    combinations: Vec<Vec<(Vec<u32>, usize)>>,
}

impl From<Recoding> for Saved {
    fn from(recoding: Recoding) -> Self {
        let combinations = recoding.rules.combinations.into_iter().map(|c| c.seen.into_iter().collect());
        Self {
            schema: recoding.schema,
            codings: recoding.codings,
            joints: recoding.joints,
            serials: recoding.serials,
            combinations: combinations.collect(),
        }
    }
}

impl TryFrom<Saved> for Recoding {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        let Saved { schema, codings, joints, serials, combinations } = saved;
        schema.check().map_err(|e| e.to_string())?;
        let mut rules = Rules::of(&schema).map_err(|e| e.to_string())?;
        let columns = schema.columns.len();
        let sound = |(spec, coding): (&ColumnSpec, &Coding)| match coding {
            Coding::Same => true,
            Coding::Gap(gap) => spec.kind.is_number() && gap.is_sound(columns),
            Coding::Residual(residual) => spec.kind.is_number() && residual.is_sound(columns),
            Coding::Joined(joint) => *joint < joints.len() && spec.kind.is_discrete(),
            Coding::Computed => spec.kind.is_number() || spec.kind.is_discrete(),
        };
        let fits = codings.len() == columns
            && schema.columns.iter().zip(&codings).all(sound)
            && joints.iter().all(|joint| joint.is_sound(&schema))
            && serials.iter().all(|(column, _)| *column < columns)
            && combinations.len() == rules.combinations.len()
            && rules
                .combinations
                .iter()
                .zip(&combinations)
                .all(|(c, seen)| seen.iter().all(|(codes, _)| codes.len() == c.columns.len()));
        if !fits {
            return Err("constraints and columns do not fit together".into());
        }
        for (combination, seen) in rules.combinations.iter_mut().zip(combinations) {
            combination.seen = seen.into_iter().collect();
        }
        Ok(Self::assembled(schema, rules, codings, joints, serials))
    }
}

impl Recoding {
    /// Learns from training rows that keep the rules.
    pub fn learn(train: &Table, rules: Rules, observer: &dyn Observer) -> Result<Self, TableError> {
        let schema = train.schema().clone();
        let values: Vec<Values> = train.columns().map(|column| column.values.clone()).collect();
        let target = schema.target.as_ref().and_then(|name| schema.index(name).ok());
        let joints: Vec<Joint> = rules.combinations.iter().filter_map(|c| Joint::of(c, target)).collect();
        let computed = |column: usize| rules.computed.iter().any(|c| c.column == column);
        let coding = |column: usize| {
            if computed(column) {
                return Coding::Computed;
            }
            if let Some(joint) = joints.iter().position(|joint| joint.columns.contains(&column)) {
                return Coding::Joined(joint);
            }
            let mut below: Vec<usize> =
                rules.orders.iter().filter(|o| o.high == column && !computed(o.low)).map(|o| o.low).collect();
            below.sort_unstable();
            below.dedup();
            let gap = Gap::learn(column, below, &schema.columns[column].kind, &values);
            gap.filter(|gap| !gap.below.is_empty()).map_or(Coding::Same, Coding::Gap)
        };
        let mut codings: Vec<Coding> = (0..schema.columns.len()).map(coding).collect();
        if schema.constraints.near_deterministic {
            for (column, residual) in near::find(train, &free(&schema, &rules), observer) {
                codings[column] = Coding::Residual(residual);
            }
        }
        let plan = Plan::new(train, &Silent::new())?;
        let serials =
            plan.treatments().iter().enumerate().filter_map(|(column, treatment)| match treatment {
                Treatment::Serial(serial) => Some((column, serial.clone())),
                _ => None,
            });
        let serials = serials.collect();
        Ok(Self::assembled(schema, rules, codings, joints, serials))
    }

    /// Adds what follows from the parts: the columns of the recoded table.
    fn assembled(
        schema: Schema,
        rules: Rules,
        codings: Vec<Coding>,
        joints: Vec<Joint>,
        serials: Vec<(usize, Serial)>,
    ) -> Self {
        let mut sources: Vec<Source> = Vec::new();
        for (column, coding) in codings.iter().enumerate() {
            match coding {
                Coding::Computed => {}
                Coding::Joined(joint) if sources.contains(&Source::Joint(*joint)) => {}
                Coding::Joined(joint) => sources.push(Source::Joint(*joint)),
                _ => sources.push(Source::Own(column)),
            }
        }
        let spec = |source: &Source| match source {
            Source::Joint(joint) => joints[*joint].spec(&schema),
            Source::Own(column) => {
                let mut spec = schema.columns[*column].clone();
                if !matches!(codings[*column], Coding::Same) {
                    spec.kind = Kind::Numeric { decimals: None };
                }
                spec
            }
        };
        let mut inner = Schema::new(sources.iter().map(spec).collect());
        let known = |role: &Option<String>| role.clone().filter(|name| inner.index(name).is_ok());
        let (target, group) = (known(&schema.target), known(&schema.group));
        inner.positive = schema.positive.clone().filter(|_| target.is_some());
        (inner.target, inner.group) = (target, group);
        inner.layout = schema.layout.clone();
        Self { schema, rules, codings, joints, serials, sources, inner }
    }

    /// The table that the generator learns from.
    pub fn encode(&self, train: &Table) -> Result<Table, TableError> {
        let values: Vec<Values> = train.columns().map(|column| column.values.clone()).collect();
        let rows = train.rows();
        let coded = |own: usize, code: &dyn Fn(f64, usize) -> f64| {
            Values::Number(numbers(&values, own).iter().enumerate().map(|(row, &x)| code(x, row)).collect())
        };
        let column = |source: &Source| match source {
            Source::Joint(joint) => self.joints[*joint].encode(&values, rows),
            Source::Own(own) => match &self.codings[*own] {
                Coding::Gap(gap) => coded(*own, &|x, row| gap.encode(x, &values, row)),
                Coding::Residual(residual) => coded(*own, &|x, row| residual.encode(x, &values, row)),
                _ => values[*own].clone(),
            },
        };
        Ok(Table::new(self.inner.clone(), self.sources.iter().map(column).collect())?)
    }

    /// The rows as the user knows them, from drawn ones. Orders hold; ranges are still to be looked at.
    pub fn decode(&self, drawn: &Table) -> Result<Vec<Values>, TableError> {
        if drawn.schema().columns != self.inner.columns {
            return Err(TableError::OtherColumns);
        }
        let rows = drawn.rows();
        let mut values: Vec<Values> =
            self.schema.columns.iter().map(|spec| empty(&spec.kind, rows)).collect();
        for (at, source) in self.sources.iter().enumerate() {
            match source {
                Source::Own(own) => values[*own] = drawn.at(at).values.clone(),
                Source::Joint(joint) => {
                    let joint = &self.joints[*joint];
                    let drawn = drawn.at(at).codes().unwrap_or_default();
                    for (place, &column) in joint.columns.iter().enumerate() {
                        values[column] = joint.decode(place, drawn);
                    }
                }
            }
        }
        for column in self.in_order() {
            let decode = |code: f64, row: usize| match &self.codings[column] {
                Coding::Gap(gap) => gap.decode(column, code, &values, row, &self.rules),
                Coding::Residual(residual) => residual.decode(code, &values, row),
                _ => code,
            };
            let own = numbers(&values, column).iter().enumerate();
            let decoded = Values::Number(own.map(|(row, &code)| decode(code, row)).collect());
            values[column] = decoded;
        }
        repair::compute(&self.rules, &mut values, 0..rows);
        Ok(values)
    }

    /// The coded number columns, each after those it is coded by.
    pub fn in_order(&self) -> Vec<usize> {
        let needs = |column: usize| match &self.codings[column] {
            Coding::Gap(gap) => gap.below.as_slice(),
            Coding::Residual(residual) => std::slice::from_ref(&residual.source),
            _ => &[],
        };
        let is_coded = |column: usize| matches!(self.codings[column], Coding::Gap(_) | Coding::Residual(_));
        let mut left: Vec<usize> = (0..self.codings.len()).filter(|&column| is_coded(column)).collect();
        let mut order = Vec::with_capacity(left.len());
        while let Some(next) = left.iter().position(|&c| needs(c).iter().all(|need| !left.contains(need))) {
            order.push(left.remove(next));
        }
        order
    }

    /// Gives every row a fresh id of its own.
    pub fn renumber(&self, values: &mut [Values]) {
        for (column, serial) in &self.serials {
            match &mut values[*column] {
                Values::Number(numbers) => {
                    numbers.iter_mut().enumerate().for_each(|(row, x)| *x = serial.number(row) as f64);
                }
                Values::Text(texts) => {
                    texts.iter_mut().enumerate().for_each(|(row, text)| *text = Some(serial.text(row)));
                }
                Values::Code(_) => {}
            }
        }
    }

    /// The target, when it is a discrete column that the generator sees as it is.
    pub fn target(&self) -> Option<usize> {
        let target = self.schema.index(self.schema.target.as_ref()?).ok()?;
        let is_plain = self.codings[target] == Coding::Same && self.schema.columns[target].kind.is_discrete();
        is_plain.then_some(target)
    }
}

/// Number columns that no rule but a range speaks of.
fn free(schema: &Schema, rules: &Rules) -> Vec<usize> {
    let is_role = |name: &String| schema.target.as_ref() == Some(name) || schema.group.as_ref() == Some(name);
    let is_bound = |column: usize| {
        rules.orders.iter().any(|o| o.low == column || o.high == column)
            || rules.computed.iter().any(|c| c.column == column)
    };
    let kind = |column: usize| &schema.columns[column].kind;
    (0..schema.columns.len())
        .filter(|&c| matches!(kind(c), Kind::Numeric { .. } | Kind::Integer))
        .filter(|&c| !is_role(&schema.columns[c].name) && !is_bound(c))
        .collect()
}

/// A column of missing values.
fn empty(kind: &Kind, rows: usize) -> Values {
    if kind.is_number() {
        Values::Number(vec![f64::NAN; rows])
    } else if kind.is_discrete() {
        Values::Code(vec![paucal_data::MISSING; rows])
    } else {
        Values::Text(vec![None; rows])
    }
}

/// The tuple of level codes of some columns in a row.
pub(super) fn tuple(values: &[Values], columns: &[usize], row: usize) -> Vec<u32> {
    columns.iter().map(|&column| codes(values, column)[row]).collect()
}
