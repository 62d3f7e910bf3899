//! [`LabSchema`]: the public schema, finished, and compiled in this crate.
//!
//! The engine is generic over the schema's types: who calls it compiles all of it, resolvers
//! included. Behind this type that happens once, here, and not again in each program and test
//! that serves the schema.

use std::pin::Pin;
use std::sync::Arc;

use async_graphql::{
    Data, Executor, Request, Response, SDLExportOptions, Schema,
    futures_util::{Future, stream::BoxStream},
};

use crate::{Lab, Mutation, Query, Subscription};

/// The public schema, ready to execute. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct LabSchema(Schema<Query, Mutation, Subscription>);

impl LabSchema {
    /// The schema of `lab`, which refuses operations that are nested deeper than `depth` or select
    /// more fields than `complexity`. Each request goes through [`Lab::prepare`] first, those of a
    /// WebSocket too.
    pub fn new(lab: &Lab, depth: usize, complexity: usize) -> Self {
        let schema = lab.schema_builder();
        Self(schema.limit_depth(depth).limit_complexity(complexity).finish())
    }

    /// The schema in the schema definition language.
    pub fn sdl(&self, options: SDLExportOptions) -> String {
        self.0.sdl_with_options(options)
    }

    #[inline(never)]
    fn run(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let schema = self.0.clone();
        Box::pin(async move { schema.execute(request).await })
    }

    #[inline(never)]
    fn stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.0, request, data)
    }
}

impl Executor for LabSchema {
    async fn execute(&self, request: Request) -> Response {
        self.run(request).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        self.stream(request, data)
    }
}
