//! What the clients of a load do. Plain requests do not show every leak: some need clients that behave badly.

use clap::ValueEnum;
use problems::LoadShape;
use serde::{Deserialize, Serialize};

use super::{Bound, Error, Settings};

/// What the clients of a load do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Shape {
    /// Send requests on connections that are kept open
    #[default]
    Requests,
    /// Open a new connection for each request, and close it after the answer
    Connections,
    /// Hang up on most requests before the answer comes
    HangUps,
    /// Subscribe over a WebSocket, and read no events
    Stalled,
}

impl From<LoadShape> for Shape {
    fn from(shape: LoadShape) -> Self {
        match shape {
            LoadShape::Requests => Self::Requests,
            LoadShape::Connections => Self::Connections,
            LoadShape::HangUps => Self::HangUps,
            LoadShape::Stalled => Self::Stalled,
        }
    }
}

impl Shape {
    /// Whether a connection ends with its request, so that no second one may be under way on it.
    fn is_one_at_a_time(self) -> bool {
        matches!(self, Self::Connections | Self::HangUps)
    }

    /// How many requests may be under way on each connection.
    pub(super) fn pipelining(self, typed: usize) -> usize {
        if self.is_one_at_a_time() { 1 } else { typed }
    }
}

/// Refuses settings that only another shape has a use for, and those that a shape cannot do without.
pub(super) fn check(settings: &Settings) -> Result<(), Error> {
    let stalled = settings.shape == Shape::Stalled;
    let wrong = [
        (
            settings.patience.is_some() && settings.shape != Shape::HangUps,
            "a patience goes with the shape hang-ups alone",
        ),
        (
            settings.trigger.is_some() && !stalled,
            "a trigger goes with the shape stalled alone",
        ),
        (
            stalled && settings.operation.is_none(),
            "the shape stalled takes an operation, a subscription",
        ),
        (
            stalled && settings.trigger.is_none() && matches!(settings.bound, Bound::Amount(_)),
            "the shape stalled without a trigger sends no requests to count, so it takes a duration",
        ),
    ];
    match wrong.into_iter().find(|(wrong, _)| *wrong) {
        Some((_, why)) => Err(Error::Shape(why)),
        None => Ok(()),
    }
}
