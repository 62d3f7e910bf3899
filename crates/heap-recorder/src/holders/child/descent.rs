//! From what is held from outside, in lists that were climbed, down to the drawn objects.

use super::cells::Numbers;
use super::chain::Climbed;
use super::found::{EXPLORED, Edge, IS_ROOT, LOOKED};
use super::kinds::Keyed;
use super::links::Links;
use super::search::Search;
use crate::pages::Pages;

/// Objects held from outside for which is found out what is below them.
const MOST_ENDS: usize = 32;
/// Objects of a list that are kept for their type.
const MOST_SAMPLES: usize = 8;
/// Steps down from all of these together.
const MOST_STEPS: usize = 1 << 22;

impl Search<'_> {
    /// From the objects that are held from outside down to those that were found: an edge for each that is reached. From
    /// those that are not reached up to an object that nobody holds, or around.
    ///
    /// `complete`: there was room for all links, and time. `left_out`: not all that is held from outside was kept.
    pub(super) fn descend(
        &mut self,
        links: &Links,
        climbed: &Climbed,
        complete: bool,
        left_out: bool,
    ) -> Option<()> {
        let ends = self.ends(links, climbed)?;
        let (mut reached, mut steps) = (Numbers::below(links.objects())?, 0);
        for end in ends.iter().take(MOST_ENDS) {
            if steps < MOST_STEPS {
                self.hold_from(links, climbed, *end, &mut reached, &mut steps)?;
            }
        }
        let all = complete && !left_out && ends.len() <= MOST_ENDS;
        for start in climbed.starts.iter() {
            let number = self.number(links, *start)?;
            if all && !reached.has(number) && steps < MOST_STEPS {
                let end = self.top_of(links, number)?;
                self.hold_from(links, climbed, end, &mut reached, &mut steps)?;
            }
            let is_known = complete && (all && steps < MOST_STEPS || reached.has(number));
            self.found
                .flag(*start, if is_known { LOOKED | EXPLORED } else { LOOKED });
        }
        Some(())
    }

    /// An edge from one end of a list to each object that was found and that it holds.
    fn hold_from(
        &mut self,
        links: &Links,
        climbed: &Climbed,
        end: u32,
        reached: &mut Numbers,
        steps: &mut usize,
    ) -> Option<()> {
        let number = self.number(links, end)?;
        let below = below(links, number, steps)?;
        // The first is the end itself. In a ring, one that it holds holds it.
        let ring = links.holders(number).iter().find(|holder| below.has(**holder));
        reached.insert(number)?;
        for start in climbed.starts.iter().filter(|start| **start != end) {
            let number = self.number(links, *start)?;
            if below.has(number) {
                reached.insert(number)?;
                self.chain_edge(end, *start, &below);
            }
        }
        self.add_samples(links, end, &below)?;
        if let Some(holder) = ring {
            let holder = self.object_of(links, *holder)?;
            self.chain_edge(holder, end, &below);
            self.chain_edge(end, holder, &below);
        }
        Some(())
    }

    /// Some objects of a list that were sampled: their stack tells its type.
    fn add_samples(&mut self, links: &Links, end: u32, below: &Numbers) -> Option<()> {
        let mut added = 0;
        for number in below.all.iter().skip(1) {
            let base = self.base(links, *number)?;
            if !self.memory.heap.is_sampled(base) {
                continue;
            }
            if self.found.object_at(base).is_none() {
                let sampled = self.object_of(links, *number)?;
                self.found.flag(sampled, LOOKED | EXPLORED);
                self.chain_edge(end, sampled, below);
            }
            added += 1;
            if added == MOST_SAMPLES {
                break;
            }
        }
        Some(())
    }

    fn chain_edge(&mut self, holder: u32, held: u32, below: &Numbers) {
        self.found.connect(Edge {
            holder,
            held,
            offset: 0,
            into: 0,
            chain: below.all.len() as u64,
            vtable: 0,
        });
    }

    /// The objects within the lists that something else holds: roots' first, then one for each kind of holder, then the others.
    fn ends(&self, links: &Links, climbed: &Climbed) -> Option<Pages<u32>> {
        let (mut ends, mut kinds) = (Pages::new(), Keyed::<u32>::new());
        let mut seen = Numbers::below(self.found.objects.len())?;
        let is_within = |object| {
            self.number(links, object)
                .is_some_and(|number| climbed.up.has(number))
        };
        for round in 0..3 {
            for edge in self.found.edges.iter().filter(|edge| is_within(edge.held)) {
                let is_root = edge.holder & IS_ROOT != 0;
                if !is_root && is_within(edge.holder) {
                    continue;
                }
                let kind = self.found.object(edge.holder).map_or(0, |holder| holder.kind());
                let has_turn = match round {
                    0 => is_root,
                    1 => !is_root && is_first(kinds.entry(kind)?),
                    _ => true,
                };
                if has_turn && seen.insert(edge.held)? {
                    ends.push(edge.held)?;
                }
            }
        }
        Some(ends)
    }

    /// From an object that nothing outside of the lists holds up to one that nobody holds; in a ring once around.
    fn top_of(&mut self, links: &Links, number: u32) -> Option<u32> {
        let mut seen = Numbers::below(links.objects())?;
        let mut top = number;
        while seen.insert(top)? && seen.all.len() <= MOST_STEPS {
            match links.holders(top).first() {
                Some(holder) => top = *holder,
                None => break,
            }
        }
        let top = self.object_of(links, top)?;
        let is_top = seen.all.len() <= MOST_STEPS;
        self.found
            .flag(top, if is_top { LOOKED | EXPLORED } else { LOOKED });
        Some(top)
    }

    /// The number among the links of an object that was found; nothing where it has none.
    fn number(&self, links: &Links, object: u32) -> Option<u32> {
        let base = self.found.object(object)?.at.base;
        links.number(self.chains.cells.find(&self.memory.heap, base)?)
    }

    fn base(&self, links: &Links, number: u32) -> Option<usize> {
        let cell = links.cell(number)?;
        self.chains.cells.base(&self.memory.heap, cell)
    }

    /// An object of the links among those that were found, entered if need be.
    fn object_of(&mut self, links: &Links, number: u32) -> Option<u32> {
        let base = self.base(links, number)?;
        if let Some(known) = self.found.object_at(base) {
            return Some(known);
        }
        let at = self.memory.heap.allocation(base)?;
        self.found.enter(at, self.found.objects.len() as u32)
    }
}

/// What an object holds within the lists, itself included.
fn below(links: &Links, number: u32, steps: &mut usize) -> Option<Numbers> {
    let mut below = Numbers::below(links.objects())?;
    below.insert(number)?;
    let mut at = 0;
    while let Some(number) = below.all.get(at).copied() {
        for held in links.held(number) {
            below.insert(*held)?;
        }
        at += 1;
        *steps += 1;
        if *steps > MOST_STEPS {
            break;
        }
    }
    Some(below)
}

/// Whether this is the first time; counts it.
fn is_first(times: &mut u32) -> bool {
    *times = times.saturating_add(1);
    *times == 1
}
