//! Who holds a site's objects: a small picture, the same in words, and what the scan cost.

use maud::{Markup, html};

use super::chart::px;
use crate::holders::{HolderRoot, HolderStep, Holders, RootKind};
use crate::hunt::{JudgedSite, Report};
use crate::render::holders::text::{drawn, figures, notes, path_lines};
use crate::render::holders::{full_root, root_name, size, step};
use crate::render::hunt::holder_graph::{Arrow, BOX, Graph, What};
use crate::render::hunt::holders::MOST_PATHS;
use crate::render::hunt::words::{clip, count, plain, short};

/// About as many characters fit into a box, in its two sizes.
const WIDEST: usize = 38;
const WIDEST_SMALL: usize = 40;
/// What is shown where the mouse rests.
const WIDEST_TITLE: usize = 600;
const MOST_NOTES: usize = 20;

/// How the pictures look; nothing where there are none.
pub(super) fn style(report: &Report) -> &'static str {
    let is_held = |site: &JudgedSite| site.holders.is_some();
    if report.sites.iter().any(is_held) {
        include_str!("holders.css")
    } else {
        ""
    }
}

pub(super) fn section(number: usize, site: &JudgedSite) -> Markup {
    let Some(holders) = &site.holders else {
        return html! {};
    };
    let lines = path_lines(holders, MOST_PATHS);
    html! {
        p { strong { "Who holds it" } }
        @if !holders.paths.is_empty() { (graph(number, holders, &lines)) }
        pre { (lines.join("\n")) }
        @for note in notes(holders).take(MOST_NOTES) { p { (note) } }
        p.soft { (drawn(holders)) }
        p.soft { (figures(&holders.scan)) }
    }
}

fn graph(number: usize, holders: &Holders, lines: &[String]) -> Markup {
    let graph = Graph::of(holders, MOST_PATHS);
    let (width, height) = graph.size;
    let (title, about) = (
        format!("holders-{number}-title"),
        format!("holders-{number}-about"),
    );
    // Not wider than it has to be, and not narrower than can be read.
    let style = format!("max-width: {width}px; min-width: {}px", (0.7 * width).round());
    html! {
        figure.scroll {
            svg.chart.holders xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) role="img"
                style=(style) aria-labelledby=(format!("{title} {about}")) {
                title id=(title) { "Who holds the objects of site #" (number) }
                desc id=(about) { (lines.join("; ")) }
                @for each in &graph.arrows { (arrow(each)) }
                @for (corner, what) in &graph.boxes { (boxed(*corner, what)) }
            }
        }
    }
}

/// Upwards, from what holds to what it holds.
fn arrow(arrow: &Arrow) -> Markup {
    let ((x, y), (to_x, to_y)) = (arrow.from, arrow.to);
    let half = f64::midpoint(y, to_y);
    let line = format!(
        "M{} {} C{} {} {} {} {} {}",
        px(x),
        px(y),
        px(x),
        px(half),
        px(to_x),
        px(half),
        px(to_x),
        px(to_y + 7.0)
    );
    let tip =
        [(0.0, 0.0), (-4.5, 9.0), (4.5, 9.0)].map(|(dx, dy)| format!("{},{}", px(to_x + dx), px(to_y + dy)));
    html! {
        path.arrow d=(line) {}
        polygon.tip points=(tip.join(" ")) {}
        @if let Some(label) = &arrow.label {
            // On the side that the line does not bend to.
            @let (side, x) = if to_x > x { ("end", x - 8.0) } else { ("start", x + 8.0) };
            text.soft text-anchor=(side) x=(px(x)) y=(px(y - 7.0)) { (label) }
        }
    }
}

fn boxed((x, y): (f64, f64), what: &What<'_>) -> Markup {
    let face = face(what);
    let middle = px(x + BOX.0 / 2.0);
    html! {
        g {
            title { (clip(&face.title, WIDEST_TITLE)) }
            @if face.is_chain { (frame((x + 5.0, y - 5.0), &face)) }
            (frame((x, y), &face))
            text text-anchor="middle" x=(middle) y=(px(y + 20.0)) { (face.name) }
            text.soft text-anchor="middle" x=(middle) y=(px(y + 37.0)) { (face.about) }
        }
    }
}

fn frame((x, y): (f64, f64), face: &Face) -> Markup {
    let round = if face.is_root { BOX.1 / 2.0 } else { 4.0 };
    html! {
        rect.box.(face.class) x=(px(x)) y=(px(y)) width=(px(BOX.0)) height=(px(BOX.1)) rx=(px(round)) {}
    }
}

/// What a box looks like, and says.
struct Face {
    class: &'static str,
    is_root: bool,
    /// Several in a row: drawn as a pile.
    is_chain: bool,
    name: String,
    about: String,
    title: String,
}

fn face(what: &What<'_>) -> Face {
    match what {
        What::Step(step) => step_face(step),
        What::Folded(steps) => Face {
            class: "folded",
            is_root: false,
            is_chain: true,
            name: "...".to_owned(),
            about: format!("{} more", count(*steps as u64)),
            title: format!("{} steps more", count(*steps as u64)),
        },
        What::Root(root) => root_face(root),
    }
}

fn step_face(of: &HolderStep) -> Face {
    let mut about = size(of.bytes);
    if of.times > 1 {
        about += &format!(" x {}", count(of.times));
    }
    if of.weak_only {
        about += ", kept by Weak alone";
    }
    let bare = HolderStep {
        times: 1,
        weak_only: false,
        ..of.clone()
    };
    let mut title = of.kind.as_deref().map_or_else(|| step(&bare), short);
    title += &format!("; {about}; {} different", count(of.distinct));
    if let Some(counts) = of.counts {
        title += &format!("; {} strong, {} weak", count(counts.strong), count(counts.weak));
    }
    Face {
        class: if of.weak_only { "weak" } else { "step" },
        is_root: false,
        is_chain: of.times > 1,
        name: clip(&step(&bare), WIDEST),
        about,
        title,
    }
}

fn root_face(of: &HolderRoot) -> Face {
    let (class, kind) = match of.kind {
        RootKind::Static => ("static", "static"),
        RootKind::Task => ("task", "task"),
        RootKind::ThreadLocal => ("local", "thread-local"),
        RootKind::Stack => ("stack", "stack"),
        RootKind::Outside => ("outside", "memory outside of the allocator"),
        RootKind::UnreachableCycle => ("nothing", "an unreachable cycle"),
        RootKind::Unreachable => ("nothing", "unreachable"),
        RootKind::Unknown => ("nothing", "the search ended before"),
    };
    let thread = of
        .thread
        .as_deref()
        .map(|thread| format!("thread {}", plain(thread)));
    let name = root_name(of).or_else(|| thread.clone());
    let name = name.unwrap_or_else(|| match of.kind {
        RootKind::UnreachableCycle | RootKind::Unreachable => "nothing".to_owned(),
        RootKind::Unknown => "not found".to_owned(),
        _ => "without a name".to_owned(),
    });
    let about = match &thread {
        Some(thread) if *thread != name => format!("{kind} of {thread}"),
        None if of.kind == RootKind::ThreadLocal => format!("{kind} of several threads"),
        _ => kind.to_owned(),
    };
    let offset = of.offset.map(|offset| format!(", at byte {}", count(offset)));
    Face {
        class,
        is_root: true,
        is_chain: false,
        name: tail(&name, WIDEST),
        about: clip(&about, WIDEST_SMALL),
        title: format!("{}{}", full_root(of), offset.unwrap_or_default()),
    }
}

/// The end of a path says more than its beginning.
fn tail(name: &str, widest: usize) -> String {
    let length = name.chars().count();
    if length <= widest {
        return name.to_owned();
    }
    let end: String = name.chars().skip(length - widest).collect();
    format!("...{end}")
}
