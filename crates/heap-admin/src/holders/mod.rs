//! What a reference scan found, as GraphQL shows it: who holds what a stack has allocated.
//!
//! The scan itself knows addresses. Names take a helper process, which is started only for a request that asks for what
//! has names in it.

mod shapes;

use async_graphql::{Context, ID, Object, Result};
use heap_profile::holders::{Holders, ReferenceGraph};
use heap_recorder::HolderQuery;
use tokio::sync::OnceCell;

use crate::{Error, HeapAdmin};

pub use shapes::{
    HolderConfidence, HolderCounts, HolderPath, HolderRoot, HolderRootKind, HolderScanProgress, HolderStep,
    ScanFigures, ScanStopped,
};

/// The most stacks that can be asked about at once.
pub const MOST_STACKS: usize = 1000;
/// The most survivors that can be followed.
pub const MOST_FOLLOWED: i32 = 512;
/// What is repeated of a stack that is none.
const MOST_QUOTED: usize = 60;

/// A reference scan that was done: what it found, and the names for that once somebody asks.
#[derive(Debug)]
pub struct HolderScan {
    graph: ReferenceGraph,
    /// Looked up at most once, however many fields ask.
    named: OnceCell<Holders>,
}

/// Who holds what some stacks have allocated
#[Object]
impl HolderScan {
    /// How many survivors were drawn, and followed
    async fn drawn(&self) -> usize {
        self.graph.targets.len()
    }

    /// How many live samples fit what was asked for
    async fn survivors(&self) -> u64 {
        self.graph.survivors
    }

    /// The ways to what keeps them alive, the one that holds most of the drawn ones first; one may be held by several. A
    /// helper process looks the names up, and ends
    async fn paths(&self, context: &Context<'_>) -> Result<Vec<HolderPath>> {
        let named = self.named(context).await?;
        Ok(named.paths.iter().cloned().map(HolderPath::from).collect())
    }

    /// What else to know: where the evidence is thin, and what the scan could not see. It takes the helper, too
    async fn notes(&self, context: &Context<'_>) -> Result<Vec<String>> {
        Ok(self.named(context).await?.notes.clone())
    }

    /// How far the scan went, and what it cost
    async fn scan(&self) -> ScanFigures {
        self.graph.figures.into()
    }

    /// All that was found, without names, as JSON: for programs, and for `leaklab symbolize --holders`
    async fn graph(&self) -> String {
        self.graph.to_json()
    }
}

impl HolderScan {
    /// The fields that take names.
    const NAMED: [&str; 2] = ["paths", "notes"];

    /// Runs the scan that a request asks for.
    pub(crate) async fn run(context: &Context<'_>, query: HolderQuery) -> Result<Self> {
        let admin = context.data::<HeapAdmin>()?;
        let asked = context.look_ahead();
        if Self::NAMED.iter().any(|field| asked.field(field).exists()) {
            // Looked for first: there is no need to scan for nothing.
            admin.helper().map_err(Error::answer)?;
        }
        let graph = admin.find_holders(query).await.map_err(Error::answer)?;
        Ok(Self {
            graph,
            named: OnceCell::new(),
        })
    }

    async fn named(&self, context: &Context<'_>) -> Result<&Holders> {
        let name = || async {
            let named = context.data::<HeapAdmin>()?.name_holders(&self.graph).await;
            named.map_err(Error::answer)
        };
        self.named.get_or_try_init(name).await
    }
}

/// What a request asks for; what makes no sense is refused with what was given.
pub(crate) fn query(
    stacks: &[ID],
    operation: Option<String>,
    born_before: Option<i32>,
    first: i32,
) -> Result<HolderQuery, Error> {
    let most = MOST_FOLLOWED;
    let targets = match usize::try_from(first) {
        Ok(targets) if (1..=most).contains(&first) => targets,
        _ => return Err(Error::Rows { most, given: first }),
    };
    let (most, given) = (MOST_STACKS, stacks.len());
    if !(1..=most).contains(&given) {
        return Err(Error::Stacks { most, given });
    }
    let stacks: Vec<u32> = stacks.iter().map(stack).collect::<Result<_, _>>()?;
    let cohort = |given| u32::try_from(given).map_err(|_| Error::BornBefore { given });
    Ok(HolderQuery {
        operation,
        born_before: born_before.map(cohort).transpose()?,
        targets,
        ..HolderQuery::of_stacks(stacks)
    })
}

fn stack(id: &ID) -> Result<u32, Error> {
    id.parse().map_err(|_| Error::Stack {
        given: id.chars().take(MOST_QUOTED).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{EmptyMutation, EmptySubscription, Schema};
    use futures_util::FutureExt;
    use heap_profile::holders::{Object, REFERENCE_GRAPH_VERSION};
    use serde_json::{Value, json};

    struct Query(fn() -> OnceCell<Holders>);

    #[Object]
    impl Query {
        async fn scan(&self) -> HolderScan {
            HolderScan {
                graph: graph(),
                named: (self.0)(),
            }
        }
    }

    fn graph() -> ReferenceGraph {
        ReferenceGraph {
            version: REFERENCE_GRAPH_VERSION,
            survivors: 420,
            targets: vec![0],
            objects: vec![Object::default()],
            ..ReferenceGraph::default()
        }
    }

    fn named() -> OnceCell<Holders> {
        let holders = json!({
            "version": 1, "drawn": 1, "survivors": 420, "notes": ["so"],
            "paths": [{
                "steps": [{
                    "type": "Arc<Node>", "bytes": 48, "times": 3, "distinct": 2,
                    "counts": { "strong": 2, "weak": 1 }, "weakOnly": false,
                }],
                "root": { "kind": "threadLocal", "name": "shop::LAST", "thread": "worker", "offset": 8 },
                "objects": 1, "confidence": "thin",
            }],
            "scan": {
                "pauseSeconds": 0.5, "seconds": 1.5, "residentBytes": 4096, "readBytes": 8192, "passes": 2,
                "bufferBytes": 64, "copiedBytes": null, "stopped": "time",
            },
        });
        OnceCell::new_with(Some(serde_json::from_value(holders).expect("holders")))
    }

    fn ask(named: fn() -> OnceCell<Holders>, fields: &str) -> Value {
        let schema = Schema::build(Query(named), EmptyMutation, EmptySubscription).finish();
        let answer = schema
            .execute(format!("{{ scan {{ {fields} }} }}"))
            .now_or_never();
        serde_json::to_value(answer.expect("nobody is waited for")).expect("JSON")
    }

    #[test]
    fn what_has_no_names_in_it_asks_nobody_for_names() {
        // Whoever asks for names here fails: there is no helper, nor an instrument.
        let answer = ask(OnceCell::new, "drawn survivors graph scan { passes stopped }");
        let expected = json!({
            "drawn": 1, "survivors": 420, "graph": graph().to_json(), "scan": { "passes": 0, "stopped": null },
        });
        assert_eq!(answer["data"]["scan"], expected, "{answer}");
        for named in HolderScan::NAMED {
            let fields = if named == "paths" {
                "paths { objects }"
            } else {
                named
            };
            assert!(ask(OnceCell::new, fields)["errors"].is_array(), "{named}");
        }
    }

    #[test]
    fn what_the_helper_has_named_is_shown_whole() {
        let step = "type bytes times distinct counts { strong weak } weakOnly";
        let path = format!("steps {{ {step} }} root {{ kind name thread offset }} objects confidence");
        let answer = ask(named, &format!("notes paths {{ {path} }}"));
        let expected = json!({
            "notes": ["so"],
            "paths": [{
                "steps": [{
                    "type": "Arc<Node>", "bytes": 48, "times": 3, "distinct": 2,
                    "counts": { "strong": 2, "weak": 1 }, "weakOnly": false,
                }],
                "root": { "kind": "THREAD_LOCAL", "name": "shop::LAST", "thread": "worker", "offset": 8 },
                "objects": 1, "confidence": "THIN",
            }],
        });
        assert_eq!(answer["data"]["scan"], expected, "{answer}");
    }

    #[test]
    fn a_query_is_what_was_asked_for() {
        let asked = query(
            &["7".into(), "4294967295".into()],
            Some("Hello".into()),
            Some(3),
            512,
        );
        let expected = HolderQuery {
            operation: Some("Hello".to_owned()),
            born_before: Some(3),
            targets: 512,
            ..HolderQuery::of_stacks([7, u32::MAX])
        };
        assert_eq!(asked.expect("all of it makes sense"), expected);
    }
}
