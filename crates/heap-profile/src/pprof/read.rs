//! From the messages to the model: ids become indices, and each is checked.

use std::collections::HashMap;
use std::sync::Arc;

use super::message;
use crate::model::{
    Function, Label, LabelValue, Line, Location, Mapping, Period, Profile, Sample, SampleType,
};
use crate::{Error, pprof::message::ValueType};

pub(super) fn from_message(message: message::Profile) -> Result<Profile, Error> {
    let strings = Strings::new(message.string_table)?;
    let sample_types = collect(message.sample_type, |each| strings.sample_type(each))?;
    if sample_types.is_empty() {
        return Err(Error::not_a_profile("it has no sample types"));
    }
    let mapping_ids = Ids::new("mapping", message.mapping.iter().map(|each| each.id))?;
    let function_ids = Ids::new("function", message.function.iter().map(|each| each.id))?;
    let location_ids = Ids::new("location", message.location.iter().map(|each| each.id))?;
    let values = sample_types.len();
    Ok(Profile {
        sample_types,
        samples: collect(message.sample, |each| {
            sample(each, values, &strings, &location_ids)
        })?,
        mappings: collect(message.mapping, |each| mapping(each, &strings))?,
        locations: collect(message.location, |each| {
            location(each, &mapping_ids, &function_ids)
        })?,
        functions: collect(message.function, |each| function(each, &strings))?,
        time_nanos: message.time_nanos,
        duration_nanos: message.duration_nanos,
        period: message
            .period_type
            .map(|kind| period(kind, message.period, &strings))
            .transpose()?,
        comments: collect(message.comment, |each| strings.get(each))?,
        default_sample_type: strings.get(message.default_sample_type)?,
        account: message.account.into(),
        sdl: message.sdl.into(),
    })
}

fn collect<A, B>(from: Vec<A>, convert: impl FnMut(A) -> Result<B, Error>) -> Result<Vec<B>, Error> {
    from.into_iter().map(convert).collect()
}

fn period(kind: ValueType, value: i64, strings: &Strings) -> Result<Period, Error> {
    Ok(Period {
        kind: strings.sample_type(kind)?,
        value,
    })
}

fn sample(from: message::Sample, values: usize, strings: &Strings, locations: &Ids) -> Result<Sample, Error> {
    if from.value.len() != values {
        return Err(Error::Values {
            found: from.value.len(),
            expected: values,
        });
    }
    Ok(Sample {
        stack: collect(from.location_id, |id| locations.get(id))?,
        values: from.value,
        labels: collect(from.label, |each| label(each, strings))?,
    })
}

fn label(from: message::Label, strings: &Strings) -> Result<Label, Error> {
    let value = match from.text {
        0 => LabelValue::Number(from.number, strings.get(from.number_unit)?),
        text => LabelValue::Text(strings.get(text)?),
    };
    Ok(Label {
        key: strings.get(from.key)?,
        value,
    })
}

fn mapping(from: message::Mapping, strings: &Strings) -> Result<Mapping, Error> {
    Ok(Mapping {
        start: from.memory_start,
        limit: from.memory_limit,
        offset: from.file_offset,
        file: strings.get(from.filename)?,
        build_id: strings.get(from.build_id)?,
    })
}

fn location(from: message::Location, mappings: &Ids, functions: &Ids) -> Result<Location, Error> {
    let line = |line: message::Line| {
        Ok(Line {
            function: functions.get(line.function_id)?,
            line: line.line,
        })
    };
    Ok(Location {
        address: from.address,
        mapping: (from.mapping_id != 0)
            .then(|| mappings.get(from.mapping_id))
            .transpose()?,
        lines: collect(from.line, line)?,
    })
}

fn function(from: message::Function, strings: &Strings) -> Result<Function, Error> {
    Ok(Function {
        name: strings.get(from.name)?,
        system_name: strings.get(from.system_name)?,
        file: strings.get(from.filename)?,
        start_line: from.start_line,
    })
}

struct Strings(Vec<Arc<str>>);

impl Strings {
    fn new(table: Vec<String>) -> Result<Strings, Error> {
        match table.first() {
            Some(first) if first.is_empty() => Ok(Strings(table.into_iter().map(Arc::from).collect())),
            Some(_) => Err(Error::not_a_profile(
                "the first of its strings is not the empty one",
            )),
            None => Err(Error::not_a_profile("it has no strings")),
        }
    }

    fn get(&self, index: i64) -> Result<Arc<str>, Error> {
        let found = usize::try_from(index).ok().and_then(|index| self.0.get(index));
        found.cloned().ok_or(Error::OutOfRange {
            what: "string",
            index: index.into(),
            len: self.0.len(),
        })
    }

    fn sample_type(&self, from: ValueType) -> Result<SampleType, Error> {
        Ok(SampleType {
            kind: self.get(from.kind)?,
            unit: self.get(from.unit)?,
        })
    }
}

/// From the ids of a file, which are any numbers but 0, to indices.
struct Ids {
    what: &'static str,
    indices: HashMap<u64, usize>,
}

impl Ids {
    fn new(what: &'static str, ids: impl Iterator<Item = u64>) -> Result<Ids, Error> {
        let mut indices = HashMap::new();
        for (index, id) in ids.enumerate() {
            if id == 0 {
                return Err(Error::not_a_profile(format_args!("a {what} has the id 0")));
            }
            if indices.insert(id, index).is_some() {
                return Err(Error::Repeated { what, id });
            }
        }
        Ok(Ids { what, indices })
    }

    fn get(&self, id: u64) -> Result<usize, Error> {
        let out_of_range = Error::OutOfRange {
            what: self.what,
            index: id.into(),
            len: self.indices.len(),
        };
        self.indices.get(&id).copied().ok_or(out_of_range)
    }
}
