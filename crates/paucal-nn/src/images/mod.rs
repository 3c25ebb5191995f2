//! Networks that classify images, `[rows, height, width, channels]`.

mod resnet;
mod unit;

pub use resnet::{Bottleneck, ResNet, ResNetTrace};
