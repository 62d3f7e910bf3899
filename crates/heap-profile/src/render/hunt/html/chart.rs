//! What the charts share: a plot with a scale of bytes, and the marks on it.

use maud::{Markup, html};

use crate::render::bytes;

/// About as many lines as this help to read a value.
const LINES: f64 = 5.0;

/// The part of a picture that is drawn in, in pixels, and the values that it spans from bottom to top.
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Plot {
    /// Where a value is drawn, from the top of the picture. What is beyond the plot stays at its edge.
    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        let share = if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        };
        self.top + self.height * (1.0 - share)
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Lines across the plot, each with what it stands for.
    pub(super) fn scale(&self, steps: Steps, label: impl Fn(f64) -> String) -> Markup {
        let step = steps.step((self.high - self.low) / LINES);
        let first = (self.low / step).ceil();
        let values = (0..=12)
            .map(|at| (first + f64::from(at)) * step)
            .take_while(|value| *value <= self.high);
        html! {
            @for value in values {
                line.axis x1=(px(self.left)) x2=(px(self.right())) y1=(px(self.y(value))) y2=(px(self.y(value))) {}
                text.soft text-anchor="end" x=(px(self.left - 6.0)) y=(px(self.y(value) + 4.0)) { (label(value)) }
            }
        }
    }
}

/// How values are rounded on a scale.
#[derive(Clone, Copy)]
pub(super) enum Steps {
    /// 1, 2, 5, 10, ...
    Decimal,
    /// The same, of the largest unit of bytes that fits.
    Binary,
}

impl Steps {
    /// The next round step, from `about` on.
    fn step(self, about: f64) -> f64 {
        if !(about.is_finite() && about > 0.0) {
            return 1.0;
        }
        let unit = match self {
            Steps::Decimal => 1.0,
            Steps::Binary => 1024f64.powf(about.log(1024.0).floor().max(0.0)),
        };
        let power = 10f64.powf((about / unit).log10().floor());
        let rounded = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .find(|step| step * power * unit >= about);
        rounded.unwrap_or(10.0) * power * unit
    }
}

/// A length or place in pixels, to a tenth.
pub(super) fn px(value: f64) -> String {
    format!("{value:.1}")
}

pub(super) fn size(value: f64) -> String {
    bytes(value as i64)
}

/// A square of a series' colour, and its name beside it.
pub(super) fn legend(x: f64, y: f64, class: &str, name: &str) -> Markup {
    html! {
        rect.(class) x=(px(x)) y=(px(y - 10.0)) width="11" height="11" {}
        text x=(px(x + 16.0)) y=(px(y)) { (name) }
    }
}

/// A picture that says what it is to those who cannot see it.
pub(super) fn picture(
    id: &str,
    (width, height): (f64, f64),
    title: &str,
    about: &str,
    content: &Markup,
) -> Markup {
    let (title_id, about_id) = (format!("{id}-title"), format!("{id}-about"));
    html! {
        svg.chart xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) role="img"
            aria-labelledby=(format!("{title_id} {about_id}")) {
            title id=(title_id) { (title) }
            desc id=(about_id) { (about) }
            (content)
        }
    }
}
