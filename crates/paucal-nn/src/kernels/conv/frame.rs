//! Lines of images between zeros.

use std::ops::Range;

/// Some lines of some images, each between zeros as far as it must be.
#[derive(Default)]
pub struct Frame {
    buffer: Vec<f32>,
}

/// An image, `[height, width, channels]`.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    /// The values.
    pub values: &'a [f32],
    /// Height and width.
    pub size: [usize; 2],
    /// Channels.
    pub channels: usize,
}

impl Frame {
    /// Forgets what it held.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Copies a part of an image behind what is there already, zeros where it reaches over the image; where it starts.
    pub fn add(&mut self, image: Image<'_>, lines: Range<isize>, columns: Range<isize>) -> usize {
        let start = self.buffer.len();
        let [height, width] = image.size.map(|n| n as isize);
        let channels = image.channels as isize;
        let length = (columns.len() as isize * channels) as usize;
        let inside = columns.start.clamp(0, width)..columns.end.clamp(0, width);
        let before = ((inside.start - columns.start) * channels) as usize;
        for line in lines {
            let from = self.buffer.len();
            if (0..height).contains(&line) && !inside.is_empty() {
                self.buffer.resize(from + before, 0.0);
                let first = (line * width + inside.start) * channels;
                let last = (line * width + inside.end) * channels;
                self.buffer.extend_from_slice(&image.values[first as usize..last as usize]);
            }
            self.buffer.resize(from + length, 0.0);
        }
        start
    }

    /// All of it.
    pub fn values(&self) -> &[f32] {
        &self.buffer
    }
}
