//! The ways to look healed, and which of them is meant.

use std::sync::LazyLock;

/// A way to look healed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cheat {
    EmptyResolver,
    ConstantData,
    /// The recorded questions are answered rightly, and no other.
    ByHeart,
    DroppedField,
    /// The field is right, and another is not any more.
    BrokenNeighbour,
    /// Of 01: it is the same joke each time.
    SameJoke,
    /// Of 02: a page is remembered by the word alone, however long it is.
    WrongKey,
    /// Of 02: each page stays, and the load asks for few.
    EachQuestion,
    /// Of 06: each book asks for its author by itself.
    OneByOne,
    /// Of 07: what is remembered is the latest answer alone.
    CacheOfOne,
    /// Of 07: after a while nothing new is remembered.
    FullCache,
    /// Of 09: all sessions end at each so manieth login.
    AllAtOnce,
    /// Of 09: whoever was let in stays in.
    NoLogout,
    /// Of 11: the figures are there, and say nothing.
    Uncounted,
    /// Of 11: the figures begin anew after each so many answers.
    CountedAnew,
    /// Of 13: whoever follows last is the only one.
    OneFollower,
    /// Of 15: each place asks for itself.
    Unshared,
    TimedReset,
    QuickReset,
    Exit,
    RefusalPastN,
    AnotherField,
    NoRecorder,
    CoarseSampling,
    Panic,
    /// None at all: what has to pass, whatever it prints.
    Honest,
}

impl Cheat {
    const ALL: [(&'static str, Cheat); 26] = [
        ("empty", Self::EmptyResolver),
        ("constant", Self::ConstantData),
        ("by-heart", Self::ByHeart),
        ("dropped-field", Self::DroppedField),
        ("broken-neighbour", Self::BrokenNeighbour),
        ("same-joke", Self::SameJoke),
        ("wrong-key", Self::WrongKey),
        ("each-question", Self::EachQuestion),
        ("one-by-one", Self::OneByOne),
        ("cache-of-one", Self::CacheOfOne),
        ("full-cache", Self::FullCache),
        ("all-at-once", Self::AllAtOnce),
        ("no-logout", Self::NoLogout),
        ("uncounted", Self::Uncounted),
        ("counted-anew", Self::CountedAnew),
        ("one-follower", Self::OneFollower),
        ("unshared", Self::Unshared),
        ("timed-reset", Self::TimedReset),
        ("quick-reset", Self::QuickReset),
        ("exit", Self::Exit),
        ("refusal", Self::RefusalPastN),
        ("another-field", Self::AnotherField),
        ("no-recorder", Self::NoRecorder),
        ("coarse-sampling", Self::CoarseSampling),
        ("panic", Self::Panic),
        ("honest", Self::Honest),
    ];
}

/// The one that `LEAKLAB_CHEAT` names.
pub(crate) static CHEAT: LazyLock<Cheat> = LazyLock::new(|| {
    let given = std::env::var("LEAKLAB_CHEAT").unwrap_or_default();
    let found = Cheat::ALL.iter().find(|(name, _)| *name == given);
    let names: Vec<&str> = Cheat::ALL.iter().map(|(name, _)| *name).collect();
    found
        .unwrap_or_else(|| panic!("LEAKLAB_CHEAT={given:?} is none of {}", names.join(", ")))
        .1
});
