//! How much changed: what is new, what was freed, what is live, and the difference.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fold::Value;

/// So much memory, estimated from samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    /// In bytes.
    pub bytes: i64,
    /// In objects; nothing where the first or the last file does not count them.
    pub objects: Option<i64>,
}

/// What changed from the first snapshot to the last: `delta = new - freed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Live in the last snapshot, and not yet there in the first.
    pub new: Amount,
    /// Live in the first snapshot, and no longer there in the last.
    pub freed: Amount,
    /// Live in the last snapshot.
    pub live: Amount,
    /// Live in the last snapshot less live in the first.
    pub delta: Amount,
}

impl Change {
    /// True where nothing came and nothing went.
    pub fn is_none(&self) -> bool {
        let is_none = |amount: &Amount| amount.bytes == 0 && amount.objects.unwrap_or(0) == 0;
        is_none(&self.new) && is_none(&self.freed)
    }
}

/// Changes that are added up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    new: Value,
    freed: Value,
    live: Value,
}

impl Sums {
    /// Of a cell, of which either is true: all that it has more is new, or all that it has less was freed.
    pub(super) fn of_cell(first: Value, last: Value) -> Sums {
        let more = |to: i64, from: i64| to.saturating_sub(from).max(0);
        Sums {
            new: Value {
                bytes: more(last.bytes, first.bytes),
                objects: more(last.objects, first.objects),
            },
            freed: Value {
                bytes: more(first.bytes, last.bytes),
                objects: more(first.objects, last.objects),
            },
            live: last,
        }
    }

    pub(super) fn add(&mut self, more: Sums) {
        self.new.add(more.new);
        self.freed.add(more.freed);
        self.live.add(more.live);
    }

    pub(super) fn is_none(self) -> bool {
        self.new.is_zero() && self.freed.is_zero()
    }

    /// What changed in bytes, either way.
    pub(super) fn net_bytes(self) -> i64 {
        self.new.bytes.saturating_sub(self.freed.bytes)
    }

    pub(super) fn change(self, counts_objects: bool) -> Change {
        let amount = |value: Value| Amount {
            bytes: value.bytes,
            objects: counts_objects.then_some(value.objects),
        };
        Change {
            new: amount(self.new),
            freed: amount(self.freed),
            live: amount(self.live),
            delta: amount(Value {
                bytes: self.net_bytes(),
                objects: self.new.objects.saturating_sub(self.freed.objects),
            }),
        }
    }
}
