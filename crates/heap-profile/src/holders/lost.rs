//! Drawn objects that no root holds: nobody does, they hold each other, or the search did not get so far.

use super::paths::{Analysis, most_usual};
use super::rank::Found;
use super::report::{HolderRoot, RootKind};
use super::walk::Stage;
use super::web::FAR;

/// The most steps that a circle is shown with.
const MOST_OF_A_CIRCLE: usize = 6;

/// What became of drawn objects that no root holds, with the way up to where it ends.
pub(super) fn of(analysis: &Analysis<'_>) -> Vec<Found> {
    let Analysis { graph, web, .. } = analysis;
    let rooted = web.distances(web.groups.iter().flat_map(|group| group.held.iter().copied()));
    let is_lost = |object: &u32| rooted[*object as usize] == FAR;
    let lost: Vec<u32> = graph.targets.iter().copied().filter(is_lost).collect();
    if lost.is_empty() {
        return Vec::new();
    }
    let fates = Fates::of(analysis);
    let kinds = [
        RootKind::UnreachableCycle,
        RootKind::Unreachable,
        RootKind::Unknown,
    ];
    let of_kind = |kind| {
        let targets = lost
            .iter()
            .copied()
            .filter(|object| fates.of_object(*object) == kind);
        let targets: Vec<u32> = targets.collect();
        (!targets.is_empty()).then(|| fates.found(analysis, kind, &targets))
    };
    kinds.into_iter().filter_map(of_kind).collect()
}

/// What becomes of objects that no root holds.
struct Fates {
    circles: Circles,
    /// Objects of which not all holders are known, or that are held by such.
    open: Vec<bool>,
}

impl Fates {
    fn of(analysis: &Analysis<'_>) -> Fates {
        let all = 0..analysis.graph.objects.len();
        let is_open: Vec<bool> = all.map(|at| is_open(analysis, at)).collect();
        Fates {
            circles: Circles::of(analysis),
            open: analysis.components.held_by(&analysis.web.holders, &is_open),
        }
    }

    fn of_object(&self, object: u32) -> RootKind {
        match object as usize {
            at if self.open[at] => RootKind::Unknown,
            at if self.circles.above[at] => RootKind::UnreachableCycle,
            _ => RootKind::Unreachable,
        }
    }

    /// The way of objects with this fate.
    fn found(&self, analysis: &Analysis<'_>, kind: RootKind, targets: &[u32]) -> Found {
        let Analysis { graph, web, .. } = analysis;
        let is_end = |object: &u32| match kind {
            RootKind::Unknown => is_open(analysis, *object as usize),
            RootKind::UnreachableCycle => self.circles.within[*object as usize],
            _ => web.holders.of_object(*object).is_empty(),
        };
        let all = (0..).zip(&graph.objects).map(|(at, _)| at);
        let mut way = analysis.way(targets, all.filter(is_end));
        if kind == RootKind::UnreachableCycle {
            go_round(analysis, &self.circles, &mut way.stages);
        }
        let root = HolderRoot {
            kind,
            name: None,
            thread: None,
            offset: None,
        };
        analysis.found(&way, root, targets.len() as u64)
    }
}

/// Whether the search did not go on from an object, or something that holds it was left out.
fn is_open(analysis: &Analysis<'_>, object: usize) -> bool {
    !analysis.graph.objects[object].explored || analysis.web.held_by_left_out[object]
}

/// Where objects hold each other in circles.
struct Circles {
    /// Objects that a circle holds, or that are part of one.
    above: Vec<bool>,
    /// Objects that are part of a circle.
    within: Vec<bool>,
}

impl Circles {
    fn of(analysis: &Analysis<'_>) -> Circles {
        let Analysis {
            web,
            kinds,
            components,
            ..
        } = analysis;
        // A list's empty head points to itself, too. But an `Arc` that holds itself is never freed.
        let is_one_alone =
            |at: u32| web.hold_themselves[at as usize] && kinds.is_counted(kinds.of_object(at));
        let within = components.circles(is_one_alone);
        let above = components.held_by(&web.holders, &within);
        Circles { above, within }
    }
}

/// From where a circle is entered, once round it: each kind once.
fn go_round(analysis: &Analysis<'_>, circles: &Circles, stages: &mut Vec<Stage>) {
    let Analysis { web, kinds, .. } = analysis;
    let mut seen = vec![false; web.hold_themselves.len()];
    while let Some(last) = stages.last()
        && stages.len() < MOST_OF_A_CIRCLE
    {
        let mut next: Vec<u32> = Vec::new();
        for object in &last.objects {
            seen[*object as usize] = true;
            let holders = web.holders.of_object(*object).iter().map(|link| link.object);
            next.extend(holders.filter(|holder| circles.within[*holder as usize]));
        }
        next.retain(|object| !seen[*object as usize]);
        next.sort_unstable();
        next.dedup();
        let most = most_usual(next.iter().map(|object| kinds.of_object(*object)));
        let Some(kind) = most.filter(|kind| stages.iter().all(|stage| stage.kind != *kind)) else {
            return;
        };
        next.retain(|object| kinds.of_object(*object) == kind);
        stages.push(Stage {
            kind,
            objects: next,
            times: 1,
        });
    }
}
