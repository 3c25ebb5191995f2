//! Whether a model has met a patient, without naming its patients.
//!
//! Digests keep names out of sight. They are no secret from somebody who has a list of names to try.

use paucal_core::Seed;
use paucal_core::files::sha256_bytes;
use serde::{Deserialize, Serialize};

/// Salted digests of the names of patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    salt: String,
    digests: Vec<String>,
}

impl Seen {
    /// Of these patients. The salt is of the seed, so that a model is the same whenever it is trained.
    pub fn of<'a>(patients: impl Iterator<Item = &'a str>, seed: Seed) -> Self {
        let mut stream = seed.stream("ecg/model/salt", 0);
        let salt: String = (0..2).map(|_| format!("{:016x}", stream.bits())).collect();
        let mut digests: Vec<String> = patients.map(|patient| digest(&salt, patient)).collect();
        digests.sort_unstable();
        digests.dedup();
        Self { salt, digests }
    }

    /// Whether a patient of this name is among them.
    pub fn contains(&self, patient: &str) -> bool {
        self.digests.binary_search(&digest(&self.salt, patient)).is_ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }
}

fn digest(salt: &str, patient: &str) -> String {
    sha256_bytes(format!("{salt}/{patient}").as_bytes())
}
