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

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::names::{self, last_segment};
use crate::symbolize::{Frame, Symbolized, SymbolizedSample};
use crate::{FIELD, INSTRUMENT, OPERATION, OTHER, Schema};
use role::Role;

/// Tells the fields of one snapshot's stacks.
#[derive(Debug)]
pub struct Fields<'a> {
    schema: &'a Schema,
    roles: HashMap<*const Frame, Role<'a>>,
    /// The types that have resolvers. Below each last segment, all paths that end so.
    containers: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The roots, and the parts of them: true for subscriptions.
    roots: BTreeMap<&'a str, bool>,
}

impl<'a> Fields<'a> {
    /// Learns from all stacks of a snapshot which types have resolvers. What the instrument itself did is left out: it
    /// may have a schema of its own.
    pub fn of(snapshot: &'a Symbolized, schema: &'a Schema) -> Fields<'a> {
        let mut fields = Fields {
            schema,
            roles: HashMap::new(),
            containers: BTreeMap::new(),
            roots: BTreeMap::new(),
        };
        for sample in &snapshot.samples {
            for frame in &sample.stack {
                let role = fields.roles.entry(Arc::as_ptr(frame));
                role.or_insert_with(|| Role::of(&frame.function));
            }
            if sample.text(OPERATION) != Some(INSTRUMENT) {
                fields.learn(&sample.stack);
            }
        }
        fields
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
        let mut method = None;
        for frame in stack {
            if names::is_task_poll(&frame.function) {
                break;
            }
            match self.role(frame) {
                Role::Other => {}
                _ if !has_lines(frame) => return None,
                Role::Resolver { of, name } => return self.map(of, name),
                Role::Container { of, .. } => {
                    return match method {
                        Some((below, name)) if below == *of => self.map(of, name),
                        _ => self.only_field(of),
                    };
                }
                Role::NoField => return None,
                Role::Method { of, name } if self.is_container(of) => method = Some((*of, *name)),
                Role::Wrapper { .. } | Role::Executor => break,
                Role::Method { .. } => {}
            }
        }
        method.and_then(|(of, name)| self.map(of, name))
    }

    fn role(&self, frame: &Arc<Frame>) -> &Role<'a> {
        self.roles.get(&Arc::as_ptr(frame)).unwrap_or(&Role::Other)
    }

    fn learn(&mut self, stack: &'a [Arc<Frame>]) {
        for frame in stack {
            match *self.role(frame) {
                Role::Resolver { of, .. } => self.add(of, None),
                Role::Container { of, is_subscription } => self.add(of, is_subscription.then_some(true)),
                _ => {}
            }
        }
        let executor = |frame: &Arc<Frame>| *self.role(frame) == Role::Executor;
        if let Some(executor) = stack.iter().position(executor) {
            self.learn_roots(&stack[..executor]);
        }
    }

    /// From the executor inwards: the first type that is asked for a field is a root, and so is whatever a merged
    /// object asks in its turn. The rest belongs to fields.
    fn learn_roots(&mut self, executed: &'a [Arc<Frame>]) {
        let (mut is_next, mut last) = (true, None);
        for frame in executed.iter().rev() {
            match self.role(frame).clone() {
                Role::Other => {}
                _ if !has_lines(frame) => return,
                Role::Wrapper { parts } => {
                    is_next = true;
                    parts.into_iter().for_each(|part| self.add(part, Some(false)));
                }
                Role::Container { of, .. } | Role::Resolver { of, .. } if is_next || last == Some(of) => {
                    self.add(of, Some(false));
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

    fn is_container(&self, of: &str) -> bool {
        self.paths(of).is_some_and(|paths| paths.contains(of))
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

/// Without line tables, inlined functions are missing from a stack: what reads like the innermost resolver may be an
/// outer one.
fn has_lines(frame: &Frame) -> bool {
    frame.file.is_some()
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
