//! The scalars of the admin schema.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A number of bytes: GraphQL's scalar `Bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

/// A number of bytes: a JSON number without fraction, from 0 to 2^53, which every JSON reader holds
/// exactly; an Int ends at 2 GiB
#[Scalar(name = "Bytes")]
impl ScalarType for Bytes {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number.as_u64().map(Bytes).ok_or("a whole number of bytes".into()),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// A difference in bytes: GraphQL's scalar `ByteDifference`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ByteDifference(pub i64);

/// So many bytes more, or less: a JSON number without fraction, from -2^53 to 2^53
#[Scalar(name = "ByteDifference")]
impl ScalarType for ByteDifference {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_i64()
                .map(ByteDifference)
                .ok_or("a whole number of bytes".into()),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// A moment in UTC: GraphQL's scalar `DateTime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DateTime(jiff::Timestamp);

impl DateTime {
    /// This moment, to the millisecond.
    pub fn now() -> Self {
        let now = jiff::Timestamp::now();
        Self(jiff::Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now))
    }

    /// So many milliseconds after 1970; nothing beyond some ten thousand years.
    pub(crate) fn of_millis(millis: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// The moment itself.
    pub fn timestamp(self) -> jiff::Timestamp {
        self.0
    }

    /// As part of a file name: sorts by time, needs no quoting, holds no colon.
    pub(crate) fn in_file_names(self) -> impl fmt::Display {
        self.0.strftime("%Y%m%dT%H%M%S%.3fZ")
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.3}", self.0)
    }
}

impl From<DateTime> for String {
    fn from(moment: DateTime) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for DateTime {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse().map(Self)
    }
}

/// A moment in RFC 3339, in UTC: 2026-11-22T13:25:34.123Z
#[Scalar(name = "DateTime")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text.parse()?)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.to_string())
    }
}
