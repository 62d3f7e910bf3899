//! Links between objects, by one of the two.

/// A link between two objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// The other object.
    pub(super) object: u32,
    /// See [`Edge::chain`](super::Edge::chain).
    pub(super) chain: u64,
    /// Whether one of its words points to where an owner would.
    pub(super) is_exact: bool,
}

impl Link {
    /// One of which no more is known.
    pub(super) fn to(object: u32) -> Link {
        Link {
            object,
            chain: 0,
            is_exact: false,
        }
    }
}

/// A list of links for each object.
pub(super) struct Lists {
    starts: Vec<usize>,
    links: Vec<Link>,
}

impl Lists {
    /// Each link with the object that it is listed for.
    pub(super) fn of(objects: usize, links: impl Iterator<Item = (u32, Link)>) -> Lists {
        let mut links: Vec<(u32, Link)> = links.collect();
        links.sort_unstable();
        let mut starts = vec![0; objects + 1];
        for (from, _) in &links {
            starts[*from as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Lists {
            starts,
            links: links.into_iter().map(|(_, link)| link).collect(),
        }
    }

    /// How many objects have a list.
    pub(super) fn objects(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn of_object(&self, object: u32) -> &[Link] {
        let at = object as usize;
        &self.links[self.starts[at]..self.starts[at + 1]]
    }
}
