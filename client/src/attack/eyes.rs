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
    contrast: Identity,
    others: BTreeSet<String>,
}

/// Where a person's sign-ins arrive, and the words by which that page shows the person.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    landing: Url,
    words: BTreeSet<String>,
}

impl Eyes {
    /// `arrivals` are of `contrast`; nobody is signed in on the other pages.
    pub(super) fn new(contrast: Identity, arrivals: &[Page], empty: &[Page]) -> Self {
        let others = arrivals.iter().chain(empty).flat_map(|page| words(&page.body)).collect();
        Self { contrast, others }
    }

    /// Somebody whom nobody attacks.
    pub(super) fn contrast(&self) -> &Identity {
        &self.contrast
    }

    /// What two arrivals of one person, and nobody else's pages, have in common. `empty` is
    /// the page of the second arrival where nobody is signed in.
    pub(super) fn marks(&self, arrivals: &[Page; 2], empty: &Page) -> Marks {
        let [one, two] = arrivals;
        let [second, empty] = [two, empty].map(|page| words(&page.body).collect::<BTreeSet<_>>());
        let common = words(&one.body).filter(|word| second.contains(word));
        let own = common.filter(|word| !self.others.contains(word) && !empty.contains(word));
        Marks { landing: two.url.clone(), words: own.collect() }
    }
}

impl Marks {
    /// Where this person's sign-ins arrive.
    pub(super) fn landing(&self) -> &Url {
        &self.landing
    }

    /// Whether a page shows this person. A page that is not where the sign-ins arrive may
    /// name somebody without anybody being signed in, such as one that asks first.
    pub(super) fn are_on(&self, page: &Page) -> bool {
        page.status.is_success()
            && page.url.path() == self.landing.path()
            && words(&page.body).any(|word| self.words.contains(&word))
    }

    /// Whether a page has a mark that somebody else's pages of this moment have not.
    pub(super) fn tell_apart(&self, page: &Page, contrast: &[Page]) -> bool {
        let contrast: BTreeSet<_> = contrast.iter().flat_map(|page| words(&page.body)).collect();
        words(&page.body).any(|word| self.words.contains(&word) && !contrast.contains(&word))
    }
}

pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    let part_of_a_word = |c: char| c.is_alphanumeric() || "-_@.".contains(c);
    let words = text.split(move |c: char| !part_of_a_word(c));
    words.filter(|word| word.len() >= SHORTEST).map(str::to_owned)
}
