//! Labels: under which operation, and perhaps which field, a thread is allocating.
//!
//! A label is a number in a thread-local, which the allocator's hook reads. Names are interned: operations come from
//! clients, and fields from the schema, so that both tables are bounded; what does not fit goes by [`Label::OTHER`].
//! `future` carries a label along with work.

use std::{
    cell::Cell,
    collections::HashMap,
    fmt,
    hash::Hasher,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use rustc_hash::FxHasher;

/// Bits of a label that name the field; those above name the operation.
const FIELD_BITS: u32 = 20;
/// Fields that are told apart: a schema has some hundreds.
const MOST_FIELDS: usize = 1 << 14;
/// Slots of each thread's cache of fields.
const CACHE: usize = 256;

/// Under what a thread allocates: an operation, and perhaps a field. A number; [`Label::within`] sets it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Label(u32);

/// A field of a schema, by its type and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Field(u32);

thread_local! {
    // No destructor, and no initialisation at run time: safe to read in the hook at any moment of a thread's life.
    static CURRENT: Cell<Label> = const { Cell::new(Label::NONE) };
    static FIELDS: [Cell<Option<&'static FieldEntry>>; CACHE] = const { [const { Cell::new(None) }; CACHE] };
}

impl Label {
    /// No operation: what the process does on its own account.
    pub const NONE: Self = Self(0);
    /// An operation that did not fit into the table.
    pub const OTHER: Self = Self(1 << FIELD_BITS);
    /// The instrument's own work, to be kept out of verdicts.
    pub const INSTRUMENT: Self = Self(2 << FIELD_BITS);

    /// The label of an operation by its position in the table.
    pub(crate) const fn of_operation(position: usize) -> Self {
        Self((position as u32) << FIELD_BITS)
    }

    /// What this thread allocates under.
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// The same operation, in that field.
    #[must_use]
    pub fn with_field(self, field: Field) -> Self {
        Self(self.operation().0 | field.0)
    }

    /// The same operation, in no field.
    #[must_use]
    pub fn operation(self) -> Self {
        Self(self.0 & !((1 << FIELD_BITS) - 1))
    }

    /// Does something under this label. The thread's own comes back afterwards, also after a panic.
    pub fn within<T>(self, work: impl FnOnce() -> T) -> T {
        struct Restore(Label);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(self));
        work()
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// Where the operation stands in its table.
    pub(crate) fn operation_position(self) -> usize {
        (self.0 >> FIELD_BITS) as usize
    }

    /// The field as `Parent.field`, or as `field` where it has no parent.
    pub(crate) fn field_name(self) -> Option<String> {
        let table = FIELD_TABLE.read().unwrap_or_else(PoisonError::into_inner);
        let position = (self.0 & ((1 << FIELD_BITS) - 1)).checked_sub(1)?;
        let entry = table.as_ref()?.entries.get(position as usize)?;
        Some(match &*entry.parent {
            "" => entry.name.to_string(),
            parent => format!("{parent}.{}", entry.name),
        })
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "Label({}, {})",
            self.operation_position(),
            self.0 & ((1 << FIELD_BITS) - 1)
        )
    }
}

struct FieldEntry {
    parent: Box<str>,
    name: Box<str>,
    field: Field,
}

#[derive(Default)]
struct FieldTable {
    entries: Vec<&'static FieldEntry>,
    by_name: HashMap<(&'static str, &'static str), &'static FieldEntry>,
}

static FIELD_TABLE: RwLock<Option<FieldTable>> = RwLock::new(None);
/// Fields that did not fit.
static OVERFLOW: AtomicU64 = AtomicU64::new(0);

/// Lookups of fields that did not fit into the table.
pub(crate) fn overflow() -> u64 {
    OVERFLOW.load(Relaxed)
}

impl Field {
    /// No field.
    pub const NONE: Self = Self(0);

    /// A field by the names of its type (empty: none) and itself; [`Field::NONE`] where the table is full.
    ///
    /// Some ten nanoseconds for a field that this thread has seen before.
    pub fn of(parent: &str, name: &str) -> Self {
        let slot = slot_of(parent, name);
        FIELDS.with(|cache| {
            let known = cache[slot].get();
            if let Some(entry) = known
                && *entry.name == *name
                && *entry.parent == *parent
            {
                return entry.field;
            }
            match Label::INSTRUMENT.within(|| intern(parent, name)) {
                Some(entry) => {
                    cache[slot].set(Some(entry));
                    entry.field
                }
                None => {
                    OVERFLOW.fetch_add(1, Relaxed);
                    Self::NONE
                }
            }
        })
    }
}

fn slot_of(parent: &str, name: &str) -> usize {
    let mut hasher = FxHasher::default();
    hasher.write(name.as_bytes());
    hasher.write(parent.as_bytes());
    hasher.finish() as usize % CACHE
}

/// Entries live as long as the process, since every thread's cache may point at them; there are at most
/// [`MOST_FIELDS`].
fn intern(parent: &str, name: &str) -> Option<&'static FieldEntry> {
    let known = |table: &FieldTable| table.by_name.get(&(parent, name)).copied();
    let table = FIELD_TABLE.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = table.as_ref().and_then(known) {
        return Some(entry);
    }
    drop(table);
    let mut table = FIELD_TABLE.write().unwrap_or_else(PoisonError::into_inner);
    let table = table.get_or_insert_default();
    if let Some(entry) = known(table) {
        return Some(entry);
    }
    if table.entries.len() >= MOST_FIELDS {
        return None;
    }
    let entry: &'static FieldEntry = Box::leak(Box::new(FieldEntry {
        parent: parent.into(),
        name: name.into(),
        field: Field(table.entries.len() as u32 + 1),
    }));
    table.entries.push(entry);
    table.by_name.insert((&entry.parent, &entry.name), entry);
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn labels_nest_and_come_back_after_a_panic() {
        let inner = Label::INSTRUMENT.with_field(Field::of("Query", "a"));
        Label::OTHER.within(|| {
            assert_eq!(inner.within(Label::current), inner);
            let panicked = catch_unwind(AssertUnwindSafe(|| inner.within(|| panic!("on purpose"))));
            assert!(panicked.is_err());
            assert_eq!(Label::current(), Label::OTHER);
        });
        assert_eq!(Label::current(), Label::NONE);
    }

    #[test]
    fn a_field_is_one_number_by_its_type_and_name_on_every_thread() {
        let field = Field::of("Book", "title");
        assert_ne!(field, Field::of("Author", "title"));
        let elsewhere = std::thread::spawn(|| Field::of("Book", "title")).join();
        assert_eq!(elsewhere.expect("no panic"), field);
        let label = Label::OTHER.with_field(field);
        assert_eq!(label.field_name().as_deref(), Some("Book.title"));
        assert_eq!(label.operation(), Label::OTHER);
        assert_eq!(Label::OTHER.field_name(), None);
        let bare = Label::OTHER.with_field(Field::of("", "(bare)"));
        assert_eq!(bare.field_name().as_deref(), Some("(bare)"));
    }
}
