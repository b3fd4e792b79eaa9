//! Recognizing who is signed in, by the words of the landing page.

use std::collections::BTreeSet;

use url::Url;

use crate::browser::Page;
use crate::identity::Identity;

/// Minimum length of a word, in bytes. Shorter words identify nobody.
const SHORTEST: usize = 3;

/// The words of a site's pages for nobody and for an uninvolved user.
#[derive(Debug)]
pub(super) struct Baseline {
    contrast: Identity,
    others: BTreeSet<String>,
}

/// The landing page of a user, and the words that identify the user on it.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    landing: Url,
    words: BTreeSet<String>,
}

impl Baseline {
    /// `arrivals` are landing pages of `contrast`. Nobody is signed in on the other pages.
    pub(super) fn new(contrast: Identity, arrivals: &[Page], empty: &[Page]) -> Self {
        let others = arrivals.iter().chain(empty).flat_map(|page| words(&page.body)).collect();
        Self { contrast, others }
    }

    /// Returns the uninvolved user.
    pub(super) fn contrast(&self) -> &Identity {
        &self.contrast
    }

    /// Returns the words that two landing pages of one user have and no other page has. `empty`
    /// is the second landing page with nobody signed in.
    pub(super) fn marks(&self, arrivals: &[Page; 2], empty: &Page) -> Marks {
        let [one, two] = arrivals;
        let [second, empty] = [two, empty].map(|page| words(&page.body).collect::<BTreeSet<_>>());
        let common = words(&one.body).filter(|word| second.contains(word));
        let own = common.filter(|word| !self.others.contains(word) && !empty.contains(word));
        Marks { landing: two.url.clone(), words: own.collect() }
    }
}

impl Marks {
    /// Returns the URL of the user's landing page.
    pub(super) fn landing(&self) -> &Url {
        &self.landing
    }

    /// Returns whether a page shows the user as signed in. Another page than the landing page may
    /// name a user who is not signed in, such as a page that asks for confirmation.
    pub(super) fn are_on(&self, page: &Page) -> bool {
        page.status.is_success()
            && page.url.path() == self.landing.path()
            && words(&page.body).any(|word| self.words.contains(&word))
    }

    /// Returns whether a page has a mark of the user that the current pages of `contrast` lack.
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
