//! Measures two servers in turns, so that other load on the machine affects both alike.

use crate::failure::Failure;
use crate::spread::Spread;

/// The name of a server, and a function that measures its processor time per sign-in, in microseconds.
pub(crate) type Side<'a> = (&'a str, &'a mut dyn FnMut() -> Result<f64, Failure>);

/// Runs the rounds and prints each. Returns the figures of both sides, and the ratio of the second to the
/// first in each round.
pub(crate) fn compare(
    rounds: usize,
    (one, first): Side<'_>,
    (other, second): Side<'_>,
) -> Result<[Spread; 3], Failure> {
    println!("processor time of the server's processes per sign-in, microseconds");
    println!("{:>7} {one:>9} {other:>9} {:>9}", "round", "ratio");
    let mut spreads = [Spread::default(), Spread::default(), Spread::default()];
    for round in 1..=rounds {
        // The sides take turns at being first.
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
