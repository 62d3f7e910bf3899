//! From the drawn objects to who points to them, to who points to those, and so on, a pass over memory each, until roots
//! are found.

use super::super::question::{Kind, Question, Region};
use super::chain::Chains;
use super::found::{
    COMPLETE, EXACT, EXPLORED, Found, HELD_EXACTLY, LOOKED, NOISE, Object, PARTIAL, Reach, Root, SOUGHT, TASK,
};
use super::heap::{Allocation, Heap, LARGE};
use super::holders::Holders;
use super::kinds::Kinds;
use super::look::look_at;
use super::pass::{Filter, Memory, Word};

/// How far from the drawn objects is looked.
const MOST_LEVELS: u32 = 48;
/// When nearly all drawn objects are known to be held by something that lasts: so many levels more, for other holders.
const MORE_LEVELS: u32 = 4;
/// The same where only threads' stacks hold them.
const MORE_LEVELS_FOR_STACKS: u32 = 6;
/// Nearly all: so many hundredths.
const NEARLY_ALL: usize = 95;
/// Of holders that look alike, at least so many are followed from one pass.
const LEAST_ALIKE: u32 = 64;
/// Holders of one size are followed if, together, they hold at least one in so many of the drawn objects: pointers that were
/// left over in freed memory hold few.
const LEAST_PART: u32 = 64;

/// Why a search ended early, as the figures have it.
pub(in super::super) const ENDED: u64 = 0;
pub(in super::super) const STOPPED_BY_LEVELS: u64 = 1;
pub(in super::super) const STOPPED_BY_TIME: u64 = 2;
pub(in super::super) const STOPPED_BY_OBJECTS: u64 = 3;

/// Looks. Nothing where there is no memory for it.
pub(super) fn search<'q>(question: &'q Question, regions: &'q mut [Region]) -> Option<Found> {
    let mut search = Search {
        memory: Memory::of(question, regions)?,
        found: Found::new(),
        chains: Chains::new(),
        targets: 0,
        alike: LEAST_ALIKE,
        time_is_up: false,
    };
    search.begin()?;
    search.climb()?;
    Some(search.found)
}

pub(super) struct Search<'q> {
    pub(super) memory: Memory<'q>,
    pub(super) found: Found,
    pub(super) chains: Chains,
    /// The first so many objects are the drawn ones.
    targets: usize,
    /// Of holders that look alike, so many are followed from one pass.
    pub(super) alike: u32,
    time_is_up: bool,
}

impl Search<'_> {
    /// Enters the drawn objects that are still there.
    fn begin(&mut self) -> Option<()> {
        let question = self.memory.question;
        for target in question.targets.iter() {
            let sample = question.samples.get(*target as usize)?;
            let there = self.memory.heap.allocation(sample.address);
            if let Some(at) = there.filter(|at| at.sample == target + 1) {
                let position = self.found.objects.len() as u32;
                let entered = self.found.enter(at, position)?;
                *self.found.reach.get_mut(entered as usize)? = Reach::only(entered);
                look_at(&mut self.found, question, entered);
            }
        }
        self.targets = self.found.objects.len();
        self.found.figures.targets = self.targets as u64;
        self.alike = LEAST_ALIKE.max(self.targets as u32 * 2);
        Some(())
    }

    fn climb(&mut self) -> Option<()> {
        let mut last_level = MOST_LEVELS;
        for level in 1.. {
            let until = self.found.objects.len();
            if !self.level(until)? {
                self.found.figures.stopped = if self.time_is_up { STOPPED_BY_TIME } else { ENDED };
                break;
            }
            self.found.spread();
            self.pass_over_noise()?;
            if let Some(classes) = self.repeated(until)
                && self.chain(classes)?
            {
                self.found.spread();
                self.pass_over_noise()?;
            }
            last_level = last_level.min(self.last_level(level));
            if level >= last_level {
                self.found.figures.stopped = if last_level == MOST_LEVELS {
                    STOPPED_BY_LEVELS
                } else {
                    ENDED
                };
                break;
            }
        }
        if self.found.is_full() && self.found.figures.stopped == ENDED {
            self.found.figures.stopped = STOPPED_BY_OBJECTS;
        }
        Some(())
    }

    /// Looks who points to the objects before a position that nobody has looked for yet. False where there are none, or there
    /// is no time.
    fn level(&mut self, until: usize) -> Option<bool> {
        let mut summary = 0;
        let sought = |flags: u32| flags & (LOOKED | NOISE) == 0 && flags & (TASK | COMPLETE) != TASK;
        for at in 0..until {
            let object = *self.found.objects.get(at)?;
            if sought(object.flags) {
                self.found.flag(at as u32, SOUGHT);
                self.memory.heap.mark(object.at.base, object.at.size, true);
                summary |= Memory::summary_of(object.at.base, object.at.size);
            }
        }
        if summary == 0 {
            return Some(false);
        }
        let filter = Filter {
            summary,
            not: 0,
            only: u64::MAX,
            to: 0,
        };
        let complete = self.pass(filter, |found, heap, word| {
            let held = heap.allocation(word.value)?;
            let position = found.object_at(held.base)?;
            let is_sought = found.object(position)?.flags & SOUGHT != 0;
            is_sought.then_some((position, held))
        });
        for at in 0..until {
            let object = *self.found.objects.get(at)?;
            if object.flags & SOUGHT != 0 {
                self.memory.heap.mark(object.at.base, object.at.size, false);
                self.found.unflag(at as u32, SOUGHT);
                let all = complete && object.flags & PARTIAL == 0;
                self.found
                    .flag(at as u32, if all { LOOKED | EXPLORED } else { LOOKED });
            }
        }
        Some(complete)
    }

    /// Counts a pass, and tells that it begins.
    pub(super) fn begin_pass(&mut self) {
        self.found.figures.passes += 1;
        let pass = self.found.figures.passes as u32;
        self.memory.question.progress.begin_pass(pass);
    }

    /// Goes once through memory. `held` says which object a word points to, if it is one that is looked for.
    pub(super) fn pass(
        &mut self,
        filter: Filter,
        mut held: impl FnMut(&mut Found, &Heap<'_>, &Word) -> Option<(u32, Allocation)>,
    ) -> bool {
        self.begin_pass();
        let question = self.memory.question;
        self.found.forget_alike();
        let (found, chains, alike) = (&mut self.found, &self.chains, self.alike);
        let (read, complete) = self.memory.pass(filter, |heap, word| {
            if let Some((position, at)) = held(found, heap, &word) {
                let mut holders = Holders {
                    question,
                    found: &mut *found,
                    chains,
                    alike,
                };
                holders.note(heap, &word, position, at);
            }
        });
        self.found.figures.read += read;
        self.time_is_up |= !complete;
        complete
    }

    /// Of the objects that nobody has looked at yet, those that are likely left over in freed memory are not followed: what
    /// holds few drawn objects, together with all of its kind; and what points into the middle of something large that others
    /// point to as its owners do. More may be known after each pass.
    fn pass_over_noise(&mut self) -> Option<()> {
        let is_new = |object: &Object| object.flags & LOOKED == 0;
        let mut kinds = Kinds::new();
        let objects = self.found.objects.iter().zip(self.found.reach.iter());
        for (object, reach) in objects.filter(|(object, _)| is_new(object)) {
            kinds.add(object.kind(), reach)?;
        }
        for at in self.targets..self.found.objects.len() {
            let object = *self.found.objects.get(at)?;
            let holds = kinds.reach_of(object.kind()).count();
            let owner = self.found.object(object.held)?;
            let is_beside = object.flags & EXACT == 0 && owner.flags & HELD_EXACTLY != 0;
            let is_noise = is_beside || holds * LEAST_PART < self.targets as u32;
            if is_new(&object) && is_noise {
                self.found.flag(at as u32, NOISE);
            } else {
                self.found.unflag(at as u32, NOISE);
            }
        }
        Some(())
    }

    /// The classes of the objects that hold others like themselves, if that is what was found from a position on for most
    /// drawn objects: a list is not climbed one by one.
    fn repeated(&self, from: usize) -> Option<u64> {
        let (mut all, mut new, mut kinds) = (Reach::default(), 0, Kinds::new());
        for (object, reach) in self.found.objects.iter().zip(self.found.reach.iter()).skip(from) {
            if object.flags & NOISE == 0 {
                all.add(reach);
                new += 1;
                if let Some(classes) = self.between(object.at.class, object.below, object.held) {
                    kinds.add(classes, reach)?;
                }
            }
        }
        let (classes, holds, count) = kinds.largest()?;
        let is_most = count * 4 >= new && holds.count() * 2 >= all.count();
        (is_most && !self.chains.know(classes)).then_some(classes)
    }

    /// The classes on the way down from an object to the next one of its own class.
    fn between(&self, class: u8, below: u64, mut held: u32) -> Option<u64> {
        if class == LARGE || below >> class & 1 == 0 {
            return None;
        }
        let mut classes = 0;
        loop {
            let object = self.found.object(held)?;
            classes |= 1 << object.at.class;
            if object.at.class == class {
                return (classes >> LARGE & 1 == 0).then_some(classes);
            }
            if object.held == held {
                return None;
            }
            held = object.held;
        }
    }

    /// Up to which level to go on, seeing what is held by what.
    fn last_level(&self, level: u32) -> u32 {
        let lasting = |root: &Root| root.kind == Kind::Static as u32 || root.kind == Kind::ThreadLocal as u32;
        let threads = &self.memory.question.threads;
        let waiting = |root: &Root| {
            let thread = threads.get(root.owner as usize);
            lasting(root)
                || root.kind == Kind::Stack as u32 && thread.is_some_and(|thread| thread.stack_pointer != 0)
        };
        let enough = |rooted: usize| rooted * 100 >= self.targets * NEARLY_ALL;
        if enough(self.found.rooted(lasting)) {
            level + MORE_LEVELS
        } else if enough(self.found.rooted(waiting)) {
            level + MORE_LEVELS_FOR_STACKS
        } else {
            MOST_LEVELS
        }
    }
}
