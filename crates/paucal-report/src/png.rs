//! Figures as PNG, for programs that take no SVG.
//!
//! Drawn by resvg with two fonts that the program carries, so that the same figure is the same picture on every
//! machine, one without fonts included. They are DejaVu Sans (regular and bold), reduced to Latin, Greek, Cyrillic
//! and the signs of the figures; letters beyond show as empty boxes. Only with the feature `png`: it costs 23 crates.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::ReportError;

/// Pixels of the picture for a pixel of the page: sharp in print at the width of a column.
const SCALE: f32 = 2.0;

const FONTS: [&[u8]; 2] =
    [include_bytes!("../fonts/DejaVuSans-subset.ttf"), include_bytes!("../fonts/DejaVuSans-Bold-subset.ttf")];

/// The fonts, read once.
static DATABASE: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut database = fontdb::Database::new();
    FONTS.iter().for_each(|font| database.load_font_data(font.to_vec()));
    database.set_sans_serif_family("DejaVu Sans");
    Arc::new(database)
});

/// The picture of an SVG file on white ground, twice as large as on a page. `id` names the figure in errors.
pub fn render(id: &str, svg: &str) -> Result<Vec<u8>, ReportError> {
    let failed = |message: String| ReportError::Png { id: id.to_owned(), message };
    let options = Options { fontdb: Arc::clone(&DATABASE), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|e| failed(e.to_string()))?;
    let size = tree.size();
    let pixels = |length: f32| (length * SCALE).ceil() as u32;
    let mut picture = Pixmap::new(pixels(size.width()), pixels(size.height()))
        .ok_or_else(|| failed("it is too large".into()))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut picture.as_mut());
    picture.encode_png().map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::EcgStrip;

    /// Width and height in the header of a PNG file.
    fn size(png: &[u8]) -> (u32, u32) {
        let number = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
        (number(16), number(20))
    }

    #[test]
    fn pictures_are_twice_as_large_and_have_words() {
        let drawing = EcgStrip::new("MLII", "mV", 100.0, vec![0.0; 300]).draw();
        let svg = drawing.file("a", "b");
        let png = render("strip", &svg).unwrap();
        assert_eq!(size(&png), ((2.0 * drawing.width) as u32, (2.0 * drawing.height) as u32));
        let bare = svg.split("<text").next().unwrap().to_owned() + "</svg>";
        assert_ne!(render("bare", &bare).unwrap(), png);
        assert_eq!(render("strip", &svg).unwrap(), png);
        assert!(render("broken", "<svg").unwrap_err().to_string().contains("broken"));
    }
}
