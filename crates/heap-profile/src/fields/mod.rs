//! Under which GraphQL field an allocation happened, read from the stack's own frames.
//!
//! async-graphql's derive macros name the resolvers of a service unmistakably, so no label has to be kept at run time;
//! `role` knows these names. A name of a function is no name of a field, though: what was read is checked against the
//! service's schema, and what cannot be told for certain stays unattributed. **Nothing is guessed.**
//!
//! Of a stack, from the leaf outwards, up to where a task was polled:
//!
//! 1. The first frame that a macro wrote names the running field (`T::__name_resolver`), or says that a field of `T` is
//!    running, which one being told by the method of `T` just below it (`ComplexObject`, `SimpleObject`, subscriptions).
//!    If that cannot be mapped, no outer frame can either: the outer field is running too, but did not allocate.
//! 2. Without any such frame, on a database thread for example, the outermost method counts whose type is known to have
//!    resolvers, from all stacks of the snapshot: a closure is named after the method that it is written in.
//!
//! A method `T::name` becomes the field `T.name` if the schema has it. A type that the schema does not have is either
//! part of a merged root, or renamed. Only the former, which stacks that reach the executor prove, counts as the root.

mod role;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::names::{self, last_segment};
use crate::symbolize::{Frame, Symbolized, SymbolizedSample};
use crate::{FIELD, INSTRUMENT, OPERATION, OTHER, Schema};
use role::Role;

/// Tells the fields of one snapshot's stacks.
#[derive(Debug)]
pub struct Fields<'a> {
    schema: &'a Schema,
    numbers: FxHashMap<*const Frame, u32>,
    frames: Vec<Known<'a>>,
    /// The types that have resolvers. Below each last segment, all paths that end so.
    containers: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The roots, and the parts of them: true for subscriptions.
    roots: BTreeMap<&'a str, bool>,
}

/// What is known of a frame, found out once.
#[derive(Debug)]
struct Known<'a> {
    role: Role<'a>,
    /// Without line tables, inlined functions are missing from a stack: what reads like the innermost resolver may be an
    /// outer one.
    has_lines: bool,
    is_task_poll: bool,
    /// Its type was learned to have resolvers.
    is_learned: bool,
    /// Its type was learned to be a root, or part of one.
    is_root: bool,
    /// See [`Fields::is_resolvers`].
    is_resolvers: OnceCell<bool>,
    /// See [`Fields::own_field`].
    own_field: OnceCell<Option<String>>,
}

impl<'a> Fields<'a> {
    /// Learns from all stacks of a snapshot which types have resolvers. What the instrument itself did is left out: it
    /// may have a schema of its own.
    pub fn of(snapshot: &'a Symbolized, schema: &'a Schema) -> Fields<'a> {
        let mut fields = Fields::none(schema);
        for sample in &snapshot.samples {
            let stack: Vec<u32> = sample.stack.iter().map(|frame| fields.number(frame)).collect();
            if sample.text(OPERATION) != Some(INSTRUMENT) {
                fields.learn(&stack);
            }
        }
        fields
    }

    /// The same from frames, and stacks of their numbers, none of them the instrument's. To be asked by number.
    pub(crate) fn of_numbered<'s>(
        frames: impl Iterator<Item = &'a Frame>,
        stacks: impl Iterator<Item = &'s [u32]>,
        schema: &'a Schema,
    ) -> Fields<'a> {
        let mut fields = Fields::none(schema);
        fields.frames.extend(frames.map(Known::of));
        stacks.for_each(|stack| fields.learn(stack));
        fields
    }

    fn none(schema: &'a Schema) -> Fields<'a> {
        Fields {
            schema,
            numbers: FxHashMap::default(),
            frames: Vec::new(),
            containers: BTreeMap::new(),
            roots: BTreeMap::new(),
        }
    }

    /// The field of a sample, as `Parent.field`: as its label has it, or else as its stack tells.
    pub fn field(&self, sample: &SymbolizedSample) -> Option<String> {
        match (sample.text(OPERATION), sample.text(FIELD)) {
            (Some(INSTRUMENT), _) => None,
            (_, Some(label)) if label != OTHER => Some(label.to_owned()),
            _ => self.field_of_stack(&sample.stack),
        }
    }

    /// The field of a stack, the leaf first. The frames are those of the snapshot; others say nothing.
    pub fn field_of_stack(&self, stack: &[Arc<Frame>]) -> Option<String> {
        let number = |frame: &Arc<Frame>| self.numbers.get(&Arc::as_ptr(frame)).copied();
        let numbers: Vec<u32> = stack.iter().filter_map(number).collect();
        self.field_of_numbers(&numbers).map(str::to_owned)
    }

    /// The same by the numbers of its frames.
    pub(crate) fn field_of_numbers(&self, stack: &[u32]) -> Option<&str> {
        let mut method: Option<&Known<'_>> = None;
        for number in stack {
            let frame = &self.frames[*number as usize];
            if frame.is_task_poll {
                break;
            }
            match &frame.role {
                Role::Other => {}
                _ if !frame.has_lines => return None,
                Role::Resolver { .. } => return self.own_field(frame),
                Role::Container { of, .. } => {
                    let below = method.filter(|method| method.role.type_of() == Some(of));
                    return self.own_field(below.unwrap_or(frame));
                }
                Role::NoField => return None,
                Role::Method { of, .. } if self.is_resolvers(frame, of) => method = Some(frame),
                Role::Wrapper { .. } | Role::Executor => break,
                Role::Method { .. } => {}
            }
        }
        method.and_then(|method| self.own_field(method))
    }

    fn number(&mut self, frame: &'a Arc<Frame>) -> u32 {
        let next = self.frames.len() as u32;
        let number = *self.numbers.entry(Arc::as_ptr(frame)).or_insert(next);
        if number == next {
            self.frames.push(Known::of(frame));
        }
        number
    }

    fn learn(&mut self, stack: &[u32]) {
        let mut executor = None;
        for (at, number) in stack.iter().enumerate() {
            let frame = &mut self.frames[*number as usize];
            if frame.role == Role::Executor {
                executor = executor.or(Some(at));
            }
            if std::mem::replace(&mut frame.is_learned, true) {
                continue;
            }
            match frame.role {
                Role::Resolver { of, .. } => self.add(of, None),
                Role::Container { of, is_subscription } => self.add(of, is_subscription.then_some(true)),
                _ => {}
            }
        }
        if let Some(executor) = executor {
            self.learn_roots(&stack[..executor]);
        }
    }

    /// From the executor inwards: the first type that is asked for a field is a root, and so is whatever a merged
    /// object asks in its turn. The rest belongs to fields.
    fn learn_roots(&mut self, executed: &[u32]) {
        let (mut is_next, mut last) = (true, None);
        for number in executed.iter().rev() {
            let frame = &mut self.frames[*number as usize];
            let is_known = frame.is_root;
            match frame.role {
                Role::Other => {}
                _ if !frame.has_lines => return,
                Role::Wrapper { ref parts } => {
                    is_next = true;
                    let parts = if is_known { Vec::new() } else { parts.clone() };
                    frame.is_root = true;
                    parts.into_iter().for_each(|part| self.add(part, Some(false)));
                }
                Role::Container { of, .. } | Role::Resolver { of, .. } if is_next || last == Some(of) => {
                    frame.is_root = true;
                    if !is_known {
                        self.add(of, Some(false));
                    }
                    (is_next, last) = (false, Some(of));
                }
                Role::Container { .. } | Role::Resolver { .. } | Role::NoField => return,
                Role::Method { .. } | Role::Executor => {}
            }
        }
    }

    fn add(&mut self, of: &'a str, root: Option<bool>) {
        self.containers.entry(last_segment(of)).or_default().insert(of);
        if let Some(is_subscription) = root {
            *self.roots.entry(of).or_default() |= is_subscription;
        }
    }

    /// Whether a frame's type is known to have resolvers. Found out once, when all is learned.
    fn is_resolvers(&self, frame: &Known<'a>, of: &str) -> bool {
        *frame
            .is_resolvers
            .get_or_init(|| self.paths(of).is_some_and(|paths| paths.contains(of)))
    }

    /// The field that a frame tells by itself. Found out once, when all is learned.
    fn own_field<'f>(&self, frame: &'f Known<'a>) -> Option<&'f str> {
        let find = || match frame.role {
            Role::Resolver { of, name } | Role::Method { of, name } => self.map(of, name),
            Role::Container { of, .. } => self.only_field(of),
            _ => None,
        };
        frame.own_field.get_or_init(find).as_deref()
    }

    fn paths(&self, of: &str) -> Option<&BTreeSet<&'a str>> {
        self.containers.get(last_segment(of))
    }

    /// `Parent.field` for a method of a type with resolvers.
    fn map(&self, of: &str, method: &str) -> Option<String> {
        let object = last_segment(of);
        if self.schema.has_object(object) {
            // Of two types with one name, one is renamed. Which?
            let is_the_only_one = self.paths(of).is_none_or(|paths| paths.len() == 1);
            let field = self.field_name(object, method).filter(|_| is_the_only_one)?;
            return Some(format!("{object}.{field}"));
        }
        let roots: Vec<&str> = match self.roots.get(of)? {
            true => self.schema.subscription_root().into_iter().collect(),
            false => self.schema.executed_roots().collect(),
        };
        let mut found = roots
            .into_iter()
            .filter_map(|root| Some((root, self.field_name(root, method)?)));
        match (found.next(), found.next()) {
            (Some((root, field)), None) => Some(format!("{root}.{field}")),
            _ => None,
        }
    }

    fn field_name(&self, object: &str, method: &str) -> Option<String> {
        spellings(method)
            .into_iter()
            .find(|field| self.schema.has_field(object, field))
    }

    /// A field of this type is running; if it has only one, that is the one.
    fn only_field(&self, of: &str) -> Option<String> {
        let object = last_segment(of);
        let is_the_only_one = self.paths(of).is_some_and(|paths| paths.len() == 1);
        let field = self.schema.only_field(object).filter(|_| is_the_only_one)?;
        Some(format!("{object}.{field}"))
    }
}

impl<'a> Known<'a> {
    fn of(frame: &'a Frame) -> Known<'a> {
        Known {
            role: Role::of(&frame.function),
            has_lines: frame.file.is_some(),
            is_task_poll: names::is_task_poll(&frame.function),
            is_learned: false,
            is_root: false,
            is_resolvers: OnceCell::new(),
            own_field: OnceCell::new(),
        }
    }
}

/// The names that async-graphql may give to the field of a method: by default in camelCase, or by the one rule that a
/// type chose. With the default first, since a schema with both would be a strange one.
fn spellings(method: &str) -> [String; 5] {
    let method = method.strip_prefix("r#").unwrap_or(method);
    let camel = camel_case(method);
    let mut pascal = camel.clone();
    if let Some(first) = pascal.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    [
        camel,
        method.to_owned(),
        pascal,
        method.to_uppercase(),
        method.to_lowercase(),
    ]
}

/// As `Inflector` has it, which async-graphql uses: after a digit, too, a word begins.
fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let (mut begins_word, mut last) = (false, ' ');
    for c in name.trim_end_matches('_').chars() {
        if !c.is_alphanumeric() {
            begins_word = !camel.is_empty();
        } else if c.is_numeric() {
            begins_word = true;
            camel.push(c);
        } else if begins_word || (last.is_lowercase() && c.is_uppercase()) {
            begins_word = false;
            camel.push(c.to_ascii_uppercase());
        } else {
            last = c;
            camel.push(c.to_ascii_lowercase());
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_becomes_a_field_as_the_derive_macro_renames_it() {
        for (method, field) in [
            ("hello", "hello"),
            ("joke_of_the_day", "jokeOfTheDay"),
            ("_private_", "private"),
            ("foo_2bar", "foo2Bar"),
            ("x1y2", "x1Y2"),
            ("already_camelCase", "alreadyCamelCase"),
            ("HTTPServer", "httpserver"),
            ("été", "été"),
            ("", ""),
        ] {
            assert_eq!(camel_case(method), field);
        }
        assert_eq!(spellings("r#type")[0], "type");
    }
}
