//! The distribution of a figure over several measurements.

/// The values of one figure, sorted.
#[derive(Debug, Default)]
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
        self.0.sort_by(f64::total_cmp);
    }

    /// Returns the median, or NaN if there is no value.
    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Returns median, minimum and maximum as text.
    pub(crate) fn text(&self, digits: usize) -> String {
        let end = |figure: Option<&f64>| figure.copied().unwrap_or(f64::NAN);
        let (least, most) = (end(self.0.first()), end(self.0.last()));
        format!("{:.digits$} ({least:.digits$} to {most:.digits$})", self.median())
    }
}
