//! Seeing who is signed in: by the words of the page at which a sign-in arrives.

use std::collections::BTreeSet;

use url::Url;

use crate::browser::Page;
use crate::identity::Identity;

/// Shorter words say nothing about anybody.
const SHORTEST: usize = 3;

/// What the pages of a site look like when nobody, or somebody else, is signed in.
#[derive(Debug)]
pub(super) struct Eyes {
    landing: Url,
    contrast: Identity,
    others: BTreeSet<String>,
}

/// The words by which a site's pages show a person.
#[derive(Debug, Clone)]
pub(super) struct Marks(BTreeSet<String>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nobody, or somebody else.
    Nobody,
    /// That person.
    Them,
    /// The pages of that site show nobody's marks.
    CannotTell,
}

impl Eyes {
    /// `arrivals` are of `contrast`; nobody is signed in on the other pages.
    pub(super) fn new(landing: Url, contrast: Identity, arrivals: &[Page], empty: &[Page]) -> Self {
        let others = arrivals.iter().chain(empty).flat_map(|page| words(&page.body)).collect();
        Self { landing, contrast, others }
    }

    /// Where an honest sign-in arrives.
    pub(super) fn landing(&self) -> &Url {
        &self.landing
    }

    /// Somebody whom nobody attacks.
    pub(super) fn contrast(&self) -> &Identity {
        &self.contrast
    }

    /// What two arrivals of one person, and nobody else's pages, have in common.
    pub(super) fn marks(&self, arrivals: &[Page; 2]) -> Marks {
        let [one, two] = arrivals;
        let second: BTreeSet<_> = words(&two.body).collect();
        let common = words(&one.body).filter(|word| second.contains(word));
        Marks(common.filter(|word| !self.others.contains(word)).collect())
    }

    /// Whom a page shows. A page that is not where sign-ins arrive may name somebody
    /// without anybody being signed in, such as one that asks first.
    pub(super) fn look(&self, page: &Page, marks: &Marks) -> Sight {
        if !page.status.is_success() || page.url.path() != self.landing.path() {
            return Sight::Nobody;
        }
        let seen: BTreeSet<_> = words(&page.body).collect();
        match marks.0.is_empty() {
            true if seen.is_subset(&self.others) => Sight::Nobody,
            true => Sight::CannotTell,
            false if marks.0.is_disjoint(&seen) => Sight::Nobody,
            false => Sight::Them,
        }
    }
}

impl Marks {
    /// Whether a page has a mark that somebody else's page of this moment has not.
    pub(super) fn tell_apart(&self, page: &Page, contrast: &Page) -> bool {
        let contrast: BTreeSet<_> = words(&contrast.body).collect();
        words(&page.body).any(|word| self.0.contains(&word) && !contrast.contains(&word))
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let part_of_a_word = |c: char| c.is_alphanumeric() || "-_@.".contains(c);
    let words = text.split(move |c: char| !part_of_a_word(c));
    words.filter(|word| word.len() >= SHORTEST).map(str::to_owned)
}
