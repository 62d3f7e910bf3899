//! The labels by which rows are told apart, and their texts by number.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::{Label, LabelValue};
use crate::{COHORT, FIELD, OPERATION};

/// What of a row's labels tells it apart.
#[derive(Default)]
pub(super) struct Labels<'a> {
    pub(super) operation: Option<&'a Arc<str>>,
    pub(super) field: Option<&'a Arc<str>>,
    pub(super) cohort: Option<i64>,
}

impl<'a> Labels<'a> {
    pub(super) fn of(labels: &'a [Label]) -> Labels<'a> {
        let mut found = Labels::default();
        for label in labels {
            match (&*label.key, &label.value) {
                (OPERATION, LabelValue::Text(text)) => found.operation = found.operation.or(Some(text)),
                (FIELD, LabelValue::Text(text)) => found.field = found.field.or(Some(text)),
                (COHORT, LabelValue::Number(number, _)) => found.cohort = found.cohort.or(Some(*number)),
                _ => {}
            }
        }
        found
    }
}

/// Texts, numbered. The rows of a file share them, so most are known by their pointers.
#[derive(Default)]
pub(super) struct Texts<'a> {
    all: Vec<&'a str>,
    by_pointer: FxHashMap<*const str, u32>,
    by_text: FxHashMap<&'a str, u32>,
}

impl<'a> Texts<'a> {
    pub(super) fn get(&self, number: u32) -> &'a str {
        self.all[number as usize]
    }

    pub(super) fn number(&mut self, text: &'a Arc<str>) -> u32 {
        *self.by_pointer.entry(Arc::as_ptr(text)).or_insert_with(|| {
            *self.by_text.entry(text).or_insert_with(|| {
                self.all.push(text);
                self.all.len() as u32 - 1
            })
        })
    }
}
