//! Search spaces: names and ranges, in the order in which they are drawn.

use serde_json::Value as Json;

use crate::distribution::{Distribution, Value};
use crate::error::TuneError;

/// A parameter to be searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Name, unique in the space.
    pub name: String,
    /// Range.
    pub distribution: Distribution,
    /// Why the range is as it is, for people.
    pub rationale: String,
    /// Where a search begins, if it is not where the method itself does.
    pub start: Option<Value>,
}

/// The parameters of a study.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Space {
    dimensions: Vec<Dimension>,
}

impl Space {
    /// An empty space.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, distribution: Distribution, rationale: &str) -> Self {
        let (name, rationale) = (name.into(), rationale.into());
        self.dimensions.push(Dimension { name, distribution, rationale, start: None });
        self
    }

    /// Says where a search begins in a parameter of the space: where the default of the method means "by the size of the
    /// table" or lies outside the range.
    #[must_use]
    pub fn starting(mut self, name: &str, value: &Value) -> Self {
        self.dimensions.iter_mut().filter(|d| d.name == name).for_each(|d| d.start = Some(value.clone()));
        self
    }

    /// The parameters for which `wanted` holds, as they are.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(&Dimension) -> bool) -> Self {
        self.dimensions.retain(wanted);
        self
    }

    /// The parameters.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The range of a parameter.
    pub fn get(&self, name: &str) -> Option<&Distribution> {
        self.dimensions.iter().find(|dimension| dimension.name == name).map(|d| &d.distribution)
    }

    /// Whether every range makes sense and every name occurs once.
    ///
    /// # Errors
    /// [`TuneError::Distribution`] names the parameter.
    pub fn check(&self) -> Result<(), TuneError> {
        for (i, dimension) in self.dimensions.iter().enumerate() {
            let named = |what: &str| TuneError::Distribution(format!("{}: {what}", dimension.name));
            dimension.distribution.check().map_err(|e| named(&e.to_string()))?;
            if dimension.start.as_ref().is_some_and(|start| dimension.distribution.internal(start).is_none())
            {
                return Err(named("it begins outside its range"));
            }
            if self.dimensions[..i].iter().any(|earlier| earlier.name == dimension.name) {
                return Err(named("it occurs twice"));
            }
        }
        Ok(())
    }

    /// The space as JSON, to recognise a study that was begun with another.
    pub fn fingerprint(&self) -> Json {
        let line = |d: &Dimension| (d.name.clone(), Json::String(d.distribution.to_json()));
        Json::Object(self.dimensions.iter().map(line).collect())
    }
}
