//! What the addresses of a graph are called: all that `paths` needs of a program.

use std::collections::{BTreeSet, HashMap};

use super::graph::CodeAddress;

/// The names of a graph's addresses. What is not known is left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Names {
    /// Of each stack, in their order: the type of what was allocated there.
    pub types: Vec<Option<String>>,
    /// Of each root, in their order: the variable, if it is one.
    pub variables: Vec<Option<Variable>>,
    /// The types that the first functions of vtables drop.
    pub dropped: HashMap<CodeAddress, String>,
    /// The futures that tasks poll, each as the function that makes it.
    pub futures: HashMap<CodeAddress, String>,
    /// The program's own crates, as far as the stacks have them.
    pub own: BTreeSet<String>,
}

/// A place in a static or thread-local variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variable {
    /// Its name: `shop::CACHE`, or `FILE+0x1234` where it has none.
    pub name: String,
    /// How many bytes into it the place is.
    pub offset: u64,
    /// Whether it is the allocator's, which its name need not tell: then it holds nothing.
    pub is_allocators: bool,
}
