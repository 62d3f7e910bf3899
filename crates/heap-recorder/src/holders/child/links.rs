//! Pointers between like objects, which get numbers for that: their ranks among all that have such a pointer.

use super::cells::{Bits, bits_of};
use crate::pages::{Pages, Plain};

/// A pointer from one object to another: first their cells, then their numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) held: u32,
    pub(super) holder: u32,
}

// SAFETY: all zero is a link from the first object to itself.
unsafe impl Plain for Link {}

/// All of them, in both directions.
pub(super) struct Links {
    /// The objects' cells: as a set, and by their numbers.
    are_objects: Bits,
    cells: Pages<u32>,
    /// For each 64 cells how many objects there are below.
    ranks: Pages<u32>,
    up: Lists,
    down: Lists,
}

impl Links {
    /// Of links between cells, and of more cells of objects that may have none. Nothing where there is no memory.
    pub(super) fn of(mut links: Pages<Link>, more: &[u32]) -> Option<Self> {
        let mut are_objects = Bits::new();
        for link in links.iter() {
            are_objects.insert(link.held)?;
            are_objects.insert(link.holder)?;
        }
        for cell in more {
            are_objects.insert(*cell)?;
        }
        let (mut cells, mut ranks) = (Pages::new(), Pages::new());
        for (first, word) in are_objects.words() {
            ranks.push(cells.len() as u32)?;
            for cell in bits_of(first, word) {
                cells.push(cell)?;
            }
        }
        let number = |cell| number_of(&are_objects, &ranks, cell);
        for link in links.iter_mut() {
            (link.held, link.holder) = (number(link.held)?, number(link.holder)?);
        }
        let up = Lists::of(&links, cells.len(), |link| (link.held, link.holder))?;
        let down = Lists::of(&links, cells.len(), |link| (link.holder, link.held))?;
        Some(Self {
            are_objects,
            cells,
            ranks,
            up,
            down,
        })
    }

    /// How many objects there are.
    pub(super) fn objects(&self) -> usize {
        self.cells.len()
    }

    /// The number of an object, by its cell; nothing where it has none.
    pub(super) fn number(&self, cell: u32) -> Option<u32> {
        number_of(&self.are_objects, &self.ranks, cell)
    }

    /// The cell of an object.
    pub(super) fn cell(&self, number: u32) -> Option<u32> {
        self.cells.get(number as usize).copied()
    }

    /// Who holds an object.
    pub(super) fn holders(&self, number: u32) -> &[u32] {
        self.up.others(number)
    }

    /// Whom an object holds.
    pub(super) fn held(&self, number: u32) -> &[u32] {
        self.down.others(number)
    }
}

fn number_of(are_objects: &Bits, ranks: &[u32], cell: u32) -> Option<u32> {
    let smaller = are_objects.smaller(cell)?;
    Some(ranks.get(cell as usize / 64)? + smaller)
}

/// For each object others.
struct Lists {
    /// Where each one's begin; the next one's is where they end.
    begins: Pages<u32>,
    others: Pages<u32>,
}

impl Lists {
    /// Sorts by counting: `pair` says of which object's list a link is, and what is in it.
    fn of(links: &[Link], objects: usize, pair: impl Fn(&Link) -> (u32, u32)) -> Option<Self> {
        let mut begins = Pages::<u32>::zeroed(objects + 2)?;
        let mut others = Pages::<u32>::zeroed(links.len())?;
        // Two places further on: what is left there in the end are the beginnings.
        for link in links {
            *begins.get_mut(pair(link).0 as usize + 2)? += 1;
        }
        let mut sum = 0;
        for begin in begins.iter_mut() {
            sum += *begin;
            *begin = sum;
        }
        for link in links {
            let (object, other) = pair(link);
            let next = begins.get_mut(object as usize + 1)?;
            *others.get_mut(*next as usize)? = other;
            *next += 1;
        }
        Some(Self { begins, others })
    }

    fn others(&self, object: u32) -> &[u32] {
        let at = |place: usize| self.begins.get(place).map_or(0, |begin| *begin as usize);
        let range = at(object as usize)..at(object as usize + 1);
        self.others.get(range).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_both_directions_by_the_objects_numbers() {
        let mut links = Pages::new();
        let link = |holder, held| Link { held, holder };
        // From 900 to 130 twice, a ring of 3 and 130; 64 has none.
        links
            .extend(&[link(900, 130), link(3, 130), link(900, 130), link(130, 3)])
            .expect("memory");
        let links = Links::of(links, &[64, 3]).expect("memory");
        let numbers = [3, 64, 130, 900].map(|cell| links.number(cell));
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3)]);
        assert!(
            [2, 65, 901, 9000]
                .iter()
                .all(|cell| links.number(*cell).is_none())
        );
        assert_eq!(
            (0..5).map_while(|number| links.cell(number)).collect::<Vec<_>>(),
            [3, 64, 130, 900]
        );
        let holders: Vec<_> = (0..5).map(|number| links.holders(number)).collect();
        assert_eq!(holders, [&[2][..], &[], &[3, 0, 3], &[], &[]]);
        let held: Vec<_> = (0..5).map(|number| links.held(number)).collect();
        assert_eq!(held, [&[2][..], &[], &[0], &[2, 2], &[]]);
    }
}
