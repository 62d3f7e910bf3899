//! [`LabSchema`]: the public schema, finished, and compiled in this crate.
//!
//! The engine is generic over the schema's types: who calls it compiles all of it, resolvers
//! included. Behind this type that happens once, here, and not again in each program and test
//! that serves the schema.

use std::pin::Pin;
use std::sync::Arc;

use async_graphql::{
    Data, Executor, Request, Response, SDLExportOptions, Schema,
    extensions::ExtensionFactory,
    futures_util::{Future, stream::BoxStream},
};

use crate::{Lab, Mutation, Query, Subscription};

/// The public schema, ready to execute: each request, those of a WebSocket too, goes through
/// [`Lab::prepare`] first. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct LabSchema {
    lab: Lab,
    schema: Schema<Query, Mutation, Subscription>,
}

impl LabSchema {
    /// The schema of `lab`, without limits.
    pub fn new(lab: &Lab) -> Self {
        Self {
            lab: lab.clone(),
            schema: lab.schema_builder().finish(),
        }
    }

    /// The same with an extension, which costs the engine's fast path.
    pub fn with_extension(lab: &Lab, extension: impl ExtensionFactory) -> Self {
        Self {
            lab: lab.clone(),
            schema: lab.schema_builder().extension(extension).finish(),
        }
    }

    /// The schema in the schema definition language.
    pub fn sdl(&self, options: SDLExportOptions) -> String {
        self.schema.sdl_with_options(options)
    }

    #[inline(never)]
    fn run(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let schema = self.schema.clone();
        let request = self.lab.prepare(request);
        Box::pin(async move { schema.execute(request).await })
    }

    #[inline(never)]
    fn stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.schema, self.lab.prepare(request), data)
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
