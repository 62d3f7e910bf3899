//! What a reference scan found, as addresses and numbers: sent from the measured process to whoever names it.
//!
//! A graph of what was looked at: objects, the roots that the search ended at, and an edge for each word that points from
//! one to the other. Which of the edges matter, `paths` finds out.

use serde::{Deserialize, Serialize};

use crate::Error;

/// The version of [`ReferenceGraph`]. It grows when a reader of the older one would misread the newer.
pub const REFERENCE_GRAPH_VERSION: u32 = 1;

/// The most objects that one scan looks for.
pub const MOST_TARGETS: usize = 512;

/// Who points to a drawn set of objects, directly and from farther away.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceGraph {
    /// [`REFERENCE_GRAPH_VERSION`].
    pub version: u32,
    /// How many survivors the drawn ones stand for: samples, all of which fit what was asked for.
    pub survivors: u64,
    /// The drawn survivors: indices into `objects`.
    pub targets: Vec<u32>,
    /// All objects that were looked at.
    pub objects: Vec<Object>,
    /// Where the search ended: what holds without being held.
    pub roots: Vec<Root>,
    /// Which word points to which object.
    pub edges: Vec<Edge>,
    /// The stacks of sampled objects, the leaf first.
    pub stacks: Vec<Vec<CodeAddress>>,
    /// The files that addresses are in. The first is the program itself.
    pub files: Vec<MappedFile>,
    /// How far the search went, and what it cost.
    pub figures: ScanFigures,
}

/// A file that is mapped into the process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MappedFile {
    /// Its path.
    pub path: String,
    /// Its build id in hexadecimal, or nothing.
    pub build_id: String,
}

/// An address in a file, as the file's own tables have it: of code, of a variable, or within the thread-local part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeAddress {
    /// Index into [`ReferenceGraph::files`].
    pub file: u32,
    /// The address. Of a call the address within it, not the one that it returns to.
    pub address: u64,
}

/// An allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// Its usable size in bytes. Of a large one that was not sampled, up to a page more.
    pub bytes: u64,
    /// The stack that allocated it, an index into [`ReferenceGraph::stacks`]; known of sampled objects alone.
    pub stack: Option<u32>,
    /// Its first two words, as far as they may be counts: what is 2^31 or more is given as `u64::MAX`. If it is the block of
    /// an `Arc` or `Rc`: the strong count, and the weak count with one more for all strong ones together.
    pub words: [u64; 2],
    /// If it looks like a task of tokio: the function that polls it.
    pub task: Option<Task>,
    /// Whether the search went on to who points to it. If not, nothing follows from there being nobody.
    pub explored: bool,
}

/// A task of tokio, by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// The first function of its vtable: its name has the type of the future.
    pub poll: CodeAddress,
    /// Whether it is complete: then nobody runs it, and it is there for whoever holds its handle.
    pub complete: bool,
}

/// What holds without being held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Root {
    /// A word of a static variable.
    Static {
        /// Where it is in its file.
        at: CodeAddress,
    },
    /// A word of a thread-local variable.
    ThreadLocal {
        /// Where it is in the thread-local part of its file.
        at: CodeAddress,
        /// The thread's name.
        thread: String,
    },
    /// A word of a thread's stack.
    Stack {
        /// The thread's name.
        thread: String,
        /// Whether the stack's end was known, since the thread was waiting. If not, the word may be one that is left over.
        exact: bool,
    },
    /// A word of memory that is neither the allocator's nor any of these: of the C library's heap, say.
    Outside {
        /// The mapping, as `/proc/PID/maps` has it: a path, `[heap]`, or nothing.
        mapping: String,
    },
}

/// A word that points to an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edge {
    /// What has the word.
    pub holder: Holder,
    /// How many bytes from the holder's beginning the word is; of a root 0.
    pub offset: u64,
    /// The object: an index into [`ReferenceGraph::objects`].
    pub held: u32,
    /// How many bytes from the object's beginning it points to.
    pub into: u64,
    /// If it stands for a chain of like objects that hold each other, from one end to the other: how many there are in
    /// it, the two ends among them. Else 0.
    pub chain: u64,
    /// If the next word points to what looks like a vtable: its first function, which drops what is held, and whose name
    /// has its type.
    pub vtable: Option<CodeAddress>,
}

/// What has a word that points to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Holder {
    /// An object: an index into [`ReferenceGraph::objects`].
    Object(u32),
    /// A root: an index into [`ReferenceGraph::roots`].
    Root(u32),
}

/// How far a search went, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanFigures {
    /// How long the process stood still, in seconds: the call of `fork`.
    pub pause_seconds: f64,
    /// From the beginning to the end, in seconds.
    pub seconds: f64,
    /// What was resident, in bytes.
    pub resident_bytes: u64,
    /// What was read, in bytes; what was read twice counts twice.
    pub read_bytes: u64,
    /// How often memory was gone through.
    pub passes: u32,
    /// What the search took for itself, in bytes.
    pub buffer_bytes: u64,
    /// What was copied since the process went on to write to it meanwhile, in bytes; nothing where the kernel does not say.
    pub copied_bytes: Option<u64>,
    /// Why the search ended before all was found, if it did.
    pub stopped: Option<Stopped>,
}

/// Why a search ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Stopped {
    /// It went as far from the objects as it may.
    Levels,
    /// It took as long as it may.
    Time,
    /// It found as many objects as it may.
    Objects,
}

impl ReferenceGraph {
    /// Reads a graph.
    ///
    /// # Errors
    /// Where it is damaged, of another version, or an index in it leads nowhere.
    pub fn from_json(text: &str) -> Result<ReferenceGraph, Error> {
        let graph: ReferenceGraph = serde_json::from_str(text).map_err(Error::bad_graph)?;
        graph.check()?;
        Ok(graph)
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        // A tree of text, numbers and lists: it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), Error> {
        if self.version != REFERENCE_GRAPH_VERSION {
            let version = self.version;
            let reason = format_args!("version {version} instead of {REFERENCE_GRAPH_VERSION}");
            return Err(Error::bad_graph(reason));
        }
        if self.targets.len() > MOST_TARGETS {
            let targets = self.targets.len();
            let reason =
                format_args!("{targets} objects that were looked for, {MOST_TARGETS} at most can be told");
            return Err(Error::bad_graph(reason));
        }
        let object = |at: &u32| (*at as usize) < self.objects.len();
        let code = |at: &CodeAddress| (at.file as usize) < self.files.len();
        let edge = |edge: &Edge| {
            object(&edge.held)
                && edge.vtable.iter().all(code)
                && match &edge.holder {
                    Holder::Object(at) => object(at),
                    Holder::Root(at) => (*at as usize) < self.roots.len(),
                }
        };
        let root = |root: &Root| match root {
            Root::Static { at } | Root::ThreadLocal { at, .. } => code(at),
            Root::Stack { .. } | Root::Outside { .. } => true,
        };
        let known = |each: &Object| {
            each.stack.is_none_or(|at| (at as usize) < self.stacks.len())
                && each.task.iter().all(|task| code(&task.poll))
        };
        let sound = self.targets.iter().all(object)
            && self.edges.iter().all(edge)
            && self.roots.iter().all(root)
            && self.objects.iter().all(known)
            && self.stacks.iter().flatten().all(code);
        if sound {
            Ok(())
        } else {
            Err(Error::bad_graph("an index leads nowhere"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_is_read_as_it_was_written_and_what_leads_nowhere_is_refused() {
        let mut graph = ReferenceGraph {
            version: REFERENCE_GRAPH_VERSION,
            targets: vec![0],
            objects: vec![Object::default()],
            roots: vec![Root::Stack {
                thread: "é".to_owned(),
                exact: true,
            }],
            edges: vec![Edge {
                holder: Holder::Root(0),
                offset: 0,
                held: 0,
                into: 8,
                chain: 0,
                vtable: None,
            }],
            ..ReferenceGraph::default()
        };
        assert_eq!(
            ReferenceGraph::from_json(&graph.to_json()).expect("a graph"),
            graph
        );
        graph.targets = vec![0; MOST_TARGETS + 1];
        let error = ReferenceGraph::from_json(&graph.to_json()).expect_err("too many");
        assert!(error.to_string().contains("513 objects"), "{error}");
        graph.targets = vec![0];
        graph.edges[0].holder = Holder::Root(1);
        assert!(ReferenceGraph::from_json(&graph.to_json()).is_err());
        graph.version = 9;
        let error = ReferenceGraph::from_json(&graph.to_json()).expect_err("another version");
        assert!(error.to_string().contains("version 9 instead of 1"), "{error}");
    }
}
