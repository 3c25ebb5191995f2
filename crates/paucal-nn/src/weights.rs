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
use crate::parameters::{Parameters, Role, Visit, VisitMut};

/// Named tensors on the host, gathered from networks and optimisers before they are written.
#[derive(Debug, Default, Clone)]
pub struct Archive(BTreeMap<String, (Vec<usize>, Vec<u8>)>);

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
        let views = self
            .0
            .iter()
            .map(|(name, (shape, bytes))| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
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
        let mut archive = Self::new();
        for (name, view) in file.iter() {
            if view.dtype() == Dtype::F32 {
                archive.0.insert(name.to_owned(), (view.shape().to_vec(), view.data().to_vec()));
            }
        }
        Ok(archive)
    }

    /// Puts the tensors under `path` into a network of the same shape; `origin` is what errors call the file.
    pub fn load(&self, path: &str, network: &mut impl Parameters, origin: &str) -> Result<(), NnError> {
        let mut load = Load { archive: self, origin, failed: None };
        network.visit_mut(path, &mut load);
        load.failed.map_or(Ok(()), Err)
    }

    /// A visitor that loads every tensor it is shown.
    pub(crate) fn loader<'a>(&'a self, origin: &'a str) -> Load<'a> {
        Load { archive: self, origin, failed: None }
    }

    /// The values of one tensor.
    pub fn values(&self, name: &str) -> Option<Vec<f32>> {
        let (_, bytes) = self.0.get(name)?;
        Some(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
    }

    fn insert(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0.insert(name.to_owned(), (shape.to_vec(), bytes));
    }
}

impl Visit for Archive {
    fn tensor<const D: usize>(&mut self, name: &str, _: Role, tensor: &Tensor<D>) {
        // Networks are f32 throughout; another type would be this crate's own mistake.
        let values = tensor.to_data().try_into_vec::<f32>().unwrap_or_default();
        self.insert(name, &tensor.dims(), &values);
    }
}

/// The visitor behind [`Archive::load`]; the first thing that does not fit is in `failed`.
pub(crate) struct Load<'a> {
    archive: &'a Archive,
    origin: &'a str,
    pub(crate) failed: Option<NnError>,
}

impl VisitMut for Load<'_> {
    fn tensor<const D: usize>(&mut self, name: &str, _: Role, tensor: &mut Tensor<D>) {
        if self.failed.is_some() {
            return;
        }
        let Some((shape, _)) = self.archive.0.get(name) else {
            self.failed = Some(NnError::MissingTensor {
                path: self.origin.into(),
                name: name.into(),
                closest: closest(name, self.archive.0.keys().map(String::as_str)).map(Into::into),
            });
            return;
        };
        if *shape != tensor.dims() {
            self.failed = Some(NnError::WrongTensor {
                path: self.origin.into(),
                name: name.into(),
                expected: format!("f32{:?}", tensor.dims()),
                found: format!("f32{shape:?}"),
            });
            return;
        }
        let values = self.archive.values(name).unwrap_or_default();
        *tensor = Tensor::from_data(TensorData::new(values, tensor.dims()), &tensor.device());
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
