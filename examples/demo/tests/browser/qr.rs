//! A reader of QR codes in screenshots.

use std::io::Cursor;

/// Returns the text of the QR code in a picture, or `None` if no code is readable.
pub(crate) fn read(picture: &[u8]) -> Option<String> {
    let decoder = png::Decoder::new(Cursor::new(picture));
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("of a size")];
    let frame = reader.next_frame(&mut pixels).expect("pixels");
    assert_eq!(frame.bit_depth, png::BitDepth::Eight);
    let samples = frame.color_type.samples();
    let (width, height) = (frame.width as usize, frame.height as usize);
    // The green channel is close to the brightness.
    let shade = |x, y| pixels[y * frame.line_size + x * samples + usize::from(samples > 2)];
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, shade);
    let codes = picture.detect_grids();
    assert!(codes.len() < 2, "one code in the picture");
    Some(codes.first()?.decode().ok()?.1)
}
