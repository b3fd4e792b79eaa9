//! A chart of latency against load, as SVG.

use std::fmt::Write as _;

use super::report::{Report, StageReport};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 54.0;

/// One colour for each run. They are distinguishable with red-green colour blindness.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#595959"];

/// A line of the chart: its name, its values, its dashes.
type Line = (&'static str, fn(&StageReport) -> f64, &'static str);

const LINES: [Line; 3] = [
    ("median", |stage| stage.login.p50, ""),
    ("90 %", |stage| stage.login.p90, "6 3"),
    ("99 %", |stage| stage.login.p99, "1.5 3"),
];

/// Returns an SVG chart of some runs, each with its name.
///
/// The x axis is sign-ins per second. The y axis is the latency of a sign-in in milliseconds
/// (logarithmic). Each stage is a point, labelled with its number of concurrent sign-ins.
pub fn latency_chart(runs: &[(&str, &Report)]) -> String {
    let stages = || runs.iter().flat_map(|(_, report)| drawn(report));
    let most = stages().map(|stage| stage.logins_per_second).fold(1.0, f64::max);
    let latencies = || stages().flat_map(|stage| LINES.iter().map(|(_, read, _)| read(stage)));
    let least = latencies().fold(f64::MAX, f64::min).clamp(1e-3, 1e6);
    let top = latencies().fold(least, f64::max);
    let axes = Axes {
        most: most * 1.08,
        low: least.log10().floor(),
        high: top.log10().ceil().max(least.log10().floor() + 1.0),
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Latency of a sign-in against load</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    axes.draw(&mut svg);
    for (n, ((name, report), colour)) in runs.iter().zip(COLOURS.iter().cycle()).enumerate() {
        axes.run(&mut svg, report, colour);
        #[expect(clippy::cast_precision_loss, reason = "few runs")]
        let x = LEFT + 160.0 * n as f64;
        text(&mut svg, x, 18.0, "start", colour, name);
    }
    for (n, (name, _, dashes)) in (0_u8..).zip(LINES) {
        let x = LEFT + 110.0 * f64::from(n);
        line(&mut svg, (x, 34.0), (x + 30.0, 34.0), "#000", dashes);
        text(&mut svg, x + 36.0, 38.0, "start", "#000", name);
    }
    svg + "</svg>\n"
}

struct Axes {
    /// The sign-ins per second at the right edge.
    most: f64,
    /// The powers of ten of milliseconds at the bottom and at the top.
    low: f64,
    high: f64,
}

impl Axes {
    fn x(&self, rate: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * rate / self.most
    }

    fn y(&self, ms: f64) -> f64 {
        let part = (ms.max(1e-6).log10() - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part
    }

    fn draw(&self, svg: &mut String) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let mut power = self.low;
        while power <= self.high {
            let y = self.y(10_f64.powf(power));
            line(svg, (LEFT, y), (right, y), "#ddd", "");
            text(svg, LEFT - 8.0, y + 4.0, "end", "#000", &format!("{} ms", 10_f64.powf(power)));
            power += 1.0;
        }
        let step = round(self.most / 6.0);
        let mut rate = 0.0;
        while rate <= self.most {
            let x = self.x(rate);
            line(svg, (x, bottom), (x, bottom + 5.0), "#000", "");
            text(svg, x, bottom + 20.0, "middle", "#000", &format!("{rate:.0}"));
            rate += step;
        }
        line(svg, (LEFT, bottom), (right, bottom), "#000", "");
        let middle = f64::midpoint(LEFT, right);
        text(svg, middle, HEIGHT - 12.0, "middle", "#000", "sign-ins per second");
    }

    fn run(&self, svg: &mut String, report: &Report, colour: &str) {
        for (n, (_, read, dashes)) in LINES.iter().enumerate() {
            let points = drawn(report).map(|stage| {
                format!("{:.1},{:.1}", self.x(stage.logins_per_second), self.y(read(stage)))
            });
            let points = points.collect::<Vec<_>>().join(" ");
            let _ = writeln!(
                svg,
                "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" \
                 stroke-width=\"1.5\" stroke-dasharray=\"{dashes}\"/>"
            );
            for stage in drawn(report) {
                let (x, y) = (self.x(stage.logins_per_second), self.y(read(stage)));
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\"/>"
                );
                if n == 0 {
                    text(svg, x, y + 15.0, "middle", colour, &stage.in_flight.to_string());
                }
            }
        }
    }
}

/// Returns the stages that have a latency.
fn drawn(report: &Report) -> impl Iterator<Item = &StageReport> {
    report.stages.iter().filter(|stage| stage.logins > 0)
}

/// Rounds down to 1, 2, 5, 10, 20, …
fn round(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(1.0).log10().floor());
    let first = [5.0, 2.0].into_iter().find(|first| power * first <= step);
    power * first.unwrap_or(1.0)
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, dashes: &str) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" \
         stroke-dasharray=\"{dashes}\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, colour: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::load::{Latency, Load};

    fn stage(in_flight: usize, logins: u64, ms: f64) -> StageReport {
        let login =
            Latency { mean: ms, p50: ms, p90: 2.0 * ms, p99: 9.0 * ms, p999: 9.0 * ms, max: 99.0 };
        StageReport {
            in_flight,
            seconds: 1.0,
            logins,
            logins_per_second: f64::from(u32::try_from(logins).expect("a few")),
            failures: BTreeMap::new(),
            server_cpu_ms: None,
            server_system_cpu_ms: None,
            generator_cpu_ms: 0.0,
            login,
            steps: BTreeMap::new(),
            memory: None,
        }
    }

    fn report(stages: Vec<StageReport>) -> Report {
        Report { began: 0, settings: (&Load::new("http://127.0.0.1/")).into(), stages }
    }

    #[test]
    fn stages_with_sign_ins_have_points_within_the_axes() {
        let run = report(vec![stage(1, 100, 0.5), stage(64, 900, 70.0), stage(512, 0, 0.0)]);
        let empty = report(vec![stage(8, 0, 0.0)]);
        let svg = latency_chart(&[("<a> & b", &run), ("nobody", &empty)]);
        assert_eq!(svg.matches("<polyline ").count(), 2 * LINES.len());
        let circles: Vec<_> = svg.split("<circle ").skip(1).collect();
        assert_eq!(circles.len(), 2 * LINES.len());
        for circle in circles {
            let at = |name: &str| {
                let (_, rest) = circle.split_once(&format!("{name}=\"")).expect("an attribute");
                rest.split('"').next().and_then(|at| at.parse::<f64>().ok()).expect("a number")
            };
            assert!((LEFT..=WIDTH - RIGHT).contains(&at("cx")), "{circle}");
            assert!((TOP..=HEIGHT - BOTTOM).contains(&at("cy")), "{circle}");
        }
        assert!(svg.contains(">&lt;a> &amp; b</text>") && svg.contains(">64</text>"), "{svg}");
        assert!(!latency_chart(&[]).contains("NaN"));
    }

    #[test]
    fn the_labels_of_the_axis_are_round_numbers() {
        for (step, rounded) in [(0.3, 1.0), (1.9, 1.0), (700.0, 500.0), (2000.0, 2000.0)] {
            assert!((round(step) - rounded).abs() < 1e-9, "{step}");
        }
    }
}
