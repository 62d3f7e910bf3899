//! Snapshots as the recorder writes them, made by hand: rows by stack, operation, field, cohort and size, and an account.

use std::sync::Arc;

use heap_profile::{
    ALLOC_OBJECTS, ALLOC_SPACE, BORN, COHORT, Cohort, FIELD, Frame, INUSE_OBJECTS, INUSE_SPACE, Label,
    OBJECT_SIZE, OPERATION, Period, Profile, STACK, SnapshotInfo, Symbolized, SymbolizedSample,
};

use crate::support::{kind, number_label, taken_by, text_label};

/// What is live of one stack, one operation, one cohort and one size.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    stack: Arc<[Arc<Frame>]>,
    operation: Option<String>,
    field: Option<String>,
    cohort: i64,
    size: i64,
    objects: i64,
}

/// So many objects of a size, born in a cohort.
pub(crate) fn live(stack: &[Arc<Frame>], cohort: i64, size: i64, objects: i64) -> Live {
    Live {
        stack: stack.into(),
        operation: None,
        field: None,
        cohort,
        size,
        objects,
    }
}

impl Live {
    /// Allocated under this operation.
    pub(crate) fn under(mut self, operation: &str) -> Live {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Labelled with this field.
    pub(crate) fn in_field(mut self, field: &str) -> Live {
        self.field = Some(field.to_owned());
        self
    }
}

/// A snapshot of a process, that has opened a cohort. Below each stack there is a row with what was allocated too.
pub(crate) fn recorded(process: &str, opened: u32, rows: &[Live]) -> Symbolized {
    let mut stacks: Vec<&[Arc<Frame>]> = Vec::new();
    let mut samples = Vec::new();
    for row in rows {
        let number = stacks.iter().position(|stack| same(stack, &row.stack));
        let number = number.unwrap_or_else(|| {
            stacks.push(&row.stack);
            stacks.len() - 1
        });
        samples.push(sample(row, number, true));
        samples.push(sample(row, number, false));
    }
    let kinds = [
        (ALLOC_OBJECTS, "count"),
        (ALLOC_SPACE, "bytes"),
        (INUSE_OBJECTS, "count"),
        (INUSE_SPACE, "bytes"),
    ];
    let snapshot = Symbolized {
        sample_types: kinds.map(|(name, unit)| kind(name, unit)).to_vec(),
        samples,
        time_nanos: i64::from(opened) * 1_000_000_000,
        period: Some(Period {
            kind: kind("space", "bytes"),
            value: 1 << 16,
        }),
        account: account(process, opened),
        ..Symbolized::default()
    };
    taken_by(snapshot, "c0ffee")
}

fn same(a: &[Arc<Frame>], b: &[Arc<Frame>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

fn account(process: &str, opened: u32) -> Arc<str> {
    let mut info = SnapshotInfo::new();
    info.process = process.to_owned();
    info.sample_interval = 1 << 16;
    let cohort = |number| Cohort {
        number,
        opened_nanos: i64::from(number) * 1_000_000_000,
        ..Cohort::default()
    };
    info.cohorts = (0..=opened).map(cohort).collect();
    let mut profile = Profile::default();
    profile.set_info(&info);
    profile.account
}

fn sample(row: &Live, stack: usize, is_live: bool) -> SymbolizedSample {
    let mut labels: Vec<Label> = Vec::new();
    labels.extend(
        row.operation
            .as_deref()
            .map(|operation| text_label(OPERATION, operation)),
    );
    labels.extend(row.field.as_deref().map(|field| text_label(FIELD, field)));
    labels.push(number_label(STACK, stack as i64));
    let (objects, bytes) = (row.objects, row.objects * row.size);
    if is_live {
        labels.extend([
            number_label(COHORT, row.cohort),
            number_label(OBJECT_SIZE, row.size),
            number_label(BORN, 1),
        ]);
    }
    SymbolizedSample {
        stack: row.stack.clone(),
        values: if is_live {
            vec![0, 0, objects, bytes]
        } else {
            vec![2 * objects, 2 * bytes, 0, 0]
        },
        labels,
    }
}
