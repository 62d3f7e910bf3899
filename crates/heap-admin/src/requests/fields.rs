//! [`FieldLabels`]: the field as part of the label, by an extension of async-graphql.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{ServerResult, Value, async_trait::async_trait};
use heap_recorder::{Field, Label};

/// Labels what is allocated in a field's resolver with `Parent.field`, also in work that the resolver hands on by
/// [`spawn`](super::spawn) and its like. Opt-in:
///
/// ```
/// # use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
/// # struct Query;
/// # #[Object] impl Query { async fn hello(&self) -> &str { "hello" } }
/// let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
///     .extension(heap_admin::FieldLabels::default())
///     .finish();
/// # let _ = schema;
/// ```
///
/// Without it the field is read from the resolver's frames on the stack, which costs nothing at run time and is enough
/// unless loaders and other tasks do the allocating. With it, and with any extension, the engine takes its slow path.
#[derive(Debug, Clone, Default)]
pub struct FieldLabels(Arc<Labelling>);

#[derive(Debug, Default)]
struct Labelling;

impl ExtensionFactory for FieldLabels {
    fn create(&self) -> Arc<dyn Extension> {
        self.0.clone()
    }
}

#[async_trait]
impl Extension for Labelling {
    async fn resolve(
        &self,
        context: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let label = Label::current();
        // The items of a list come here as well: they belong to the field that has the list.
        let label = if info.parent_type.starts_with('[') {
            label
        } else {
            label.with_field(Field::of(info.parent_type, info.name))
        };
        label.wrap(next.run(context, info)).await
    }
}
