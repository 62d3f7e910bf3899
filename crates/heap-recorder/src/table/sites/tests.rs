//! One shard against a model, and how evenly stacks spread over the shards.

use std::collections::HashMap;

use super::*;
use crate::Field;

fn stack(random: &mut fastrand::Rng) -> Vec<usize> {
    let depth = random.usize(..40);
    // Few values: many stacks begin alike.
    (0..depth).map(|_| 0x5555_0000_0000 + random.usize(..3)).collect()
}

#[test]
fn a_stack_is_kept_once_and_a_site_for_each_label_with_sums_of_its_own() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut shard = Shard::new();
    let mut model = HashMap::new();
    let stacks: Vec<Vec<usize>> = (0..500).map(|_| stack(&mut random)).collect();
    let labels = [
        Label::NONE,
        Label::OTHER,
        Label::of_operation(7),
        Label::NONE.with_field(Field::of("A", "a")),
    ];
    for _ in 0..20_000 {
        let (frames, label) = (&stacks[random.usize(..500)], labels[random.usize(..4)]);
        let (objects, bytes) = (f64::from(random.u8(1..)), f64::from(random.u16(..)));
        let position = shard.record(hash_of(frames), frames, label, objects, bytes);
        let (known, sums) = model.entry((frames, label)).or_insert((position, (0.0, 0.0)));
        assert_eq!(*known, position);
        *sums = (sums.0 + objects, sums.1 + bytes);
    }
    for ((frames, label), (position, sums)) in &model {
        let site = shard.sites[*position as usize];
        assert_eq!((site.label, (site.objects, site.bytes)), (*label, *sums));
        let stack = shard.stacks[site.stack as usize];
        assert_eq!(
            &shard.frames[stack.start as usize..][..stack.len as usize],
            &frames[..]
        );
    }
    let distinct: std::collections::HashSet<_> = stacks.iter().collect();
    // And the one without frames that what does not fit goes to, with a site of its own.
    assert_eq!(shard.stacks.len(), distinct.len() + 1);
    assert_eq!((shard.stackless, shard.unlabelled), (0, 0));
}

#[test]
fn a_full_shard_keeps_counting_under_the_stack_without_frames_and_under_other() {
    let mut shard = Shard::new();
    let limit = SHARD_LIMIT.load(Relaxed);
    let (stacks, labels) = (limit + 10, SITES_A_STACK + 3);
    for number in 0..stacks {
        for label in 0..labels {
            let frames = [number, number];
            shard.record(
                hash_of(&frames),
                &frames,
                Label::of_operation(label + 3),
                1.0,
                16.0,
            );
        }
    }
    let sum: f64 = shard.sites.iter().map(|site| site.bytes).sum();
    assert_eq!(sum, (stacks * labels * 16) as f64);
    assert_eq!(shard.stackless, (10 * labels) as u64);
    assert_eq!(shard.stacks.len(), limit + 1);
    assert!(shard.unlabelled > 0 && shard.sites.len() <= limit * (SITES_A_STACK + 1) + 1);
    let without_frames = shard.sites.iter().filter(|site| site.stack == 0);
    assert_eq!(
        without_frames.map(|site| site.objects).sum::<f64>(),
        (10 * labels) as f64
    );
}

#[test]
fn stacks_that_are_alike_spread_evenly_over_the_shards() {
    let mut counts = [0; SHARDS];
    for leaf in 0..16_000_usize {
        let frames = [0x5555_5555_0000 + leaf * 5, 0x5555_5556_1234, 0x7fff_f7a0_1111];
        counts[(hash_of(&frames) >> 60) as usize & (SHARDS - 1)] += 1;
    }
    assert!(
        counts.iter().all(|count| (800..1200).contains(count)),
        "{counts:?}"
    );
}
