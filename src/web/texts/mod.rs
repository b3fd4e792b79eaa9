//! Every text that the pages show.

mod french;
mod german;

use std::borrow::Cow;

use super::html::web_link;

/// Declares the texts once: each becomes a field, a method that replaces it, and its English form.
macro_rules! texts {
    ($($(#[$doc:meta])+ $name:ident: $english:literal,)+) => {
        /// Every text of the built-in pages, in one language.
        ///
        /// English, German and French are included. Replace single texts, or all of them for another
        /// language:
        ///
        /// ```
        /// use tower_sqrl::web::Texts;
        ///
        /// let german = Texts::german().heading("Anmelden beim Verein");
        /// let spanish = Texts::english().lang("es").button("Iniciar sesión con SQRL"); // …
        /// ```
        ///
        /// Texts are plain text. The pages escape them.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Texts {
            $(pub(super) $name: Cow<'static, str>,)+
        }

        impl Texts {
            /// The texts in English.
            pub fn english() -> Self {
                Self { $($name: Cow::Borrowed($english),)+ }
            }

            $(
                $(#[$doc])+
                #[doc = ""]
                #[doc = concat!("English: `", $english, "`")]
                pub fn $name(mut self, text: impl Into<Cow<'static, str>>) -> Self {
                    self.$name = text.into();
                    self
                }
            )+
        }
    };
}

/// All texts of a language. The compiler reports a text that is missing.
macro_rules! translation {
    ($($name:ident: $text:literal,)+) => {
        Texts { $($name: std::borrow::Cow::Borrowed($text),)+ }
    };
}
use translation;

texts! {
    /// The language of the texts, a BCP 47 tag such as `en` or `de-AT`, for the `lang` attribute and
    /// for the choice by `Accept-Language`.
    lang: "en",
    /// The direction of the texts, `ltr` or `rtl`, for the `dir` attribute.
    dir: "ltr",

    /// The title of the sign-in page, in the browser's tab.
    title: "Sign in",
    /// The heading of the sign-in page.
    heading: "Sign in",
    /// Below the heading.
    intro: "No password, just your SQRL app.",
    /// The button that opens the SQRL app on this device.
    button: "Sign in with SQRL",
    /// Between the button and the QR code, on a computer.
    scan: "or scan with your phone",
    /// Between the button and the QR code, on a phone.
    scan_on_phone: "or scan with another device",
    /// The alternative text of the QR code.
    qr_alt: "QR code to scan with a SQRL app",
    /// The question that opens the explanation.
    about_heading: "What is SQRL?",
    /// The explanation.
    about: "SQRL signs you in with an identity that only you hold, in an app on your own device. \
        You give this site no password and no e-mail address. It receives a key that was made for \
        this site alone and is useless anywhere else.",
    /// The question that opens the advice on how to get an app.
    install_heading: "No SQRL app yet?",
    /// The advice on how to get an app.
    install: "Install one on this device or on your phone, and create your identity in it. Then \
        come back to this page and press the button, or scan the code.",
    /// The text of the link to an app.
    install_link: "Find a SQRL app",
    /// Where the link to an app leads: an `http://` or `https://` URL, or an absolute path. The
    /// pages leave out any other URL, and [`SqrlBuilder::build`](crate::SqrlBuilder::build) rejects
    /// it.
    install_url: "https://www.grc.com/sqrl/sqrl.htm",
    /// Without JavaScript: what works nevertheless.
    no_script: "JavaScript is off, so this page cannot tell when you have signed in. The button and \
        the code work. Once your SQRL app reports that you are signed in, continue here:",
    /// Without JavaScript: the link that asks whether the sign-in has succeeded.
    no_script_link: "I have signed in: continue",

    /// State `waiting`: no app has answered yet.
    waiting: "Waiting for your SQRL app.",
    /// State `probing`: the button was pressed, and the page looks for the app.
    probing: "Looking for the SQRL app on this device …",
    /// State `probing`, where the browser may be asking for permission.
    permission: "Looking for the SQRL app on this device. If your browser asks whether this \
        page may reach apps on this device, allow it.",
    /// State `jumping`: the app was found.
    jumping: "Continue in your SQRL app.",
    /// State `no-client`: no app has answered on this device.
    no_client: "No SQRL app has answered on this device. If your browser asks whether to open the \
        app, allow it. Otherwise scan the code with another device.",
    /// State `no-client`, where the browser does not let the page look for the app.
    denied: "Your browser does not let this page look for the SQRL app on this device. If the app \
        is open, continue there. Otherwise scan the code with another device.",
    /// The link to the app, in the state `no-client`.
    jump: "Continue in my SQRL app",
    /// State `waiting`, after the code was renewed.
    renewed: "The code was renewed. Waiting for your SQRL app.",
    /// State `offline`: the site does not answer.
    offline: "The connection is interrupted. Trying again …",
    /// State `signed-in`: the sign-in succeeded.
    signed_in: "Signed in. One moment …",
    /// State `taken-over`: the sign-in continues in the window that the app opened.
    taken_over: "Continue in the window that your SQRL app opened. You can close this page.",
    /// State `collected`: the sign-in was used already.
    collected: "This sign-in was used already.",
    /// State `begun`: an app has begun to sign in with this code, so another app cannot use it.
    begun: "This code is already in use. Finish signing in on your SQRL app, or get a new code.",
    /// State `refused`: the identity is new to a site that accepts no new identities.
    refused_new: "This site does not know your SQRL identity and accepts no new ones.",
    /// State `refused`: the identity is disabled on this site.
    refused_disabled: "Your SQRL identity is disabled on this site. Enable it with your SQRL app \
        and your rescue code.",
    /// State `refused`: the identity was replaced on this site by a newer one.
    refused_superseded: "You have replaced this SQRL identity with a newer one. Sign in with the \
        newer one.",
    /// State `evicted`: the browser had too many sign-in pages open, so this page's cookie is gone.
    evicted: "Too many sign-in pages are open in this browser. The code on this page no longer \
        works.",
    /// State `expired`: the code is too old and could not be renewed.
    expired: "This code has expired.",
    /// State `failed`: an unexpected answer.
    failed: "Something went wrong. Please try again.",
    /// The link that loads the sign-in page again.
    reload: "Get a new code",

    /// The title and heading of the confirmation. `{who}` stands for the account's name.
    confirm_heading: "Sign in as {who}?",
    /// The same for an account without a name to show.
    confirm_account_heading: "Sign in to an existing account?",
    /// The same for an identity that has no account yet.
    confirm_new_heading: "Sign in with a new identity?",
    /// The warning of the confirmation.
    confirm_warning: "Continue only if you have just signed in yourself, with your own SQRL app. \
        Cancel if another person sent you here, or if you do not know why you see this page. \
        Otherwise you would be signed in to another person’s account.",
    /// The button of the confirmation.
    confirm_button: "Continue",
    /// The link that cancels.
    confirm_cancel: "Cancel",

    /// The link from a message to the sign-in page.
    to_sign_in: "Go to the sign-in page",
    /// The link of a message that a further try may change.
    try_again: "Try again",
    /// Heading: the URL that the app opened was used, or has expired.
    url_expired_heading: "This URL no longer works",
    /// Text below it.
    url_expired: "Each URL from your SQRL app works once, and only for a short time. You were not \
        signed in. Please sign in again.",
    /// Heading: the app's command has succeeded, in a browser that may be another person's.
    done_heading: "Done",
    /// Text below it.
    done: "Your SQRL app has finished. You can close this page.",
    /// Heading: the app disabled the identity.
    disabled_heading: "Identity disabled",
    /// Text below it.
    disabled: "Your SQRL identity can no longer sign in here. Only you can enable it again, \
        with your SQRL app and your rescue code.",
    /// Heading: the app enabled the identity.
    enabled_heading: "Identity enabled",
    /// Text below it.
    enabled: "Your SQRL identity can sign in here again.",
    /// Heading: the app removed the identity.
    removed_heading: "Identity removed",
    /// Text below it.
    removed: "This site has deleted your SQRL identity.",
    /// Heading: the sign-in was not finished in time.
    expired_heading: "This sign-in has expired",
    /// Text below it.
    expired_message: "It was not finished in time. You are not signed in. Please start again.",
    /// Heading: the sign-in was used.
    collected_heading: "This sign-in was used already",
    /// Text below it.
    collected_message: "Each sign-in works once. Please sign in again.",
    /// Heading: the sign-in continues in the window that the app opened.
    taken_over_heading: "Continue in the other window",
    /// Text below it.
    taken_over_message: "Continue in the window that your SQRL app opened.",
    /// Heading: the app has not answered yet.
    pending_heading: "Not signed in yet",
    /// Text below it.
    pending: "Your SQRL app has not answered yet. Finish signing in there, then try again.",
    /// Heading: the site rejected an app's answer.
    refused_heading: "Not signed in",
    /// Heading: the site cannot answer at the moment.
    unavailable_heading: "Something went wrong",
    /// Text below it.
    unavailable: "The sign-in could not be checked. Please try again in a moment.",
}

impl Texts {
    /// The language of these texts, a BCP 47 tag.
    pub fn language(&self) -> &str {
        &self.lang
    }

    /// Whether [`install_url`](Self::install_url) may stand in a page.
    pub(crate) fn is_safe(&self) -> bool {
        web_link(&self.install_url).is_some()
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self::english()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_text_is_the_only_one_that_changes() {
        let texts = Texts::default().jump(String::from("hop"));
        assert_eq!(texts.jump, "hop");
        assert_eq!(texts.jump(Texts::default().jump), Texts::default());
    }

    #[test]
    fn every_language_names_the_account() {
        for texts in [Texts::english(), Texts::german(), Texts::french()] {
            assert!(texts.confirm_heading.contains("{who}"), "{}", texts.lang);
            assert!(texts.is_safe());
        }
    }
}
