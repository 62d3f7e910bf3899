//! The words that the shop's data is made of.

pub(super) const FIRST_NAMES: [&str; 40] = [
    "Ada", "Amir", "Anna", "Bela", "Carla", "Chidi", "Dana", "Dmitri", "Edith", "Emil", "Farah", "Felix",
    "Greta", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Kaya", "Kofi", "Lena", "Leo", "Maja", "Marco",
    "Mina", "Nadia", "Nils", "Olga", "Omar", "Paula", "Petr", "Rosa", "Samir", "Sofia", "Tariq", "Uma",
    "Viktor", "Wanda", "Yuki",
];

pub(super) const LAST_NAMES: [&str; 40] = [
    "Abara", "Almeida", "Bauer", "Berg", "Bianchi", "Brandt", "Castro", "Cerny", "Dubois", "Eklund",
    "Farkas", "Fischer", "Garcia", "Haddad", "Hansen", "Horvat", "Ito", "Jansen", "Kaplan", "Keller",
    "Kovacs", "Laurent", "Lindgren", "Marino", "Mbeki", "Moreau", "Nowak", "Okafor", "Olsen", "Patel",
    "Petrov", "Quinn", "Rossi", "Sato", "Silva", "Svoboda", "Tanaka", "Virtanen", "Weiss", "Zeman",
];

pub(super) const CITIES: [&str; 16] = [
    "Lisbon", "Porto", "Ghent", "Lyon", "Turin", "Graz", "Brno", "Gdansk", "Tartu", "Bergen", "Malmo",
    "Cork", "Leeds", "Basel", "Split", "Varna",
];

pub(super) const COUNTRIES: [&str; 12] = [
    "Portugal", "Belgium", "France", "Italy", "Austria", "Czechia", "Poland", "Estonia", "Norway", "Sweden",
    "Ireland", "Japan",
];

pub(super) const GENRES: [&str; 8] = [
    "crime", "travel", "history", "poetry", "science", "romance", "fantasy", "cookery",
];

pub(super) const ADJECTIVES: [&str; 24] = [
    "Silent",
    "Hidden",
    "Golden",
    "Broken",
    "Distant",
    "Gentle",
    "Crooked",
    "Burning",
    "Frozen",
    "Lonely",
    "Patient",
    "Restless",
    "Secret",
    "Wandering",
    "Forgotten",
    "Hollow",
    "Velvet",
    "Winter",
    "Midnight",
    "Northern",
    "Little",
    "Last",
    "Second",
    "Borrowed",
];

pub(super) const NOUNS: [&str; 24] = [
    "River",
    "Garden",
    "Lighthouse",
    "Orchard",
    "Station",
    "Mirror",
    "Letter",
    "Harbour",
    "Library",
    "Kitchen",
    "Mountain",
    "Bridge",
    "Island",
    "Clock",
    "Forest",
    "Market",
    "Piano",
    "Window",
    "Voyage",
    "Suitcase",
    "Ferry",
    "Meadow",
    "Tailor",
    "Astronomer",
];

pub(super) const SENTENCES: [&str; 20] = [
    "The shop opens at nine, and the kettle is on by a quarter past.",
    "New arrivals stand on the long table by the window, the rest in the usual places.",
    "Those who come for one book are known to leave with three.",
    "Our buyers travel twice a year, and come home with more than they can carry.",
    "A parcel leaves the house the day after it is packed, rain or shine.",
    "If a page is missing, the book is replaced and no questions are asked.",
    "On Thursdays there is a reading in the back room, with bread and cheese.",
    "The second floor is quiet, and has the better chairs.",
    "Signed copies are kept behind the counter; please ask.",
    "A good map is worth a shelf of advice.",
    "Children may draw on the paper, not on the books.",
    "We wrap presents without charge, and with more string than is needed.",
    "Old editions find their way to us, and from us to those who miss them.",
    "Nobody has ever read everything on the third shelf from the left.",
    "The cat belongs to the house and cannot be bought.",
    "What is out of print is often not out of reach.",
    "Ask for the list of small presses, which is longer than it looks.",
    "A bookmark comes with each order, and two with the heavy ones.",
    "Winter hours begin with the first frost, and end with the last.",
    "Letters to the shop are answered by hand.",
];
