//! Graphs by hand: objects, who holds whom, and what it is all called.

use heap_profile::holders::{
    CodeAddress, Edge, Holder, Holders, MappedFile, Names, Object, REFERENCE_GRAPH_VERSION, ReferenceGraph,
    Root, Task, Variable, holders,
};

/// A graph with the names of what is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) graph: ReferenceGraph,
    pub(crate) names: Names,
}

impl World {
    pub(crate) fn new() -> World {
        World {
            graph: ReferenceGraph {
                version: REFERENCE_GRAPH_VERSION,
                survivors: 1_000,
                files: vec![MappedFile {
                    path: "/srv/shop".to_owned(),
                    build_id: "ab".to_owned(),
                }],
                ..ReferenceGraph::default()
            },
            names: Names::default(),
        }
    }

    /// An object of so many bytes, of a type if it was sampled.
    pub(crate) fn object(&mut self, bytes: u64, kind: Option<&str>) -> u32 {
        let stack = kind.map(|kind| {
            let at = self
                .names
                .types
                .iter()
                .position(|known| known.as_deref() == Some(kind));
            let at = at.unwrap_or_else(|| {
                self.names.types.push(Some(kind.to_owned()));
                self.graph.stacks.push(Vec::new());
                self.names.types.len() - 1
            });
            u32::try_from(at).expect("few types")
        });
        self.graph.objects.push(Object {
            bytes,
            stack,
            explored: true,
            ..Object::default()
        });
        u32::try_from(self.graph.objects.len() - 1).expect("few objects")
    }

    /// The same, drawn.
    pub(crate) fn target(&mut self, bytes: u64, kind: &str) -> u32 {
        let object = self.object(bytes, Some(kind));
        self.graph.targets.push(object);
        object
    }

    pub(crate) fn at(&mut self, object: u32) -> &mut Object {
        &mut self.graph.objects[object as usize]
    }

    /// A task that polls this future.
    pub(crate) fn task(&mut self, future: &str, complete: bool) -> u32 {
        let object = self.object(512, None);
        let poll = self.address();
        self.names.futures.insert(poll, future.to_owned());
        self.at(object).task = Some(Task { poll, complete });
        object
    }

    /// An address that nothing else has.
    fn address(&self) -> CodeAddress {
        CodeAddress {
            file: 0,
            address: 0x1000 + (self.names.futures.len() + self.names.dropped.len()) as u64,
        }
    }

    fn root(&mut self, root: Root, name: Option<&str>) -> Holder {
        self.graph.roots.push(root);
        self.names.variables.push(name.map(|name| Variable {
            name: name.to_owned(),
            offset: 16,
            is_allocators: false,
        }));
        Holder::Root(u32::try_from(self.graph.roots.len() - 1).expect("few roots"))
    }

    pub(crate) fn a_static(&mut self, name: &str) -> Holder {
        let at = CodeAddress {
            file: 0,
            address: 0x9000 + self.graph.roots.len() as u64 * 8,
        };
        self.root(Root::Static { at }, Some(name))
    }

    pub(crate) fn a_nameless_static(&mut self) -> Holder {
        let at = CodeAddress {
            file: 0,
            address: 0x9000,
        };
        self.root(Root::Static { at }, None)
    }

    pub(crate) fn a_thread_local(&mut self, name: &str, thread: &str) -> Holder {
        let at = CodeAddress { file: 0, address: 8 };
        let thread = thread.to_owned();
        self.root(Root::ThreadLocal { at, thread }, Some(name))
    }

    pub(crate) fn a_stack(&mut self, thread: &str, exact: bool) -> Holder {
        let thread = thread.to_owned();
        self.root(Root::Stack { thread, exact }, None)
    }

    /// What holds the object, by a word at its beginning.
    pub(crate) fn hold(&mut self, holder: Holder, held: u32) -> &mut Edge {
        self.graph.edges.push(Edge {
            holder,
            offset: 0,
            held,
            into: 0,
            chain: 0,
            vtable: None,
        });
        self.graph.edges.last_mut().expect("it was just added")
    }

    pub(crate) fn hold_by(&mut self, holder: u32, held: u32) -> &mut Edge {
        self.hold(Holder::Object(holder), held)
    }

    /// Makes it known that the last pointer has a vtable of this type beside it.
    pub(crate) fn with_vtable(&mut self, of: &str) {
        let known = self.names.dropped.iter().find(|(_, known)| *known == of);
        let at = known.map_or_else(|| self.address(), |(at, _)| *at);
        self.names.dropped.insert(at, of.to_owned());
        self.graph.edges.last_mut().expect("there is a pointer").vtable = Some(at);
    }

    pub(crate) fn holders(&self) -> Holders {
        holders(&self.graph, &self.names)
    }

    /// The paths as lines, with how many objects each holds.
    pub(crate) fn lines(&self) -> Vec<String> {
        let holders = self.holders();
        let line = |path| {
            let line = heap_profile::render::holders::line(path);
            format!("{line} {}", heap_profile::render::holders::share(path, &holders))
        };
        holders.paths.iter().map(line).collect()
    }
}
