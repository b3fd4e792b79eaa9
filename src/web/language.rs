//! In which language a request's pages are.

use std::borrow::Cow;
use std::sync::Arc;

use super::texts::Texts;

/// The language in which the application shows pages to this request's user.
///
/// By default the pages follow the request's `Accept-Language`. An application that stores its own
/// choice, in a cookie or in an account, puts it into the request's extensions, in a middleware
/// outside the SQRL layer. A language that the site does not have is ignored.
///
/// ```
/// use tower_sqrl::web::Language;
///
/// let mut extensions = http::Extensions::new(); // of the request
/// extensions.insert(Language::new("de"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(Cow<'static, str>);

impl Language {
    /// Takes a BCP 47 tag such as `de` or `fr-CA`. Upper and lower case are the same.
    pub fn new(tag: impl Into<Cow<'static, str>>) -> Self {
        Self(tag.into())
    }
}

/// Returns the texts of the language that the application has chosen, else the best one for the
/// values of `Accept-Language`, else the first. `None` if there are none.
pub(super) fn choose<'a, 'b>(
    languages: &'a [Arc<Texts>],
    chosen: Option<&Language>,
    accepted: impl IntoIterator<Item = &'b str>,
) -> Option<&'a Arc<Texts>> {
    let of = |tag: &str| languages.iter().find(|texts| matches(&texts.lang, tag));
    if let Some(texts) = chosen.and_then(|Language(tag)| of(tag)) {
        return Some(texts);
    }
    let mut best = None;
    let mut best_weight = 0;
    for range in accepted.into_iter().flat_map(|value| value.split(',')) {
        let (tag, weight) = weighted(range);
        // The first of equal weights stays.
        if weight > best_weight
            && let Some(texts) = if tag == "*" { languages.first() } else { of(tag) }
        {
            (best, best_weight) = (Some(texts), weight);
        }
    }
    best.or(languages.first())
}

/// A range of `Accept-Language` and its weight in thousandths; 0 if it cannot be read.
fn weighted(range: &str) -> (&str, u16) {
    let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
    let weight = match parameters.trim() {
        "" => 1000,
        parameter => match parameter.strip_prefix("q=").map(str::parse::<f32>) {
            Some(Ok(q)) if (0.0..=1.0).contains(&q) => thousandths(q),
            _ => 0,
        },
    };
    (tag.trim(), weight)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
fn thousandths(q: f32) -> u16 {
    (q * 1000.0).round() as u16
}

/// Whether one tag is the other, or the other with further subtags: `de` and `de-AT`.
fn matches(one: &str, other: &str) -> bool {
    let mut subtags = one.split('-').zip(other.split('-'));
    subtags.all(|(one, other)| one.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(language: Option<&'static str>, accepted: &[&str]) -> String {
        let languages = [Texts::english(), Texts::german(), Texts::french().lang("fr-CA")];
        let languages = languages.map(Arc::new);
        let language = language.map(Language::new);
        choose(&languages, language.as_ref(), accepted.iter().copied())
            .expect("one")
            .lang
            .to_string()
    }

    #[test]
    fn the_browsers_languages_decide_by_weight_and_order() {
        for (accepted, lang) in [
            (&["de"][..], "de"),
            (&["DE-at,de;q=0.9,en;q=0.8"], "de"),
            (&["en;q=0.5, de;q=0.6"], "de"),
            (&["fr, de"], "fr-CA"),
            (&["es, fr;q=0.3", "de;q=0.4"], "de"),
            (&["es"], "en"),
            (&["*"], "en"),
            (&["de;q=0, *;q=0.1"], "en"),
            (&["den"], "en"),
            (&[""], "en"),
            (&[], "en"),
            (&["de;q=2, fr;q=x, ;;,,de;q=-1,de;q=NaN"], "en"),
        ] {
            assert_eq!(chosen(None, accepted), lang, "{accepted:?}");
        }
    }

    #[test]
    fn the_applications_choice_comes_first_if_the_site_has_it() {
        assert_eq!(chosen(Some("fr"), &["de"]), "fr-CA");
        assert_eq!(chosen(Some("es"), &["de"]), "de");
        assert!(choose(&[], None, ["de"]).is_none());
    }
}
