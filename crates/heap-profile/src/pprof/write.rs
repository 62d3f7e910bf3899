//! From the model to the messages: indices become ids from 1, and strings go to the table once each.

use std::collections::HashMap;

use super::message;
use crate::Error;
use crate::model::{Function, Label, LabelValue, Line, Location, Mapping, Profile, Sample, SampleType};

pub(super) fn to_message(profile: &Profile) -> Result<message::Profile, Error> {
    let mut strings = Strings::default();
    strings.index("");
    let mappings = profile.mappings.iter().zip(1..);
    let functions = profile.functions.iter().zip(1..);
    let locations = profile.locations.iter().zip(1..);
    let mut message = message::Profile {
        sample_type: profile
            .sample_types
            .iter()
            .map(|each| strings.sample_type(each))
            .collect(),
        sample: profile
            .samples
            .iter()
            .map(|each| sample(each, profile, &mut strings))
            .collect::<Result<_, _>>()?,
        mapping: mappings
            .map(|(each, id)| mapping(each, id, &mut strings))
            .collect(),
        location: locations
            .map(|(each, id)| location(each, id, profile))
            .collect::<Result<_, _>>()?,
        function: functions
            .map(|(each, id)| function(each, id, &mut strings))
            .collect(),
        string_table: Vec::new(),
        time_nanos: profile.time_nanos,
        duration_nanos: profile.duration_nanos,
        period_type: profile
            .period
            .as_ref()
            .map(|each| strings.sample_type(&each.kind)),
        period: profile.period.as_ref().map_or(0, |each| each.value),
        comment: profile.comments.iter().map(|each| strings.index(each)).collect(),
        default_sample_type: strings.index(&profile.default_sample_type),
        account: profile.account.to_string(),
        sdl: profile.sdl.to_string(),
    };
    mark_symbolized(&mut message);
    message.string_table = strings.table;
    Ok(message)
}

/// Viewers look names up again unless the mapping says that the file has them.
fn mark_symbolized(message: &mut message::Profile) {
    for location in message
        .location
        .iter()
        .filter(|location| !location.line.is_empty())
    {
        // Ids were given out as index + 1, and 0 is none.
        let index = usize::try_from(location.mapping_id).unwrap_or(0);
        if let Some(mapping) = index
            .checked_sub(1)
            .and_then(|index| message.mapping.get_mut(index))
        {
            mapping.has_functions = true;
            mapping.has_filenames = true;
            mapping.has_line_numbers |= location.line.iter().any(|line| line.line > 0);
            mapping.has_inline_frames |= location.line.len() > 1;
        }
    }
}

fn id_of(what: &'static str, index: usize, len: usize) -> Result<u64, Error> {
    if index < len {
        Ok(index as u64 + 1)
    } else {
        Err(Error::OutOfRange {
            what,
            index: index as i128,
            len,
        })
    }
}

fn sample(from: &Sample, profile: &Profile, strings: &mut Strings) -> Result<message::Sample, Error> {
    if from.values.len() != profile.sample_types.len() {
        return Err(Error::Values {
            found: from.values.len(),
            expected: profile.sample_types.len(),
        });
    }
    let id = |index: &usize| id_of("location", *index, profile.locations.len());
    Ok(message::Sample {
        location_id: from.stack.iter().map(id).collect::<Result<_, _>>()?,
        value: from.values.clone(),
        label: from.labels.iter().map(|each| label(each, strings)).collect(),
    })
}

fn label(from: &Label, strings: &mut Strings) -> message::Label {
    let mut label = message::Label {
        key: strings.index(&from.key),
        ..Default::default()
    };
    match &from.value {
        LabelValue::Text(text) => label.text = strings.index(text),
        LabelValue::Number(number, unit) => {
            label.number = *number;
            label.number_unit = strings.index(unit);
        }
    }
    label
}

fn mapping(from: &Mapping, id: u64, strings: &mut Strings) -> message::Mapping {
    message::Mapping {
        id,
        memory_start: from.start,
        memory_limit: from.limit,
        file_offset: from.offset,
        filename: strings.index(&from.file),
        build_id: strings.index(&from.build_id),
        ..Default::default()
    }
}

fn location(from: &Location, id: u64, profile: &Profile) -> Result<message::Location, Error> {
    let line = |from: &Line| {
        let function_id = id_of("function", from.function, profile.functions.len())?;
        Ok(message::Line {
            function_id,
            line: from.line,
        })
    };
    let mapping_id = from
        .mapping
        .map(|index| id_of("mapping", index, profile.mappings.len()))
        .transpose()?;
    Ok(message::Location {
        id,
        mapping_id: mapping_id.unwrap_or(0),
        address: from.address,
        line: from.lines.iter().map(line).collect::<Result<_, Error>>()?,
    })
}

fn function(from: &Function, id: u64, strings: &mut Strings) -> message::Function {
    message::Function {
        id,
        name: strings.index(&from.name),
        system_name: strings.index(&from.system_name),
        filename: strings.index(&from.file),
        start_line: from.start_line,
    }
}

#[derive(Default)]
struct Strings {
    table: Vec<String>,
    indices: HashMap<String, i64>,
}

impl Strings {
    fn index(&mut self, string: &str) -> i64 {
        if let Some(index) = self.indices.get(string) {
            return *index;
        }
        let index = self.table.len() as i64;
        self.table.push(string.to_owned());
        self.indices.insert(string.to_owned(), index);
        index
    }

    fn sample_type(&mut self, from: &SampleType) -> message::ValueType {
        message::ValueType {
            kind: self.index(&from.kind),
            unit: self.index(&from.unit),
        }
    }
}
