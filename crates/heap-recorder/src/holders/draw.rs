//! Which objects a scan begins with: survivors among the live samples, evenly drawn.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::{HolderQuery, question::Known};
use crate::{
    Error, load,
    pages::{Pages, Plain},
    table::{
        samples,
        sites::{Site, Sites},
    },
};

/// The live samples, and those of them to begin with.
pub(super) struct Drawn {
    /// By their addresses.
    pub(super) samples: Pages<Known>,
    /// Positions in `samples`.
    pub(super) targets: Pages<u32>,
    /// How many there were to draw from.
    pub(super) survivors: u64,
}

/// A sample that fits.
#[derive(Debug, Clone, Copy)]
struct Survivor {
    born: u32,
    /// With all bits the other way round, as in the table: nobody takes it for a pointer.
    turned: usize,
}

// SAFETY: all zero is an object at the last address.
unsafe impl Plain for Survivor {}

/// # Errors
/// Where no sample fits, or there is no memory.
pub(super) fn draw(query: &HolderQuery, table: &Sites) -> Result<Drawn, Error> {
    let sites = wanted(query, &table.sites);
    let (mut all, mut survivors) = (Pages::new(), Pages::new());
    let mut enter = || {
        let mut complete = Some(());
        samples::visit(|samples| {
            for sample in samples {
                let known = Known {
                    address: sample.address(),
                    size: sample.size,
                    site: sample.site,
                };
                complete = complete.and(all.push(known));
                let is_old = query.born_before.is_none_or(|cohort| sample.cohort < cohort);
                if is_old && sites.contains(&sample.site) {
                    let survivor = Survivor {
                        born: sample.born,
                        turned: !sample.address(),
                    };
                    complete = complete.and(survivors.push(survivor));
                }
            }
        })
        .and(complete)
    };
    enter().ok_or(Error::OutOfMemory)?;
    if survivors.is_empty() {
        return Err(none_fits(query, sites.len()));
    }
    all.sort_unstable_by_key(|sample: &Known| sample.address);
    Ok(Drawn {
        targets: evenly(
            &mut survivors,
            &all,
            query.targets.clamp(1, HolderQuery::MOST_TARGETS),
        )
        .ok_or(Error::OutOfMemory)?,
        survivors: survivors.len() as u64,
        samples: all,
    })
}

/// At most `most` of them, at equal distances in the order of their births.
fn evenly(survivors: &mut [Survivor], samples: &[Known], most: usize) -> Option<Pages<u32>> {
    survivors.sort_unstable_by_key(|survivor| (survivor.born, survivor.turned));
    let count = survivors.len().min(most);
    let mut targets = Pages::new();
    for number in 0..count {
        // The middle of each of `count` equal parts.
        let at = (2 * number + 1) * survivors.len() / (2 * count);
        let address = !survivors.get(at)?.turned;
        let position = samples
            .binary_search_by_key(&address, |sample| sample.address)
            .ok()?;
        targets.push(position as u32)?;
    }
    Some(targets)
}

fn wanted(query: &HolderQuery, sites: &[Site]) -> HashSet<u32, FxBuildHasher> {
    let fits = |site: &&Site| {
        let operation = load::name_of(site.label);
        query.stacks.contains(&site.stack)
            && query
                .operation
                .as_deref()
                .is_none_or(|wanted| operation == Some(wanted))
    };
    sites.iter().filter(fits).map(|site| site.id).collect()
}

fn none_fits(query: &HolderQuery, sites: usize) -> Error {
    let under = query
        .operation
        .as_deref()
        .map_or(String::new(), |name| format!(" under the operation {name:?}"));
    let born = query
        .born_before
        .map_or(String::new(), |cohort| format!(", born before cohort {cohort}"));
    let stacks = match query.stacks[..] {
        [stack] => format!("stack {stack}"),
        _ => format!("{} stacks", query.stacks.len()),
    };
    let reason = match sites {
        0 => format!("nothing was ever sampled at {stacks}{under}"),
        _ => format!("nothing that was sampled at {stacks}{under}{born} is alive"),
    };
    Error::NoSurvivors { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_wanted_are_drawn_at_equal_distances_by_birth() {
        let samples: Vec<Known> = (0..100)
            .map(|at| Known {
                address: (at + 1) << 12,
                size: 1,
                site: 0,
            })
            .collect();
        // The youngest at the lowest address.
        let mut survivors: Vec<Survivor> = (0..100)
            .map(|at| Survivor {
                born: 100 - at as u32,
                turned: !((at + 1) << 12),
            })
            .collect();
        let drawn = evenly(&mut survivors, &samples, 4).expect("memory");
        assert_eq!(drawn[..], [87, 62, 37, 12]);
        let all = evenly(&mut survivors, &samples, 1000).expect("memory");
        assert_eq!(all.len(), 100);
    }
}
