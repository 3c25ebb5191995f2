//! Constraints as positions in a schema: checked, and able to check rows.

use std::collections::BTreeMap;

use super::{Bound, Constraints, Expression, Range};
use crate::cell::datetime;
use crate::error::DataError;
use crate::schema::{Kind, Schema};
use crate::table::{MISSING, Table, Values};

/// Relative difference below which two numbers at full precision count as equal.
const SAME: f64 = 1e-9;

/// The constraints of a schema, ready to be checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// Limits of columns.
    pub limits: Vec<Limit>,
    /// Pairs of columns in ascending order.
    pub orders: Vec<Order>,
    /// Columns that are functions of others, sources before what is computed from them.
    pub computed: Vec<Computed>,
    /// Columns whose combinations are fixed.
    pub combinations: Vec<Combination>,
}

/// The limits of a number column.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Position of the column.
    pub column: usize,
    /// The lower end.
    pub low: Option<Edge>,
    /// The upper end.
    pub high: Option<Edge>,
    text: String,
}

/// An end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The value; moments in seconds since 1970.
    pub value: f64,
    /// Whether the value itself is forbidden.
    pub strict: bool,
}

/// Two columns in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Position of the column with the smaller value.
    pub low: usize,
    /// Position of the column with the larger value.
    pub high: usize,
    /// Whether equal values are forbidden.
    pub strict: bool,
    text: String,
}

/// A column that is a function of others.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// Position of the column.
    pub column: usize,
    /// Positions of the columns of the formula, in its order.
    pub sources: Vec<usize>,
    expression: Expression,
    kind: Kind,
    text: String,
}

/// Discrete columns of which only some combinations may occur.
#[derive(Debug, Clone, PartialEq)]
pub struct Combination {
    /// Positions of the columns.
    pub columns: Vec<usize>,
    /// Level codes that may stand together, and how many rows have them; nothing is known while it is empty.
    pub seen: BTreeMap<Vec<u32>, usize>,
    text: String,
}

/// A constraint that some rows break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The constraint as written in the schema.
    pub rule: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The rows that break it, ascending.
    pub rows: Vec<usize>,
}

impl Rules {
    /// Looks the constraints of a schema up. Unknown columns, columns of a kind that does not fit, contradictions and
    /// circles are refused.
    pub fn of(schema: &Schema) -> Result<Self, DataError> {
        let constraints = &schema.constraints;
        let mut rules = Self::default();
        for (name, range) in &constraints.range {
            rules.limits.push(Limit::of(schema, name, range)?);
        }
        for chain in &constraints.order {
            for link in chain.links() {
                let rule = format!("order \"{chain}\"");
                let [low, high] = [link.low, link.high].map(|name| find(schema, &rule, name));
                let (low, high) = (low?, high?);
                let both = [low, high].map(|i| &schema.columns[i]);
                if let Some(spec) = both.iter().find(|spec| !spec.kind.is_number()) {
                    let (name, kind) = (&spec.name, spec.kind.name());
                    return Err(wrong(
                        &rule,
                        format!("'{name}' is {kind}, and only numbers and moments have an order"),
                    ));
                }
                let moments = both.map(|spec| matches!(spec.kind, Kind::Datetime { .. }));
                if moments[0] != moments[1] {
                    let (a, b) = (&both[0].name, &both[1].name);
                    return Err(wrong(
                        &rule,
                        format!("one of '{a}' and '{b}' is a moment, the other a number"),
                    ));
                }
                let sign = if link.strict { "<" } else { "<=" };
                let text = format!("{} {sign} {}", link.low, link.high);
                rules.orders.push(Order { low, high, strict: link.strict, text });
            }
        }
        rules.computed = computed(schema, constraints)?;
        rules.combinations = combinations(schema, constraints, &rules.computed)?;
        let is_group = |column: usize| schema.group.as_deref() == Some(&schema.columns[column].name);
        if let Some(column) = rules.columns().into_iter().find(|&column| is_group(column)) {
            let rule = format!("column \"{}\"", schema.columns[column].name);
            return Err(wrong(
                &rule,
                "the group column is made afresh for every row and cannot be constrained".into(),
            ));
        }
        rules.refuse_contradictions(schema)?;
        Ok(rules)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
            && self.orders.is_empty()
            && self.computed.is_empty()
            && self.combinations.is_empty()
    }

    /// Positions of the columns that must keep to something, sources of formulae left out.
    fn columns(&self) -> Vec<usize> {
        let orders = self.orders.iter().flat_map(|order| [order.low, order.high]);
        let combined = self.combinations.iter().flat_map(|c| c.columns.iter().copied());
        let limits = self.limits.iter().map(|limit| limit.column);
        limits.chain(orders).chain(combined).chain(self.computed.iter().map(|c| c.column)).collect()
    }

    /// Learns which combinations occur. The table must have the columns of the schema.
    pub fn learn_combinations(&mut self, table: &Table) {
        for combination in &mut self.combinations {
            for row in 0..table.rows() {
                *combination.seen.entry(combination.codes(table, row)).or_insert(0) += 1;
            }
        }
    }

    /// The constraints that rows of a table break. The table must have the columns of the schema.
    pub fn violations(&self, table: &Table) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut look = |rule: &str, columns: &[usize], broken: &dyn Fn(usize) -> bool| {
            let rows: Vec<usize> = (0..table.rows()).filter(|&row| broken(row)).collect();
            if !rows.is_empty() {
                let columns = columns.iter().map(|&i| table.schema().columns[i].name.clone()).collect();
                found.push(Violation { rule: rule.to_owned(), columns, rows });
            }
        };
        for limit in &self.limits {
            look(&limit.text, &[limit.column], &|row| !limit.holds(number(table, limit.column, row)));
        }
        for order in &self.orders {
            look(&order.text, &[order.low, order.high], &|row| {
                !order.holds(number(table, order.low, row), number(table, order.high, row))
            });
        }
        for computed in &self.computed {
            let columns: Vec<usize> =
                std::iter::once(computed.column).chain(computed.sources.iter().copied()).collect();
            look(&computed.text, &columns, &|row| !computed.holds(table, row));
        }
        for combination in &self.combinations {
            look(&combination.text, &combination.columns, &|row| !combination.holds(table, row));
        }
        found
    }

    /// Refuses circles of orders, and ranges that no row can keep together with the orders.
    fn refuse_contradictions(&self, schema: &Schema) -> Result<(), DataError> {
        let name = |column: usize| schema.columns[column].name.as_str();
        let order = sorted(schema.columns.len(), |column| {
            self.orders.iter().filter(|o| o.high == column).map(|o| o.low).collect()
        });
        let order = order.map_err(|circle| {
            let names: Vec<&str> = circle.iter().map(|&column| name(column)).collect();
            wrong("order", format!("the columns go in a circle: {} <= {}", names.join(" <= "), names[0]))
        })?;
        // The lower limits, carried along the orders.
        let mut low: Vec<Option<Edge>> = vec![None; schema.columns.len()];
        for &column in &order {
            let own = self.limits.iter().find(|limit| limit.column == column);
            low[column] = own.and_then(|limit| limit.low);
            for order in self.orders.iter().filter(|order| order.high == column) {
                if let Some(edge) = low[order.low] {
                    let carried = Edge { strict: edge.strict || order.strict, ..edge };
                    low[column] = Some(low[column].map_or(carried, |known| known.tighter(carried)));
                }
            }
            let (Some(low), Some(high)) = (low[column], own.and_then(|limit| limit.high)) else { continue };
            if low.value > high.value || (low.value == high.value && (low.strict || high.strict)) {
                let name = name(column);
                let said = format!("no value can be at least {} and at most {}", low.value, high.value);
                return Err(wrong(&format!("range of \"{name}\""), said));
            }
        }
        Ok(())
    }
}

impl Limit {
    fn of(schema: &Schema, name: &str, range: &Range) -> Result<Self, DataError> {
        let rule = format!("range of \"{name}\"");
        let column = find(schema, &rule, name)?;
        let kind = &schema.columns[column].kind;
        if !kind.is_number() {
            return Err(wrong(
                &rule,
                format!("the column is {}, and only numbers and moments have one", kind.name()),
            ));
        }
        let edge =
            |allowed: &Option<Bound>, forbidden: &Option<Bound>, names: [&str; 2]| match (allowed, forbidden)
            {
                (Some(_), Some(_)) => {
                    Err(wrong(&rule, format!("'{}' and '{}' exclude each other", names[0], names[1])))
                }
                (None, None) => Ok(None),
                (Some(bound), None) => Ok(Some(Edge { value: value(&rule, kind, bound)?, strict: false })),
                (None, Some(bound)) => Ok(Some(Edge { value: value(&rule, kind, bound)?, strict: true })),
            };
        let low = edge(&range.min, &range.above, ["min", "above"])?;
        let high = edge(&range.max, &range.below, ["max", "below"])?;
        let said =
            |bound: &Option<Bound>, sign: &str| bound.as_ref().map(|bound| format!("{name} {sign} {bound}"));
        let ends = [
            said(&range.min, ">="),
            said(&range.above, ">"),
            said(&range.max, "<="),
            said(&range.below, "<"),
        ];
        let text = ends.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        if text.is_empty() {
            return Err(wrong(&rule, "it needs 'min' or 'above', 'max' or 'below'".into()));
        }
        Ok(Self { column, low, high, text })
    }

    /// Whether a value keeps to it; a missing one does.
    pub fn holds(&self, x: f64) -> bool {
        let above = |edge: Edge| if edge.strict { x > edge.value } else { x >= edge.value };
        let below = |edge: Edge| if edge.strict { x < edge.value } else { x <= edge.value };
        x.is_nan() || (self.low.is_none_or(above) && self.high.is_none_or(below))
    }
}

impl Edge {
    /// The one of two lower ends that allows less.
    fn tighter(self, other: Self) -> Self {
        let more = other.value > self.value || (other.value == self.value && other.strict);
        if more { other } else { self }
    }
}

impl Order {
    /// Whether two values keep to it; missing ones do.
    pub fn holds(&self, low: f64, high: f64) -> bool {
        low.is_nan() || high.is_nan() || if self.strict { low < high } else { low <= high }
    }
}

impl Computed {
    /// The value of the formula for a row, on the grid of the column; NaN where a source is missing or the formula is
    /// not defined.
    pub fn value(&self, values: &[Values], row: usize) -> f64 {
        let x = self.raw(|source| as_number(&values[source], row));
        match self.kind {
            Kind::Numeric { decimals: Some(decimals) } => round(x, decimals),
            Kind::Integer => x.round(),
            // To the microsecond, as moments are written.
            Kind::Datetime { .. } => round(x, 6),
            Kind::Boolean { .. } if !x.is_nan() => f64::from(u8::from(x != 0.0)),
            _ => x,
        }
    }

    fn raw(&self, source: impl Fn(usize) -> f64) -> f64 {
        let values: Vec<f64> = self.sources.iter().map(|&column| source(column)).collect();
        self.expression.value(&values)
    }

    /// Whether the value of a row is that of the formula, rounded to the column's decimals.
    pub fn holds(&self, table: &Table, row: usize) -> bool {
        let computed = self.raw(|source| number(table, source, row));
        let stored = number(table, self.column, row);
        if computed.is_nan() || stored.is_nan() {
            return true;
        }
        let slack = match self.kind {
            Kind::Numeric { decimals: Some(decimals) } => 0.5 / 10_f64.powi(decimals as i32),
            Kind::Integer => 0.5,
            Kind::Datetime { .. } => 1e-6,
            Kind::Boolean { .. } => return (computed != 0.0) == (stored != 0.0),
            _ => 0.0,
        };
        (computed - stored).abs() <= slack * (1.0 + 1e-6) + SAME * computed.abs().max(stored.abs())
    }
}

impl Combination {
    /// The level codes of a row.
    pub fn codes(&self, table: &Table, row: usize) -> Vec<u32> {
        let code = |&column: &usize| table.at(column).codes().map_or(MISSING, |codes| codes[row]);
        self.columns.iter().map(code).collect()
    }

    /// Whether the levels of a row may stand together; they do where one is missing.
    pub fn holds(&self, table: &Table, row: usize) -> bool {
        let codes = self.codes(table, row);
        self.seen.is_empty() || codes.contains(&MISSING) || self.seen.contains_key(&codes)
    }
}

/// A value as a number: codes of booleans are 0 and 1.
fn number(table: &Table, column: usize, row: usize) -> f64 {
    as_number(table.at(column).values, row)
}

fn as_number(values: &Values, row: usize) -> f64 {
    match values {
        Values::Number(numbers) => numbers[row],
        Values::Code(codes) if codes[row] != MISSING => f64::from(codes[row]),
        _ => f64::NAN,
    }
}

fn round(x: f64, decimals: u32) -> f64 {
    let scale = 10_f64.powi(decimals as i32);
    let rounded = (x * scale).round() / scale;
    if rounded.is_finite() { rounded } else { x }
}

/// The value of an end of a range.
fn value(rule: &str, kind: &Kind, bound: &Bound) -> Result<f64, DataError> {
    match (bound, kind) {
        (Bound::Moment(text), Kind::Datetime { format }) => datetime::parse(text, format)
            .ok_or_else(|| wrong(rule, format!("'{text}' is no moment of the form {format}"))),
        (Bound::Moment(text), _) => Err(wrong(rule, format!("'{text}' must be a number without quotes"))),
        (_, Kind::Datetime { format }) => {
            Err(wrong(rule, format!("{bound} must be a moment of the form {format}, in quotes")))
        }
        (Bound::Whole(x), _) => Ok(*x as f64),
        (Bound::Number(x), _) if x.is_finite() => Ok(*x),
        (Bound::Number(x), _) => Err(wrong(rule, format!("{x} is no finite number"))),
    }
}

/// The computed columns, each after those it is computed from.
fn computed(schema: &Schema, constraints: &Constraints) -> Result<Vec<Computed>, DataError> {
    let mut found: Vec<Computed> = Vec::new();
    for (name, expression) in &constraints.compute {
        let text = format!("{name} = {expression}");
        let rule = format!("compute \"{text}\"");
        let column = find(schema, &rule, name)?;
        let kind = schema.columns[column].kind.clone();
        if !(kind.is_number() || matches!(kind, Kind::Boolean { .. })) {
            return Err(wrong(
                &rule,
                format!("'{name}' is {}; numbers, moments and booleans can be computed", kind.name()),
            ));
        }
        let mut sources = Vec::new();
        for source in expression.columns() {
            let index = find(schema, &rule, source)?;
            let kind = &schema.columns[index].kind;
            if !(kind.is_number() || matches!(kind, Kind::Boolean { .. })) {
                let said = format!(
                    "'{source}' is {}; numbers, moments and booleans (0 and 1) can be used",
                    kind.name()
                );
                return Err(wrong(&rule, said));
            }
            sources.push(index);
        }
        found.push(Computed { column, sources, expression: expression.clone(), kind, text });
    }
    let of = |column: usize| found.iter().find(|c| c.column == column);
    let order =
        sorted(schema.columns.len(), |column| of(column).map_or_else(Vec::new, |c| c.sources.clone()));
    let order = order.map_err(|circle| {
        let names: Vec<&str> = circle.iter().map(|&column| schema.columns[column].name.as_str()).collect();
        wrong(
            "compute",
            format!("the columns go in a circle: {} is computed from itself", names.join(", from ")),
        )
    })?;
    Ok(order.into_iter().filter_map(|column| of(column).cloned()).collect())
}

fn combinations(
    schema: &Schema,
    constraints: &Constraints,
    computed: &[Computed],
) -> Result<Vec<Combination>, DataError> {
    let mut found: Vec<Combination> = Vec::new();
    for names in &constraints.combinations {
        let text = format!("combinations of {}", names.join(", "));
        let mut columns = Vec::new();
        for name in names {
            let column = find(schema, &text, name)?;
            let kind = &schema.columns[column].kind;
            if !kind.is_discrete() {
                return Err(wrong(
                    &text,
                    format!("'{name}' is {}, and only columns with levels have combinations", kind.name()),
                ));
            }
            if columns.contains(&column) || found.iter().any(|other| other.columns.contains(&column)) {
                return Err(wrong(
                    &text,
                    format!("'{name}' stands in two places; put the lists that share it together"),
                ));
            }
            if computed.iter().any(|c| c.column == column) {
                return Err(wrong(&text, format!("'{name}' is computed from other columns already")));
            }
            columns.push(column);
        }
        if columns.len() < 2 {
            return Err(wrong(&text, "there must be at least two columns".into()));
        }
        found.push(Combination { columns, seen: BTreeMap::new(), text });
    }
    Ok(found)
}

/// `0..n`, each after those it needs; the members of a circle where that is impossible.
fn sorted(n: usize, needs: impl Fn(usize) -> Vec<usize>) -> Result<Vec<usize>, Vec<usize>> {
    let mut done = Vec::with_capacity(n);
    let mut placed = vec![false; n];
    while done.len() < n {
        let before = done.len();
        for i in 0..n {
            if !placed[i] && needs(i).iter().all(|&j| placed[j]) {
                placed[i] = true;
                done.push(i);
            }
        }
        if done.len() == before {
            return Err(circle(&placed, &needs));
        }
    }
    Ok(done)
}

/// Follows what is needed and not placed until it comes round.
fn circle(placed: &[bool], needs: &impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut next = placed.iter().position(|&p| !p);
    while let Some(at) = next {
        if let Some(start) = path.iter().position(|&seen| seen == at) {
            return path.split_off(start);
        }
        path.push(at);
        next = needs(at).into_iter().find(|&j| !placed[j]);
    }
    path
}

fn find(schema: &Schema, rule: &str, name: &str) -> Result<usize, DataError> {
    schema.index(name).map_err(|unknown| {
        if name.parse::<f64>().is_ok() {
            let hint = "write limits under [constraints.range], for example: age = { min = 18, max = 110 }";
            return DataError::Constraint {
                rule: rule.into(),
                message: format!("'{name}' is a number, not a column"),
                hint: hint.into(),
            };
        }
        let hint = paucal_core::Advice::hint(&unknown).unwrap_or_default();
        DataError::Constraint { rule: rule.into(), message: unknown.to_string(), hint }
    })
}

fn wrong(rule: &str, message: String) -> DataError {
    let hint = "the form of [constraints] is described in docs/constraints.md".into();
    DataError::Constraint { rule: rule.into(), message, hint }
}
