//! QR codes.

use std::fmt::Write as _;

use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

/// White modules around the code, on each side, as ISO/IEC 18004 requires.
const QUIET: i32 = 4;

/// Comparing all eight masks takes most of the time of making a code. Readers accept any of them.
const MASK: u8 = 2;

/// Pixels per module of the PNG: a usual SQRL URL gives about 300 pixels a side.
const SCALE: usize = 7;

/// The text is longer than the 2,953 bytes that a QR code holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is longer than the 2953 bytes that a QR code holds")]
#[non_exhaustive]
pub struct QrTooLong;

/// A QR code, black on white, with its quiet zone.
///
/// It is black on white on dark pages, too: many readers do not see inverted codes.
///
/// *Operating Details*, "Cross-Device Authentication".
#[derive(Clone)]
pub struct Qr(QrCode);

/// Draws `url` as an SVG document, unless it is too long.
pub(crate) fn svg(url: &str) -> Option<String> {
    Qr::new(url).ok().map(|qr| qr.svg())
}

/// Draws `url` as a PNG file, unless it is too long.
pub(crate) fn png(url: &str) -> Option<Vec<u8>> {
    Qr::new(url).ok().map(|qr| qr.png())
}

impl Qr {
    /// Encodes a SQRL URL. Leave `can` out: it makes the code denser, and an app on another device does
    /// not need it (*Operating Details*, "The `CANcel` parameter").
    ///
    /// The code has the smallest version that holds the text, and the highest error correction that
    /// fits into that version.
    ///
    /// # Errors
    ///
    /// [`QrTooLong`] above 2,953 bytes.
    pub fn new(url: &str) -> Result<Self, QrTooLong> {
        QrCode::encode_segments_advanced(
            &[QrSegment::make_bytes(url.as_bytes())],
            QrCodeEcc::Low,
            Version::MIN,
            Version::MAX,
            Some(Mask::new(MASK)),
            true,
        )
        .map(Self)
        .map_err(|_| QrTooLong)
    }

    /// Returns the picture as an SVG document, `image/svg+xml`, one unit per module.
    ///
    /// All dark modules are one path, with a stroke of one unit along each row.
    pub fn svg(&self) -> String {
        let size = self.0.size();
        let whole = size + 2 * QUIET;
        let mut svg = String::with_capacity(256 + self.modules() * 3);
        // Writing to a `String` cannot fail.
        let _ = write!(
            svg,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{whole}v{whole}H0z"/><path stroke="#000" d=""##
        );
        for y in 0..size {
            let mut pen = None;
            for (start, length) in self.runs(y) {
                match pen {
                    None => {
                        svg.push('M');
                        push_number(&mut svg, start + QUIET);
                        svg.push(' ');
                        push_number(&mut svg, y + QUIET);
                        svg.push_str(".5h");
                    }
                    Some(pen) => {
                        svg.push('m');
                        push_number(&mut svg, start - pen);
                        svg.push_str(" 0h");
                    }
                }
                push_number(&mut svg, length);
                pen = Some(start + length);
            }
        }
        svg.push_str(r#""/></svg>"#);
        svg
    }

    /// Returns the picture as a PNG file, 1 bit of grayscale per pixel, 7 pixels per module.
    pub fn png(&self) -> Vec<u8> {
        let side = self.side() * SCALE;
        let mut pixels = vec![0xFF; side.div_ceil(8) * side];
        for y in 0..self.0.size() {
            self.paint_row(y, side, &mut pixels);
        }
        encode_png(&pixels, side)
    }

    /// Blackens the modules of row `y` in its `SCALE` rows of pixels.
    fn paint_row(&self, y: i32, side: usize, pixels: &mut [u8]) {
        let stride = side.div_ceil(8);
        let first = index(y + QUIET) * SCALE * stride;
        for (start, length) in self.runs(y) {
            let from = index(start + QUIET) * SCALE;
            for x in from..from + index(length) * SCALE {
                pixels[first + x / 8] &= !(0x80 >> (x % 8));
            }
        }
        for copy in 1..SCALE {
            pixels.copy_within(first..first + stride, first + copy * stride);
        }
    }

    /// The dark runs of row `y`: where each starts, and its length.
    fn runs(&self, y: i32) -> impl Iterator<Item = (i32, i32)> {
        let size = self.0.size();
        let mut x = 0;
        std::iter::from_fn(move || {
            let start = (x..size).find(|&x| self.0.get_module(x, y))?;
            x = (start..size).find(|&x| !self.0.get_module(x, y)).unwrap_or(size);
            Some((start, x - start))
        })
    }

    /// Modules a side, quiet zone included.
    fn side(&self) -> usize {
        index(self.0.size() + 2 * QUIET)
    }

    /// Modules in all, quiet zone not included.
    fn modules(&self) -> usize {
        index(self.0.size()).pow(2)
    }
}

impl std::fmt::Debug for Qr {
    /// The picture holds a whole nut, so only its size is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Qr").field("size", &self.0.size()).finish_non_exhaustive()
    }
}

/// Writes a coordinate, which has at most three digits: four times as fast as the formatter.
fn push_number(text: &mut String, number: i32) {
    let digits = index(number);
    for power in [100, 10, 1] {
        if digits >= power || power == 1 {
            text.push(char::from(b"0123456789"[digits / power % 10]));
        }
    }
}

/// A coordinate, which is never negative.
fn index(coordinate: i32) -> usize {
    usize::try_from(coordinate).unwrap_or_default()
}

fn encode_png(pixels: &[u8], side: usize) -> Vec<u8> {
    let side = u32::try_from(side).expect("a QR code has at most 185 modules a side");
    let mut file = Vec::with_capacity(2048);
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Fast);
    // A module's rows repeat, and `Up` turns repeats into zeros.
    encoder.set_filter(png::Filter::Up);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(pixels)?;
            writer.finish()
        })
        .expect("writing a picture of the announced size to memory cannot fail");
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "sqrl://example.com/auth/cli.sqrl?x=5&nut=Vm9uIGRlciBTdGlybmUgaGVpc3M";

    /// What a reader sees in `side` times `side` pixels.
    fn read(side: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        let mut picture = rqrr::PreparedImage::prepare_from_bitmap(side, side, dark);
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "one code in the picture");
        grids[0].decode().expect("a readable code").1
    }

    /// Draws what `svg()` writes, `zoom` pixels to a module. It understands no other SVG.
    fn rasterise(svg: &str, zoom: usize) -> (usize, Vec<bool>) {
        let between = |from: &str, to: &str| {
            let start = svg.find(from).expect("the start") + from.len();
            let end = svg[start..].find(to).expect("the end");
            &svg[start..start + end]
        };
        let modules: usize = between("viewBox=\"0 0 ", " ").parse().expect("a number");
        let side = modules * zoom;
        let mut dark = vec![false; side * side];
        let path = between("stroke=\"#000\" d=\"", "\"");
        let (mut x, mut y) = (0, 0);
        for step in path.split_inclusive(['h', 'm', 'M']).collect::<Vec<_>>().windows(2) {
            let command = step[0].chars().last().expect("a command");
            let operands = step[1].trim_end_matches(['h', 'm', 'M']);
            let mut numbers = operands.split(' ').map(|number| {
                let whole = number.strip_suffix(".5").unwrap_or(number);
                whole.parse::<usize>().expect("a number")
            });
            let first = numbers.next().expect("an operand");
            match command {
                'M' => (x, y) = (first, numbers.next().expect("y")),
                'm' => x += first,
                _ => {
                    for row in y * zoom..(y + 1) * zoom {
                        dark[row * side + x * zoom..row * side + (x + first) * zoom].fill(true);
                    }
                    x += first;
                }
            }
        }
        (side, dark)
    }

    /// The pixels of a PNG file as 8-bit grayscale.
    fn unpack(file: &[u8]) -> (usize, Vec<u8>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a PNG file");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("a frame");
        assert_eq!(info.width, info.height);
        (info.width as usize, pixels)
    }

    #[test]
    fn the_svg_reads_as_the_link() {
        let (side, dark) = rasterise(&Qr::new(LINK).expect("fits").svg(), 4);
        assert_eq!(read(side, |x, y| dark[y * side + x]), LINK);
    }

    #[test]
    fn the_png_reads_as_the_link() {
        let (side, pixels) = unpack(&Qr::new(LINK).expect("fits").png());
        assert_eq!(read(side, |x, y| pixels[y * side + x] < 128), LINK);
    }

    #[test]
    fn both_pictures_show_the_same_modules_at_every_length() {
        for length in [1, 17, 60, 134, 500, 1000, 2953] {
            let qr = Qr::new(&"a".repeat(length)).expect("fits");
            let (side, dark) = rasterise(&qr.svg(), SCALE);
            let (png_side, pixels) = unpack(&qr.png());
            assert_eq!(side, png_side);
            assert!(dark.iter().zip(&pixels).all(|(&dark, &pixel)| dark == (pixel == 0)));
        }
    }

    #[test]
    fn four_white_modules_surround_the_code() {
        let qr = Qr::new(LINK).expect("fits");
        let (side, pixels) = unpack(&qr.png());
        let quiet = 4 * SCALE;
        let inside = quiet..side - quiet;
        for y in 0..side {
            for x in 0..side {
                if !(inside.contains(&x) && inside.contains(&y)) {
                    assert_eq!(pixels[y * side + x], 0xFF, "at {x}, {y}");
                }
            }
        }
        assert_eq!(pixels[quiet * side + quiet], 0, "the finder pattern begins there");
    }

    #[test]
    fn the_pictures_are_small() {
        let qr = Qr::new(LINK).expect("fits");
        let (svg, png) = (qr.svg().len(), qr.png().len());
        assert!(svg < 4096, "{svg} bytes of SVG");
        assert!(png < 2048, "{png} bytes of PNG");
    }

    #[test]
    fn the_svg_is_written_without_growing() {
        for length in [1, 60, 500, 2953] {
            let qr = Qr::new(&"a".repeat(length)).expect("fits");
            let svg = qr.svg();
            assert_eq!(svg.capacity(), 256 + qr.modules() * 3, "{} bytes", svg.len());
        }
    }

    #[test]
    fn a_text_that_no_code_holds_is_refused() {
        assert_eq!(Qr::new(&"a".repeat(2954)).err(), Some(QrTooLong));
    }

    #[test]
    fn debug_does_not_show_the_link() {
        assert_eq!(format!("{:?}", Qr::new("a").expect("fits")), "Qr { size: 21, .. }");
    }
}
