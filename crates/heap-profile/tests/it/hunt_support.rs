//! Reports of hunts, made by hand.

use heap_profile::hunt::{
    Check, CheckName, FieldGrowth, JudgedSite, LiveGrowth, MemorySplit, Phase, PhaseFigures, REPORT_VERSION,
    Rate, Report, SmallestLeak, Threshold, Unit, Verdict,
};

const MIB: u64 = 1 << 20;
/// 2026-11-24 14:15:56 UTC
pub(crate) const STARTED: i64 = 1_795_529_756_000;
const PHASES: [(Phase, f64, u64); 6] = [
    (Phase::WarmUp, 5.0, 1000),
    (Phase::Rung, 10.0, 2000),
    (Phase::Rung, 10.0, 2000),
    (Phase::Rung, 10.0, 2000),
    (Phase::Settle, 8.0, 0),
    (Phase::Idle, 12.0, 0),
];

pub(crate) fn rate(bytes: f64, error: f64, unit: Unit) -> Rate {
    Rate {
        bytes,
        low: bytes - error,
        high: bytes + error,
        unit,
    }
    .rounded()
}

/// A hunt in which nothing grew.
pub(crate) fn steady() -> Report {
    let check = |name, message: &str| Check {
        name,
        passed: true,
        message: message.to_owned(),
    };
    Report {
        version: REPORT_VERSION,
        subject: "hello.graphql".to_owned(),
        started: STARTED,
        seconds: 50.0,
        verdict: Verdict::Steady,
        unit: Unit::Request,
        threshold: Threshold {
            per_unit: 4.0,
            per_second: 1024.0,
        },
        looks: 3,
        live: LiveGrowth {
            bytes: Some(2048),
            sampled_bytes: 1900,
            instrument_bytes: 20 << 10,
            per_unit: rate(0.3, 1.1, Unit::Request),
        },
        fields: Vec::new(),
        sites: Vec::new(),
        steady_sites: 41,
        phases: PHASES.iter().enumerate().map(phase).collect(),
        smallest_leak: SmallestLeak {
            per_unit: Some(3.1),
            per_second: Some(900.0),
        },
        units_needed: None,
        checks: vec![
            check(CheckName::IdleRound, "no requests without load, as expected"),
            check(
                CheckName::PlantedControl,
                "expected 64 bytes per request, found 63.8 (61.2 to 66.4)",
            ),
            check(CheckName::Accounted, "sampled 1.9 KiB, counted 2.0 KiB"),
        ],
        notes: Vec::new(),
        born_before: Some(6),
    }
}

fn phase((at, (phase, seconds, units)): (usize, &(Phase, f64, u64))) -> PhaseFigures {
    PhaseFigures {
        snapshot: format!("20261124T141556.000Z-000{at}"),
        phase: *phase,
        seconds: *seconds,
        units: *units,
        started: *units,
        completed: *units,
        cancelled: 0,
        events: 0,
        connections: 2,
        memory: Some(MemorySplit {
            live: 20 * MIB + at as u64 * 14 * MIB,
            held_by_allocator: 6 * MIB + at as u64 * MIB,
            outside: 9 * MIB,
        }),
    }
}

/// A site of the given verdict that leaves `rate` behind in each rung.
pub(crate) fn site(function: &str, verdict: Verdict, rate: Rate) -> JudgedSite {
    let kept: Vec<i64> = PHASES
        .iter()
        .map(|(.., units)| (*units as f64 * rate.bytes) as i64)
        .collect();
    let live: Vec<i64> = (0..kept.len()).map(|end| kept[..=end].iter().sum()).collect();
    JudgedSite {
        key: format!("{function}@src/catalog.rs"),
        function: function.to_owned(),
        place: Some("ada/shop/src/catalog.rs:31".to_owned()),
        own: true,
        spread: false,
        through: Some("<alloc::vec::Vec<shop::catalog::Item>>::push".to_owned()),
        frames: vec![
            format!("{function} (ada/shop/src/catalog.rs:31)"),
            "shop::serve (ada/shop/src/main.rs:80)".to_owned(),
        ],
        field: Some("Query.hello".to_owned()),
        kind: Some("shop::catalog::Item".to_owned()),
        operations: vec!["Hello".to_owned(), "HelloAgain".to_owned()],
        verdict,
        why: String::new(),
        rate,
        objects_per_unit: 1.02,
        since: Some(STARTED + 2_500),
        live_objects: live.iter().map(|bytes| bytes / 512).collect(),
        survival: (0..kept.len())
            .map(|born| vec![kept[born]; kept.len() - born])
            .collect(),
        live,
        rungs: [0.98, 1.0, 1.03]
            .map(|part| {
                let bytes = part * rate.bytes;
                Rate { bytes, ..rate }.rounded()
            })
            .to_vec(),
        units_needed: None,
        known: false,
        stacks: vec![3, 17],
        holders: None,
    }
}

/// With its sites, and a field for each name that a leaking site has.
pub(crate) fn with_sites(mut report: Report, sites: Vec<JudgedSite>) -> Report {
    for (at, site) in sites.iter().enumerate() {
        let leaks = site.verdict == Verdict::Leak;
        let same = |field: &&mut FieldGrowth| field.field == site.field && field.rate.unit == site.rate.unit;
        match report.fields.iter_mut().find(same) {
            Some(field) if leaks => field.sites.push(at),
            None if leaks => report.fields.push(FieldGrowth {
                field: site.field.clone(),
                rate: site.rate,
                sites: vec![at],
            }),
            _ => {}
        }
    }
    let any = |verdict| sites.iter().any(|site| site.verdict == verdict);
    report.verdict = match () {
        () if any(Verdict::Leak) => Verdict::Leak,
        () if any(Verdict::Inconclusive) => Verdict::Inconclusive,
        () => sites.first().map_or(Verdict::Steady, |site| site.verdict),
    };
    report.live.per_unit = sites.first().map_or(report.live.per_unit, |site| site.rate);
    report.sites = sites;
    report
}

/// One site that leaks with each request, and one that was filled once.
pub(crate) fn leak() -> Report {
    let mut leak = site(
        "<shop::Query>::hello",
        Verdict::Leak,
        rate(7190.0, 170.0, Unit::Request),
    );
    leak.why = "each rung left as much behind".to_owned();
    let mut step = site("shop::prices::load", Verdict::Step, rate(1.5, 9.0, Unit::Request));
    step.field = None;
    step.why = "one jump, in rung 1".to_owned();
    let mut report = with_sites(steady(), vec![leak, step]);
    report.live.bytes = Some(43_240_000);
    report.live.sampled_bytes = 43_140_000;
    report
}

/// Growth that goes on without load, outside of any field.
pub(crate) fn per_second() -> Report {
    let mut site = site(
        "shop::jobs::tick",
        Verdict::Leak,
        rate(51_234.0, 900.0, Unit::Second),
    );
    site.field = None;
    site.operations.clear();
    let mut report = with_sites(steady(), vec![site]);
    report.live.per_unit = rate(256.2, 20.0, Unit::Request);
    report
}

pub(crate) fn settled() -> Report {
    let mut plateau = site(
        "shop::cache::fill",
        Verdict::Plateau,
        rate(0.0, 3.0, Unit::Request),
    );
    plateau.why = "what is old dies out".to_owned();
    let backlog = site(
        "shop::mail::queue",
        Verdict::Backlog,
        rate(0.0, 1.0, Unit::Request),
    );
    with_sites(steady(), vec![plateau, backlog])
}

pub(crate) fn inconclusive() -> Report {
    let mut site = site(
        "<shop::Query>::hello",
        Verdict::Inconclusive,
        rate(3.0, 9.0, Unit::Request),
    );
    site.units_needed = Some(12_000);
    site.why = "the interval has the threshold in it".to_owned();
    let mut report = with_sites(steady(), vec![site]);
    report.units_needed = Some(12_000);
    report.checks[2].passed = false;
    report.checks[2].message = "sampled 12.0 MiB, counted 2.0 KiB".to_owned();
    report
        .notes
        .push("3 samples were dropped: the table was full".to_owned());
    report
}

/// The leak, as the baseline has it.
pub(crate) fn known() -> Report {
    let mut report = leak();
    report.sites[0].known = true;
    report
}

/// Cancelled before it began.
pub(crate) fn empty() -> Report {
    let mut report = steady();
    report.phases.clear();
    report.checks.clear();
    report.seconds = 0.0;
    report.verdict = Verdict::Inconclusive;
    report.smallest_leak = SmallestLeak {
        per_unit: None,
        per_second: None,
    };
    report.live.bytes = None;
    report
}

/// What a client or a file can choose, chosen to do harm.
pub(crate) const HOSTILE: &str =
    "<img src=x onerror=alert(1)>\"'|`x`](//evil)\u{0}\u{1b}[31m\n</style><script>&";

/// Every name and text is hostile.
pub(crate) fn hostile() -> Report {
    let mut report = leak();
    let hostile = || HOSTILE.to_owned();
    for site in &mut report.sites {
        site.function = hostile();
        site.key = hostile();
        site.place = Some(hostile());
        site.through = Some(hostile());
        site.frames = vec![hostile(), hostile()];
        site.field = Some(hostile());
        site.kind = Some(hostile());
        site.operations = vec![hostile()];
        site.why = hostile();
    }
    report.fields[0].field = Some(hostile());
    report.subject = hostile();
    report.notes = vec![hostile()];
    report
        .checks
        .iter_mut()
        .for_each(|check| check.message = hostile());
    report
        .phases
        .iter_mut()
        .for_each(|phase| phase.snapshot = hostile());
    report
}
