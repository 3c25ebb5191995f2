//! Networks of vital signs: series of a few channels, such as heart rate and oxygen saturation.

mod autoencoder;

pub use autoencoder::{Autoencoder, AutoencoderShape, AutoencoderTrace};
