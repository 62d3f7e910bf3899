//! Snapshots: the tables folded into a profile, with all that a comparison needs.
//!
//! A row is what one site has live of one size, born in one cohort. Each sample stands for `1 / p` objects of its
//! size (`hooks::weight`), so that the values are unbiased estimates, as `go tool pprof` takes them. What was
//! allocated since the start is known for each site as a whole, and stands in a row without a cohort.

mod write;

use std::collections::HashMap;

use heap_profile::{Period, Profile, SnapshotInfo};
use rustc_hash::FxBuildHasher;

use crate::{
    Error, Recorder, clock, hooks, load, memory, pages,
    recorder::{as_instrument, dropped},
    table::{
        samples::{self, Sample},
        sites::{self, Site},
    },
};
use write::{WORDS, Writer};

impl Recorder {
    /// Takes a snapshot: opens a new cohort, then writes what is live as a gzip'd `profile.proto`, with `schema`, the
    /// service's schema in the definition language.
    ///
    /// The rows have the values `alloc_objects`, `alloc_space`, `inuse_objects`, `inuse_space`, and the labels of
    /// [`heap_profile`]; addresses and build ids, no names. Blocks for some milliseconds: some ten of
    /// them for a hundred thousand live samples.
    ///
    /// # Errors
    /// Where nothing is recorded, or there is no memory for a copy of the tables.
    pub fn snapshot(self, schema: Option<&str>) -> Result<Vec<u8>, Error> {
        self.must_record()?;
        as_instrument(|| {
            load::open_cohort();
            self.profile(schema)?.encode().map_err(|error| Error::Dump {
                reason: error.to_string(),
            })
        })
    }

    /// What is live now, as [`snapshot`](Self::snapshot) has it, in memory. No new cohort is opened.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn profile(self, schema: Option<&str>) -> Result<Profile, Error> {
        self.must_record()?;
        as_instrument(|| {
            // Read once: another thread may set another one meanwhile, and the rows are told against this one.
            let lg_interval = hooks::lg_interval();
            // Before the samples are copied, which takes memory.
            let info = self.info(lg_interval);
            let mut profile = fold(lg_interval)?;
            profile.period = Some(Period {
                kind: WORDS.space.clone(),
                value: 1 << lg_interval,
            });
            profile.time_nanos = clock::now_nanos();
            let first = info
                .cohorts
                .first()
                .map_or(profile.time_nanos, |first| first.opened_nanos);
            profile.duration_nanos = profile.time_nanos.saturating_sub(first);
            profile.set_info(&info);
            if let Some(schema) = schema {
                profile.set_schema(schema);
            }
            Ok(profile)
        })
    }

    fn info(self, lg_interval: u8) -> SnapshotInfo {
        let mut info = SnapshotInfo::new();
        info.process = self.process().to_owned();
        info.sample_interval = 1 << lg_interval;
        let totals = samples::totals();
        info.live_samples = totals.live;
        info.own_bytes = pages::own_bytes();
        info.dropped = dropped(&totals);
        info.cohorts = load::cohorts();
        // A snapshot without figures is better than none; whoever asks for them alone is told why there are none.
        if let Ok(figures) = memory() {
            info.memory = figures.by_name();
        }
        info
    }
}

/// Samples that make one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Alike {
    site: u32,
    cohort: u32,
    size: usize,
    lg_interval: u8,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    count: u64,
    /// When the oldest was born.
    born: u32,
}

fn fold(lg_interval: u8) -> Result<Profile, Error> {
    let mut groups: HashMap<Alike, Group, FxBuildHasher> = HashMap::default();
    let visited = samples::visit(|samples| {
        for sample in samples {
            let born = sample.born;
            let group = groups.entry(alike(sample)).or_insert(Group { count: 0, born });
            group.count += 1;
            group.born = group.born.min(born);
        }
    });
    visited.ok_or(Error::OutOfMemory)?;
    // After the samples: the site of each is in the table by then.
    let table = sites::copy().ok_or(Error::OutOfMemory)?;
    let mut groups: Vec<(Alike, Group)> = groups.into_iter().collect();
    groups.sort_unstable_by_key(|(alike, _)| *alike);
    let mut writer = Writer::new(&table, lg_interval);
    let by_id: HashMap<u32, &Site> = table.sites.iter().map(|site| (site.id, site)).collect();
    for (alike, group) in groups {
        if let Some(site) = by_id.get(&alike.site) {
            writer.live(site, alike, group);
        }
    }
    for site in table.sites.iter().filter(|site| site.objects > 0.0) {
        writer.allocated(site);
    }
    Ok(writer.profile)
}

fn alike(sample: &Sample) -> Alike {
    Alike {
        site: sample.site,
        cohort: sample.cohort,
        size: sample.size,
        lg_interval: sample.lg_interval,
    }
}
