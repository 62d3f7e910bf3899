//! One shard against a model: how often each address was entered and not yet freed, and as what.

use std::collections::HashMap;

use super::*;

/// By address: the sample that was entered last, and the frees that are still to come.
#[derive(Default)]
struct Model {
    live: HashMap<usize, (usize, u32)>,
}

impl Model {
    fn insert(&mut self, address: usize, size: usize) {
        let entry = self.live.entry(address).or_insert((size, 0));
        *entry = (size, entry.1 + 1);
    }

    fn remove(&mut self, address: usize) {
        if let Some((_, frees)) = self.live.get_mut(&address) {
            *frees -= 1;
            if *frees == 0 {
                self.live.remove(&address);
            }
        }
    }

    fn check(&self, shard: &Shard) {
        let taken = shard.slots.iter().filter(|slot| !slot.is_free());
        let found: HashMap<usize, (usize, u32)> = taken
            .map(|slot| (slot.address(), (slot.size, u32::from(slot.pending) + 1)))
            .collect();
        assert_eq!(found, self.live);
        assert_eq!((shard.len, shard.dropped), (self.live.len(), 0));
        let sum: i64 = self.live.values().map(|(size, _)| uncounted(*size)).sum();
        assert_eq!(shard.uncounted, sum);
        // Each is found from its home on: no gap lies between.
        for address in self.live.keys() {
            let found = find(&shard.slots, place_of(*address).1, *address);
            assert!(matches!(found, Found::Here(_)), "{address:#x}");
        }
    }
}

fn insert(shard: &mut Shard, model: &mut Model, address: usize, size: usize) {
    let sample = Sample::new(address, size, 0, 0, 0, 19);
    shard.insert(place_of(address).1, sample);
    model.insert(address, size);
}

fn remove(shard: &mut Shard, model: &mut Model, address: usize) {
    shard.remove(place_of(address).1, address);
    model.remove(address);
}

/// The sizes are one for the whole process: each test that looks at them sets the same ones.
fn configure_as_on_most_machines() {
    configure(DEFAULT_LIMIT, 4096, 16_384);
}

/// Addresses whose homes, in a shard of the least size, are these slots, one each in their order.
fn with_homes(homes: &[usize]) -> Vec<usize> {
    let mut pages = (1..).map(|page| page << 12);
    let mut next = |home: &usize| {
        let fits = |address: &usize| place_of(*address).1 & (LEAST_SLOTS - 1) == *home;
        pages.find(fits).expect("addresses enough")
    };
    homes.iter().map(&mut next).collect()
}

#[test]
fn any_order_of_samples_and_frees_leaves_what_a_map_would_have() {
    configure_as_on_most_machines();
    for seed in 0..32 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut shard, mut model) = (Shard::new(), Model::default());
        // Few addresses: they often meet, in one slot and as one address.
        let addresses: Vec<usize> = (0..random.usize(4..600))
            .map(|_| random.usize(1..4000) << 12)
            .collect();
        for step in 0..20_000 {
            let address = addresses[random.usize(..addresses.len())];
            let full = (step / 2000) % 2 == 0;
            if random.u8(..10) < if full { 6 } else { 3 } {
                insert(&mut shard, &mut model, address, random.usize(1..64) * 512);
            } else {
                remove(&mut shard, &mut model, address);
            }
            if step % 97 == 0 {
                model.check(&shard);
            }
        }
        addresses.iter().for_each(|address| {
            while model.live.contains_key(address) {
                remove(&mut shard, &mut model, *address);
            }
        });
        model.check(&shard);
        assert!(shard.slots.iter().all(Sample::is_free));
    }
}

#[test]
fn every_order_of_five_samples_and_frees_around_the_end_of_the_slots_is_right() {
    configure_as_on_most_machines();
    let last = LEAST_SLOTS - 1;
    let addresses = with_homes(&[last - 1, last, last, 0, last - 1]);
    let choices = addresses.len() * 2;
    for order in 0..choices.pow(5) {
        let (mut shard, mut model) = (Shard::new(), Model::default());
        let steps = (0..5).map(|step| order / choices.pow(step) % choices);
        for choice in steps {
            let address = addresses[choice / 2];
            match choice % 2 {
                0 => insert(&mut shard, &mut model, address, 4096),
                _ => remove(&mut shard, &mut model, address),
            }
        }
        model.check(&shard);
    }
}

#[test]
fn the_old_objects_end_may_come_after_the_new_ones_beginning_and_end() {
    configure_as_on_most_machines();
    let (mut shard, mut model) = (Shard::new(), Model::default());
    let address = 7 << 12;
    insert(&mut shard, &mut model, address, 512);
    // Another thread gets the address of an object that moved, and frees it, before the first one is reported freed.
    insert(&mut shard, &mut model, address, 1024);
    model.check(&shard);
    remove(&mut shard, &mut model, address);
    model.check(&shard);
    remove(&mut shard, &mut model, address);
    model.check(&shard);
    assert_eq!(shard.len, 0);
    // What is not there is left alone.
    remove(&mut shard, &mut model, address);
    model.check(&shard);
}

#[test]
fn bytes_that_the_allocator_leaves_out_are_those_of_small_objects_alone() {
    configure_as_on_most_machines();
    assert_eq!(uncounted(1024), 1024);
    assert_eq!(uncounted(12_288), 12_288);
    // Its pages are counted, and are more than it takes.
    assert_eq!(uncounted(14_336), 14_336 - 16_384);
    assert_eq!((uncounted(16_384), uncounted(1 << 20)), (0, 0));
}

#[test]
fn a_sample_may_be_there_until_it_is_removed_and_while_its_shard_is_locked() {
    let (address, site) = (0x7000_1234_5000, 7);
    super::insert(Sample::new(address, 64, site, 0, 0, 19));
    assert!(may_be_there(address, site) && !may_be_there(address, site + 1));
    super::remove(address);
    assert!(!may_be_there(address, site));
    let _locked = place_of(address).0.lock();
    assert!(may_be_there(address, site));
}
