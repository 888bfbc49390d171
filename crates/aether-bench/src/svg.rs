//! Drawing plots as SVG: lines with their names beside their ends, on light and dark pages alike.

use std::fmt::Write as _;

use crate::plot::{Plot, Scale};
use crate::table::thousands;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 80.0;
/// Room for the names of the series.
const RIGHT: f64 = 210.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 56.0;
/// The least distance between two names.
const LINE: f64 = 15.0;
// Told apart also by those who see few colors (Okabe and Ito's set).
const COLORS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// One axis: from values to places.
struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn over(scale: Scale, values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let positive = values.filter(|value| value.is_finite() && *value > 0.0);
        let low = positive.clone().fold(f64::INFINITY, f64::min);
        let high = positive.fold(f64::MIN_POSITIVE, f64::max);
        let (low, high) = match scale {
            Scale::Linear => (0.0, high * 1.05),
            Scale::Log => (10_f64.powf(low.min(high).log10().floor()), 10_f64.powf(high.log10().ceil())),
        };
        // Where all values are one power of ten there is still an axis.
        let high = if high > low { high } else { low * 10.0 };
        Self { scale, low, high, from, to }
    }

    fn place(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.max(self.low) / self.low).log10() / (self.high / self.low).log10(),
        };
        self.from + share * (self.to - self.from)
    }

    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Log => {
                let powers = (self.high / self.low).log10().round() as i32;
                (0..=powers).map(|power| self.low * 10_f64.powi(power)).collect()
            }
            Scale::Linear => {
                let rough = self.high / 5.0;
                let unit = 10_f64.powf(rough.log10().floor());
                let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * unit);
                let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
                (0..=(self.high / step) as u32).map(|index| f64::from(index) * step).collect()
            }
        }
    }
}

pub(crate) fn draw(plot: &Plot) -> String {
    let points = || plot.series.iter().flat_map(|series| series.points.iter());
    let x = Axis::over(Scale::Log, points().map(|(x, _)| *x), LEFT, WIDTH - RIGHT);
    let y = Axis::over(plot.y_scale, points().map(|(_, y)| *y), HEIGHT - BOTTOM, TOP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{}</text>", escaped(&plot.title));
    grid(&mut out, plot, &x, &y);
    let mut taken = Vec::new();
    for (series, color) in plot.series.iter().zip(COLORS.iter().cycle()) {
        line(&mut out, &series.points, color, &x, &y);
        if let Some((_, last)) = series.points.last() {
            let at = free(&mut taken, y.place(*last));
            let left = WIDTH - RIGHT + 10.0;
            let name = escaped(&series.name);
            let _ = writeln!(out, "<text x=\"{left}\" y=\"{:.1}\" fill=\"{color}\">{name}</text>", at + 4.0);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn grid(out: &mut String, plot: &Plot, x: &Axis, y: &Axis) {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for tick in x.ticks() {
        let at = x.place(tick);
        rule(out, (at, TOP), (at, bottom));
        let _ = writeln!(
            out,
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#444444\">{}</text>",
            bottom + 18.0,
            label(tick)
        );
    }
    for tick in y.ticks() {
        let at = y.place(tick);
        rule(out, (LEFT, at), (right, at));
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444444\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            label(tick)
        );
    }
    let middle = f64::midpoint(LEFT, right);
    let _ = writeln!(
        out,
        "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        HEIGHT - 14.0,
        escaped(&plot.x)
    );
    let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"38\" fill=\"#444444\">{}</text>", escaped(&plot.y));
}

fn rule(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#dddddd\"/>"
    );
}

fn line(out: &mut String, points: &[(f64, f64)], color: &str, x: &Axis, y: &Axis) {
    let places = || points.iter().map(|(at, value)| (x.place(*at), y.place(*value)));
    let path: Vec<String> = places().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let path = path.join(" ");
    let _ =
        writeln!(out, "<polyline points=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>");
    for (x, y) in places() {
        let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>");
    }
}

/// Finds the place nearest to the wanted one where a name covers no other.
fn free(taken: &mut Vec<f64>, wanted: f64) -> f64 {
    let steps = (0..).flat_map(|step| [f64::from(step), f64::from(-step)]);
    let mut places = steps.take(200).map(|step| wanted + step * LINE / 3.0);
    let is_free = |place: &f64| taken.iter().all(|other| (other - place).abs() >= LINE);
    let place = places.find(is_free).unwrap_or(wanted);
    taken.push(place);
    place
}

fn label(value: f64) -> String {
    if value != 0.0 && value < 1.0 { format!("{value}") } else { thousands(&format!("{value:.0}")) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Series;

    fn plot(y_scale: Scale) -> Plot {
        let ours = Series::new("ours", vec![(1.0, 20_000.0), (1000.0, 160_000.0)]);
        let raw = Series::new("raw < ours", vec![(1.0, 21_000.0), (1000.0, 160_000.0)]);
        let (title, x, y) = ("throughput".to_owned(), "actors".to_owned(), "events/s".to_owned());
        Plot { file: "t".to_owned(), title, x, y, y_scale, series: vec![ours, raw] }
    }

    #[test]
    fn a_plot_has_a_line_for_each_series_and_stays_inside_its_frame() {
        for scale in [Scale::Linear, Scale::Log] {
            let drawn = plot(scale).draw();
            assert_eq!(drawn.matches("<polyline").count(), 2);
            assert!(drawn.contains("raw &lt; ours") && drawn.ends_with("</svg>\n"));
            assert!(!drawn.contains("NaN") && !drawn.contains("inf") && !drawn.contains("=\"-"), "{drawn}");
        }
    }

    #[test]
    fn names_of_series_that_end_at_the_same_point_do_not_cover_each_other() {
        let mut taken = Vec::new();
        let places: Vec<f64> = (0..4).map(|_| free(&mut taken, 100.0)).collect();
        for (index, place) in places.iter().enumerate() {
            assert!(places[..index].iter().all(|other| (other - place).abs() >= LINE), "{places:?}");
        }
    }

    #[test]
    fn an_empty_plot_is_drawn_too() {
        let drawn = Plot { series: Vec::new(), ..plot(Scale::Log) }.draw();
        assert!(drawn.contains("<svg") && !drawn.contains("NaN"), "{drawn}");
    }
}
