//! Links between objects, by one of the two.

/// A link between two objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// The other object.
    pub(super) object: u32,
    /// See [`Edge::chain`](super::Edge::chain).
    pub(super) chain: u64,
}

/// A list of links for each object.
pub(super) struct Lists {
    starts: Vec<usize>,
    links: Vec<Link>,
}

impl Lists {
    pub(super) fn of(objects: usize, links: impl Iterator<Item = (u32, u32, u64)>) -> Lists {
        let mut links: Vec<(u32, u32, u64)> = links.collect();
        links.sort_unstable();
        let mut starts = vec![0; objects + 1];
        for (from, _, _) in &links {
            starts[*from as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let link = |(_, object, chain)| Link { object, chain };
        Lists {
            starts,
            links: links.into_iter().map(link).collect(),
        }
    }

    pub(super) fn of_object(&self, object: u32) -> &[Link] {
        let at = object as usize;
        &self.links[self.starts[at]..self.starts[at + 1]]
    }
}
