//! What is executed: a greeting, a list of some 1,500 fields, and a page of the bookshop with its database and loaders.

use std::error::Error;
use std::fmt;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{
    EmptyMutation, EmptySubscription, Executor, Object, Request, Schema, ServerResult, SimpleObject, Value,
    async_trait::async_trait,
};
use heap_admin::{FieldLabels, Recorded};
use leaklab::server::handover::Labelled;
use problems::shop::{Bookshop, Location};
use problems::{Handover, Job, Lab, LabSchema, MemoryGuard, Plain, Task};
use tokio::task::JoinHandle;

const ITEMS: usize = 292;

/// Which request is executed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requests {
    Hello,
    Fields,
    Bookshop,
}

impl Requests {
    pub(crate) const ALL: [Self; 3] = [Self::Hello, Self::Fields, Self::Bookshop];

    fn document(self) -> &'static str {
        match self {
            Self::Hello => "query Hello { hello(name: \"reader\") }",
            Self::Fields => "query Items { items { number name shelf price inStock } }",
            Self::Bookshop => {
                "query Orders { orders(userId: 7, first: 10) { id items { quantity book { title genre } } } }"
            }
        }
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Hello => "hello",
            Self::Fields => "1,461 fields",
            Self::Bookshop => "bookshop",
        })
    }
}

struct Query;

#[derive(SimpleObject, Clone)]
struct Item {
    number: i32,
    name: String,
    shelf: String,
    price: f64,
    in_stock: bool,
}

#[Object]
impl Query {
    async fn hello(&self, name: String) -> String {
        format!("Hello, {name}, and welcome to the bookshop!")
    }

    async fn items(&self) -> Vec<Item> {
        let item = |number: i32| Item {
            number,
            name: format!("item {number}"),
            shelf: format!("shelf {}", number % 7),
            price: f64::from(number),
            in_stock: number % 2 == 0,
        };
        (0..ITEMS as i32).map(item).collect()
    }
}

type Small = Schema<Query, EmptyMutation, EmptySubscription>;

/// All that is compared. Both ways execute against one and the same schema: two of them differ by some percent, since
/// their hash tables do.
pub(crate) struct Subject {
    small: Small,
    extended: Small,
    shop: LabSchema,
    labels: Arc<AtomicBool>,
}

impl Subject {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let small = || Schema::build(Query, EmptyMutation, EmptySubscription);
        let labels = Arc::new(AtomicBool::new(false));
        let either = Either {
            labels: labels.clone(),
            with: FieldLabels::default(),
            without: Arc::new(Empty),
        };
        let shop = Bookshop::open_with(Location::Memory, Switched(labels.clone()))?;
        Ok(Self {
            small: small().finish(),
            extended: small().extension(either).finish(),
            shop: LabSchema::new(&Lab::new(shop, MemoryGuard::new(u64::MAX))),
            labels,
        })
    }

    /// Has the bookshop's work handed on with its label, and the extension label fields; or neither.
    pub(crate) fn label(&self, on: bool) {
        self.labels.store(on, Relaxed);
    }

    pub(crate) async fn plain(&self, requests: Requests, calls: usize) {
        match requests {
            Requests::Bookshop => execute(&self.shop, requests, calls).await,
            _ => execute(&self.small, requests, calls).await,
        }
    }

    pub(crate) async fn recorded(&self, requests: Requests, calls: usize) {
        match requests {
            Requests::Bookshop => execute(&Recorded::new(self.shop.clone()), requests, calls).await,
            _ => execute(&Recorded::new(self.small.clone()), requests, calls).await,
        }
    }

    pub(crate) async fn extended(&self, requests: Requests, calls: usize) {
        execute(&Recorded::new(self.extended.clone()), requests, calls).await;
    }
}

async fn execute(schema: &impl Executor, requests: Requests, calls: usize) {
    for _ in 0..calls {
        let mut request = Request::new(requests.document());
        // As the doors do it, so that no way parses twice.
        assert!(request.parsed_query().is_ok());
        let response = schema.execute(request).await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        black_box(response);
    }
}

/// Hands work on with its label, or as it is.
struct Switched(Arc<AtomicBool>);

impl Handover for Switched {
    fn spawn(&self, task: Task) -> JoinHandle<()> {
        if self.0.load(Relaxed) {
            Labelled.spawn(task)
        } else {
            Plain.spawn(task)
        }
    }

    fn job(&self, job: Job) -> Job {
        if self.0.load(Relaxed) {
            Labelled.job(job)
        } else {
            Plain.job(job)
        }
    }
}

/// One of two extensions.
struct Either {
    labels: Arc<AtomicBool>,
    with: FieldLabels,
    without: Arc<Empty>,
}

impl ExtensionFactory for Either {
    fn create(&self) -> Arc<dyn Extension> {
        if self.labels.load(Relaxed) {
            self.with.create()
        } else {
            self.without.clone()
        }
    }
}

/// An extension that does nothing but be there, with the hook that any extension for fields has.
struct Empty;

#[async_trait]
impl Extension for Empty {
    async fn resolve(
        &self,
        context: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        next.run(context, info).await
    }
}
