//! From the addresses of a graph to names, by the files on disk.

use std::collections::{BTreeSet, HashMap};

use super::graph::{CodeAddress, ReferenceGraph, Root};
use super::names::{Names, Variable};
use super::paths::holders;
use super::report::Holders;
use super::tidy;
use crate::model::{Location, Mapping, Profile, Sample};
use crate::names::crate_of;
use crate::symbolize::{Symbol, SymbolOf};
use crate::{Error, Symbolized, Symbolizer, element_type};

impl Symbolizer {
    /// Says who holds the objects of a graph: the ways from them to what keeps them alive, named and counted.
    ///
    /// # Errors
    /// As for [`Symbolizer::symbolize`]. A variable or function without a symbol is none.
    pub fn holders(&mut self, graph: &ReferenceGraph) -> Result<Holders, Error> {
        let names = self.names_of(graph)?;
        Ok(holders(graph, &names))
    }

    /// What the addresses of a graph are called.
    ///
    /// # Errors
    /// As for [`Symbolizer::symbolize`].
    pub fn names_of(&mut self, graph: &ReferenceGraph) -> Result<Names, Error> {
        let profile = stacks(graph);
        let stacks = self.symbolize(&profile)?;
        let types = stacks.samples.iter().map(|sample| element_type(&sample.stack));
        let mut names = Names {
            types: types.collect(),
            own: own_crates(&stacks),
            ..Names::default()
        };
        let mut variables = Variables::new();
        for (file, mapping) in profile.mappings.iter().enumerate() {
            let asked = asked(graph, file);
            if asked.is_empty() {
                continue;
            }
            let (symbols, nameless) = self.symbols(mapping, &profile, &asked)?;
            let file = u32::try_from(file).expect("an address has a file by a number of 32 bits");
            for (of, address) in asked {
                let symbol = symbols.get(&(of, address));
                let at = CodeAddress { file, address };
                match of {
                    SymbolOf::Function => names.add_function(at, symbol),
                    _ => drop(variables.insert((of, at), variable(symbol, || nameless(address)))),
                }
            }
        }
        let variable = |root: &Root| variables.get(&variable_at(root)?).cloned();
        names.variables = graph.roots.iter().map(variable).collect();
        Ok(names)
    }
}

type Variables = HashMap<(SymbolOf, CodeAddress), Variable>;

impl Names {
    /// What the name of a function says of a vtable or a task that it is the first one of.
    fn add_function(&mut self, at: CodeAddress, symbol: Option<&Symbol>) {
        // What is in the middle of a function is no such address.
        let Some(symbol) = symbol.filter(|symbol| symbol.offset == 0) else {
            return;
        };
        let dropped = tidy::dropped(&symbol.name).map(str::to_owned);
        self.dropped.extend(dropped.map(|of| (at, of)));
        let future = tidy::polled(&symbol.name);
        self.futures.extend(future.map(|of| (at, of)));
    }
}

fn variable(symbol: Option<&Symbol>, nameless: impl Fn() -> String) -> Variable {
    Variable {
        name: symbol.map_or_else(nameless, |symbol| tidy::variable(&symbol.name)),
        offset: symbol.map_or(0, |symbol| symbol.offset),
        is_allocators: symbol.is_some_and(|symbol| symbol.is_allocators),
    }
}

/// Where a variable is, if the root is one.
fn variable_at(root: &Root) -> Option<(SymbolOf, CodeAddress)> {
    match root {
        Root::Static { at } => Some((SymbolOf::Data, *at)),
        Root::ThreadLocal { at, .. } => Some((SymbolOf::ThreadLocal, *at)),
        Root::Stack { .. } | Root::Outside { .. } => None,
    }
}

/// The crates of the program's own functions on the stacks.
fn own_crates(stacks: &Symbolized) -> BTreeSet<String> {
    let frames = stacks.samples.iter().flat_map(|sample| sample.stack.iter());
    // What is named after a type of one crate and a trait of another may be either's.
    let own = frames.filter(|frame| frame.is_own() && !frame.function.contains(" as "));
    own.filter_map(|frame| crate_of(&frame.function).map(str::to_owned))
        .collect()
}

/// What has to be looked up of a file, each address once.
fn asked(graph: &ReferenceGraph, file: usize) -> Vec<(SymbolOf, u64)> {
    let vtables = graph.edges.iter().filter_map(|edge| edge.vtable);
    let polls = graph
        .objects
        .iter()
        .filter_map(|object| Some(object.task.as_ref()?.poll));
    let functions = vtables.chain(polls).map(|at| (SymbolOf::Function, at));
    let variables = graph.roots.iter().filter_map(variable_at);
    let of_file = functions
        .chain(variables)
        .filter(|(_, at)| at.file as usize == file);
    let asked: BTreeSet<(SymbolOf, u64)> = of_file.map(|(of, at)| (of, at.address)).collect();
    asked.into_iter().collect()
}

/// The stacks of a graph as a profile: a sample each, in their order. The addresses are the files' own.
fn stacks(graph: &ReferenceGraph) -> Profile {
    let mapping = |file: &super::MappedFile| Mapping {
        start: 0,
        limit: u64::MAX,
        offset: 0,
        file: file.path.as_str().into(),
        build_id: file.build_id.as_str().into(),
    };
    let addresses: BTreeSet<(u32, u64)> = graph
        .stacks
        .iter()
        .flatten()
        .map(|at| (at.file, at.address))
        .collect();
    let addresses: Vec<(u32, u64)> = addresses.into_iter().collect();
    let location = |(file, address): &(u32, u64)| Location {
        address: *address,
        mapping: Some(*file as usize),
        lines: Vec::new(),
    };
    let index = |at: &CodeAddress| {
        addresses
            .binary_search(&(at.file, at.address))
            .expect("all addresses of all stacks are there")
    };
    let sample = |stack: &Vec<CodeAddress>| Sample {
        stack: stack.iter().map(index).collect(),
        values: Vec::new(),
        labels: Vec::new(),
    };
    Profile {
        mappings: graph.files.iter().map(mapping).collect(),
        locations: addresses.iter().map(location).collect(),
        samples: graph.stacks.iter().map(sample).collect(),
        ..Profile::default()
    }
}
