//! Which objects hold each other in circles, and which of the drawn objects each one holds: both in one go over the graph.

use super::lists::Lists;

/// Objects by the circle that they are part of, those that are part of none alone. Who holds a component from outside has
/// a smaller number.
pub(super) struct Components {
    of: Vec<u32>,
    /// All objects, those of the smallest number first.
    order: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Components {
    /// After R. Tarjan, "Depth-first search and linear graph algorithms", 1972; without recursion, since lists are long.
    pub(super) fn of(holders: &Lists) -> Components {
        let objects = holders.objects();
        let mut search = Search {
            found: vec![NONE; objects],
            lowest: vec![NONE; objects],
            open: Vec::new(),
            path: Vec::new(),
            times: 0,
            components: Components {
                of: vec![NONE; objects],
                order: Vec::with_capacity(objects),
            },
            last: 0,
        };
        for object in (0..).take(objects) {
            search.from(holders, object);
        }
        search.components
    }

    fn of_object(&self, object: u32) -> usize {
        self.of[object as usize] as usize
    }

    /// Which objects are part of a circle.
    pub(super) fn circles(&self, is_one_alone: impl Fn(u32) -> bool) -> Vec<bool> {
        let mut sizes = vec![0u32; self.of.len()];
        for component in &self.of {
            sizes[*component as usize] += 1;
        }
        let is_in_one = |(at, component): (u32, &u32)| sizes[*component as usize] > 1 || is_one_alone(at);
        (0..).zip(&self.of).map(is_in_one).collect()
    }

    /// Which objects are among these, or are held by one, directly or from farther away.
    pub(super) fn held_by(&self, holders: &Lists, these: &[bool]) -> Vec<bool> {
        let mut held = vec![false; self.of.len()];
        for object in &self.order {
            let links = holders.of_object(*object).iter();
            let by_holder = links.map(|link| self.of_object(link.object)).any(|at| held[at]);
            held[self.of_object(*object)] |= these[*object as usize] || by_holder;
        }
        self.of
            .iter()
            .map(|component| held[*component as usize])
            .collect()
    }
}

/// A search for components that is under way.
struct Search {
    /// When each object was found.
    found: Vec<u32>,
    /// The earliest found that is reached from each.
    lowest: Vec<u32>,
    /// Objects whose component is not known yet.
    open: Vec<u32>,
    /// The way to where the search is, with how many holders of each were looked at.
    path: Vec<(u32, usize)>,
    times: u32,
    components: Components,
    last: u32,
}

impl Search {
    fn from(&mut self, holders: &Lists, object: u32) {
        if self.found[object as usize] == NONE {
            self.enter(object);
        }
        while let Some((object, looked_at)) = self.path.last_mut() {
            let object = *object;
            let Some(link) = holders.of_object(object).get(*looked_at) else {
                self.leave(object);
                continue;
            };
            *looked_at += 1;
            let holder = link.object as usize;
            if self.found[holder] == NONE {
                self.enter(link.object);
            } else if self.components.of[holder] == NONE {
                let lowest = &mut self.lowest[object as usize];
                *lowest = (*lowest).min(self.found[holder]);
            }
        }
    }

    fn enter(&mut self, object: u32) {
        self.found[object as usize] = self.times;
        self.lowest[object as usize] = self.times;
        self.times += 1;
        self.open.push(object);
        self.path.push((object, 0));
    }

    fn leave(&mut self, object: u32) {
        self.path.pop();
        let lowest = self.lowest[object as usize];
        if let Some((before, _)) = self.path.last() {
            let of_before = &mut self.lowest[*before as usize];
            *of_before = (*of_before).min(lowest);
        }
        if lowest != self.found[object as usize] {
            return;
        }
        while let Some(member) = self.open.pop() {
            self.components.of[member as usize] = self.last;
            self.components.order.push(member);
            if member == object {
                break;
            }
        }
        self.last += 1;
    }
}

/// Which of the drawn objects each object holds: a bit for each, for all objects.
pub(super) struct Reach<'a> {
    components: &'a Components,
    words: usize,
    bits: Vec<u64>,
}

impl Reach<'_> {
    pub(super) fn of<'a>(holders: &Lists, components: &'a Components, targets: &[u32]) -> Reach<'a> {
        let words = targets.len().div_ceil(64);
        let mut bits = vec![0; words * holders.objects()];
        for (at, target) in targets.iter().enumerate() {
            bits[components.of_object(*target) * words + at / 64] |= 1 << (at % 64);
        }
        // What is held comes before who holds it: of each component all is known when its turn comes.
        for object in components.order.iter().rev() {
            let from = components.of_object(*object) * words;
            for link in holders.of_object(*object) {
                let to = components.of_object(link.object) * words;
                for at in 0..words {
                    bits[to + at] |= bits[from + at];
                }
            }
        }
        Reach {
            components,
            words,
            bits,
        }
    }

    /// How many of the drawn objects any of these hold.
    pub(super) fn count(&self, objects: &[u32]) -> u64 {
        let mut all = vec![0; self.words];
        for object in objects {
            let start = self.components.of_object(*object) * self.words;
            for (word, of_object) in all.iter_mut().zip(&self.bits[start..start + self.words]) {
                *word |= of_object;
            }
        }
        all.iter().map(|word: &u64| u64::from(word.count_ones())).sum()
    }
}
