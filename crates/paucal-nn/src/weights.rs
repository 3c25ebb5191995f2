//! Weights in safetensors files, by name.
//!
//! Names and layouts are PyTorch's. Reading checks that the file is whole and that every tensor of the network is
//! there with the right shape and element type; tensors of the file that the network does not have are ignored,
//! so that one file can hold several networks under different paths.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use paucal_core::error::closest;
use paucal_core::files;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::error::NnError;
use crate::optim::Adam;
use crate::parameters::{Parameters, Role, Visit, VisitMut, join};

/// Named tensors on the host, gathered from networks and optimisers before they are written.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Archive(BTreeMap<String, Entry>);

/// A tensor as the file holds it.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Archive {
    /// An empty archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a network under `path`.
    pub fn with(mut self, path: &str, network: &impl Parameters) -> Self {
        network.visit(path, &mut self);
        self
    }

    /// Adds an optimiser under `path`: its moments and the number of its updates.
    pub fn with_adam(mut self, path: &str, adam: &Adam) -> Self {
        adam.visit_state(path, &mut self);
        let bytes = adam.steps().to_le_bytes().to_vec();
        self.0.insert(join(path, "steps"), Entry { dtype: Dtype::U64, shape: vec![1], bytes });
        self
    }

    /// Adds everything of another archive under `path`.
    pub fn joined(mut self, path: &str, other: Self) -> Self {
        self.0.extend(other.0.into_iter().map(|(name, entry)| (join(path, &name), entry)));
        self
    }

    /// The part under `path`.
    pub fn part(&self, path: &str) -> Self {
        let prefix = join(path, "");
        let below =
            |(name, entry): (&String, &Entry)| Some((name.strip_prefix(&prefix)?.to_owned(), entry.clone()));
        Self(self.0.iter().filter_map(below).collect())
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NnError> {
        let failed = |e: safetensors::SafeTensorError| NnError::DamagedWeights {
            path: "weights in memory".into(),
            message: e.to_string(),
        };
        let mut views = Vec::with_capacity(self.0.len());
        for (name, e) in &self.0 {
            views.push((name, TensorView::new(e.dtype, e.shape.clone(), &e.bytes).map_err(failed)?));
        }
        safetensors::serialize(views, None).map_err(failed)
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), NnError> {
        Ok(files::write_atomic(path, &self.to_bytes()?)?)
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, NnError> {
        Self::from_bytes(&files::read(path)?, &path.display().to_string())
    }

    /// Reads the bytes of a file; `origin` is what errors call it.
    pub fn from_bytes(bytes: &[u8], origin: &str) -> Result<Self, NnError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| NnError::DamagedWeights { path: origin.into(), message: e.to_string() })?;
        let entry = |view: TensorView| Entry {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        };
        Ok(Self(file.iter().map(|(name, view)| (name.to_owned(), entry(view))).collect()))
    }

    /// Puts the tensors under `path` into a network of the same shape; `origin` is what errors call the file.
    pub fn load(&self, path: &str, network: &mut impl Parameters, origin: &str) -> Result<(), NnError> {
        let mut load = Load { archive: self, origin, failed: None };
        network.visit_mut(path, &mut load);
        load.failed.map_or(Ok(()), Err)
    }

    /// Puts back an optimiser of `network` that was added under `path`.
    pub fn load_adam(
        &self,
        path: &str,
        adam: &mut Adam,
        network: &impl Parameters,
        origin: &str,
    ) -> Result<(), NnError> {
        let name = join(path, "steps");
        let steps = self.0.get(&name).and_then(|e| <[u8; 8]>::try_from(e.bytes.as_slice()).ok());
        let steps = steps.ok_or_else(|| self.missing(&name, origin))?;
        let mut load = Load { archive: self, origin, failed: None };
        adam.restore(network, u64::from_le_bytes(steps), path, &mut load);
        load.failed.map_or(Ok(()), Err)
    }

    /// The values of one `f32` tensor.
    pub fn values(&self, name: &str) -> Option<Vec<f32>> {
        let entry = self.0.get(name).filter(|e| e.dtype == Dtype::F32)?;
        Some(entry.bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
    }

    /// Adds one `f32` tensor.
    pub fn put(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0.insert(name.to_owned(), Entry { dtype: Dtype::F32, shape: shape.to_vec(), bytes });
    }

    /// Names and shapes of the `f32` tensors, by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let float = |(_, e): &(&String, &Entry)| e.dtype == Dtype::F32;
        self.0.iter().filter(float).map(|(name, e)| (name.as_str(), e.shape.as_slice()))
    }

    fn missing(&self, name: &str, origin: &str) -> NnError {
        NnError::MissingTensor {
            path: origin.into(),
            name: name.into(),
            closest: closest(name, self.0.keys().map(String::as_str)).map(Into::into),
        }
    }
}

impl Visit for Archive {
    fn tensor<const D: usize>(&mut self, name: &str, _: Role, tensor: &Tensor<D>) {
        // Networks are f32 throughout; another type would be this crate's own mistake.
        let values = tensor.to_data().try_into_vec::<f32>().unwrap_or_default();
        self.put(name, &tensor.dims(), &values);
    }
}

/// The visitor behind [`Archive::load`]; `failed` is the first thing that does not fit.
struct Load<'a> {
    archive: &'a Archive,
    origin: &'a str,
    failed: Option<NnError>,
}

impl VisitMut for Load<'_> {
    fn tensor<const D: usize>(&mut self, name: &str, _: Role, tensor: &mut Tensor<D>) {
        if self.failed.is_some() {
            return;
        }
        let Some(entry) = self.archive.0.get(name) else {
            self.failed = Some(self.archive.missing(name, self.origin));
            return;
        };
        match self.archive.values(name).filter(|_| entry.shape == tensor.dims()) {
            Some(values) => {
                *tensor = Tensor::from_data(TensorData::new(values, tensor.dims()), &tensor.device());
            }
            None => {
                self.failed = Some(NnError::WrongTensor {
                    path: self.origin.into(),
                    name: name.into(),
                    expected: format!("F32{:?}", tensor.dims()),
                    found: format!("{:?}{:?}", entry.dtype, entry.shape),
                });
            }
        }
    }
}

/// Writes one network.
pub fn save(network: &impl Parameters, path: &Path) -> Result<(), NnError> {
    Archive::new().with("", network).write(path)
}

/// Reads one network, made with random weights of the right shapes before.
pub fn load(network: &mut impl Parameters, path: &Path) -> Result<(), NnError> {
    Archive::read(path)?.load("", network, &path.display().to_string())
}
