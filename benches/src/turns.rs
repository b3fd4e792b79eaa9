//! Two sides measured in turns, so that what else the machine does meets both alike.

use crate::Failure;
use crate::spread::Spread;

/// A side of the comparison: what it is called, and one turn of it, in microseconds of
/// processor time per sign-in.
pub(crate) type Side<'a> = (&'a str, &'a mut dyn FnMut() -> Result<f64, Failure>);

/// Runs the rounds and prints each; the figures of both sides, and how many times the first
/// side's the second side's are.
pub(crate) fn compare(
    rounds: usize,
    (one, first): Side<'_>,
    (other, second): Side<'_>,
) -> Result<[Spread; 3], Failure> {
    println!("processor time of the server's processes per sign-in, microseconds");
    println!("{:>7} {one:>9} {other:>9} {:>9}", "round", "ratio");
    let mut spreads = [Spread::default(), Spread::default(), Spread::default()];
    for round in 1..=rounds {
        // Who goes first changes.
        let (a, b) = if round % 2 == 1 {
            let a = first()?;
            (a, second()?)
        } else {
            let b = second()?;
            (first()?, b)
        };
        println!("{round:>7} {a:>9.1} {b:>9.1} {:>9.3}", b / a);
        for (spread, figure) in spreads.iter_mut().zip([a, b, b / a]) {
            spread.add(figure);
        }
    }
    Ok(spreads)
}
