//! Every text that a person sees.

use std::borrow::Cow;

use super::html::web_link;

/// Declares the texts once: each becomes a field, a method to replace it, and a default.
macro_rules! texts {
    ($($(#[$doc:meta])+ $name:ident: $default:literal,)+) => {
        /// Every text of the ready pages, in English unless replaced.
        ///
        /// ```
        /// # use tower_sqrl::web::Texts;
        /// let texts = Texts::default()
        ///     .lang("de")
        ///     .title("Anmelden bei Beispiel")
        ///     .button("Mit SQRL anmelden");
        /// ```
        ///
        /// Texts are plain: they are escaped when a page is written.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Texts {
            $(pub(super) $name: Cow<'static, str>,)+
        }

        impl Texts {
            $(
                $(#[$doc])+
                #[doc = ""]
                #[doc = concat!("Default: `", $default, "`")]
                pub fn $name(mut self, text: impl Into<Cow<'static, str>>) -> Self {
                    self.$name = text.into();
                    self
                }
            )+
        }

        impl Texts {
            /// Whether [`install_url`](Self::install_url) may stand in a page.
            pub(crate) fn is_safe(&self) -> bool {
                web_link(&self.install_url).is_some()
            }
        }

        impl Default for Texts {
            fn default() -> Self {
                Self { $($name: Cow::Borrowed($default),)+ }
            }
        }
    };
}

texts! {
    /// The language of the texts, a BCP 47 tag, for the `lang` attribute.
    lang: "en",
    /// The direction of the texts, `ltr` or `rtl`, for the `dir` attribute.
    dir: "ltr",

    /// The sign-in page's title, in the browser's tab.
    title: "Sign in",
    /// The sign-in page's heading.
    heading: "Sign in",
    /// Below the heading.
    intro: "No password, just your SQRL app.",
    /// The button that opens the SQRL app on this device.
    button: "Sign in with SQRL",
    /// Between the button and the QR code.
    scan: "or scan with your phone’s SQRL app",
    /// Stands for the QR code where it cannot be seen.
    qr_alt: "QR code to scan with a SQRL app",
    /// The question that opens the explanation.
    about_heading: "What is SQRL?",
    /// The explanation.
    about: "SQRL signs you in with an identity that you alone keep, in an app on your own \
        device. There is no password and no e-mail address to give away: this site learns a \
        key that was made for it alone and means nothing anywhere else.",
    /// The question that opens the way to an app.
    install_heading: "No SQRL app yet?",
    /// The way to an app.
    install: "Install one on this device or on your phone, create your identity in it once, \
        then come back here: press the button on the device that has the app, or scan the \
        code from another.",
    /// The link to an app.
    install_link: "Find a SQRL app",
    /// Where the link to an app leads: an `http://` or `https://` URL or an absolute path. The
    /// pages leave out any other; [`SqrlBuilder::build`](crate::SqrlBuilder::build) rejects it.
    install_url: "https://www.grc.com/sqrl/sqrl.htm",
    /// Where JavaScript is off: what works nevertheless.
    no_script: "JavaScript is off, so this page does not notice by itself when you have signed \
        in. The button and the code work. When your SQRL app says that you are signed in, \
        continue here:",
    /// Where JavaScript is off: the link that asks whether the sign-in has succeeded.
    no_script_link: "I have signed in: continue",

    /// State: nothing has happened yet.
    waiting: "Waiting for your SQRL app.",
    /// State: the button was pressed and the app is being looked for.
    probing: "Looking for the SQRL app on this device …",
    /// State: as before, where the browser is about to ask whether it may.
    permission: "Looking for the SQRL app on this device. If your browser asks whether this \
        page may reach apps on this device, allow it.",
    /// State: the app was found.
    jumping: "Continue in your SQRL app.",
    /// State: no app was found.
    no_client: "No SQRL app answered on this device. If it is open, go on to it below; \
        otherwise scan the code with the SQRL app on another device.",
    /// State: the browser does not let the page look for the app.
    denied: "Your browser does not let this page look for the SQRL app on this device. If it \
        is open, go on to it below; otherwise scan the code with another device.",
    /// The link to the app, offered where it was not found.
    jump: "Go on to my SQRL app",
    /// State: the code had grown old and was replaced.
    renewed: "The code was renewed. Waiting for your SQRL app.",
    /// State: the site does not answer.
    offline: "The connection is interrupted. Trying again …",
    /// State: the sign-in succeeded here.
    signed_in: "Signed in. One moment …",
    /// State: the sign-in succeeded in the window that the app opened.
    taken_over: "The sign-in continues in the browser window that your SQRL app opened. You \
        can close this page.",
    /// State: the sign-in was used already.
    collected: "This sign-in was used already.",
    /// State: an app has begun to sign in with this code. Another app cannot use it.
    begun: "This code is already in use. Finish signing in on your SQRL app, or get a new code.",
    /// State: the identity is new to a site that accepts no new identities.
    refused_new: "Your SQRL app answered, but this site does not know your identity and accepts \
        no new ones.",
    /// State: the identity is disabled on this site.
    refused_disabled: "Your SQRL app answered, but your identity is disabled on this site. \
        Enable it with your SQRL app and your rescue code.",
    /// State: the identity was replaced on this site by a newer one.
    refused_superseded: "Your SQRL app answered with an identity that you have replaced. Sign in \
        with your new identity.",
    /// State: the browser had so many sign-in pages open that this one had to give way.
    evicted: "Too many sign-in pages are open in this browser, so the code of this one no longer \
        works.",
    /// State: the code has grown old and could not be replaced.
    expired: "This code has expired.",
    /// State: anything that should not happen.
    failed: "Something went wrong. Please try again.",
    /// The link that loads the sign-in page anew.
    reload: "Get a new code",

    /// The confirmation's title and heading. `{who}` is the account's name, or one of the two
    /// below.
    confirm_heading: "Sign in as {who}?",
    /// Stands for an account without a name to show.
    confirm_account: "an existing account",
    /// Stands for an identity that has no account yet.
    confirm_new: "a new identity",
    /// The confirmation's warning.
    confirm_warning: "Continue only if you have just signed in yourself, with your own SQRL \
        app. If you came here by a link that somebody sent you, or do not know why you see \
        this page, cancel: you would be signed in to somebody else’s account.",
    /// The confirmation's button.
    confirm_button: "Continue",
    /// The confirmation's way out.
    confirm_cancel: "Cancel",

    /// The link from a message to the sign-in page.
    to_sign_in: "To the sign-in page",
    /// The link from a message that is worth trying again.
    try_again: "Try again",
    /// Heading: the URL that the app opened was used, or has expired.
    url_expired_heading: "This URL no longer works",
    /// Text below it.
    url_expired: "The URL from your SQRL app works once, for one minute. You were not signed in. \
        Please sign in again.",
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
    removed: "This site has forgotten your SQRL identity.",
    /// Heading: the wait for a sign-in lasted too long.
    expired_heading: "This sign-in has expired",
    /// Text below it.
    expired_message: "It was not finished in time. Nobody was signed in. Please start again.",
    /// Heading: the sign-in was used.
    collected_heading: "This sign-in was used already",
    /// Text below it.
    collected_message: "Each sign-in works once. Please sign in again.",
    /// Heading: the sign-in succeeded in the window that the app opened.
    taken_over_heading: "Look at the other window",
    /// Text below it.
    taken_over_message: "The sign-in continues in the browser window that your SQRL app opened.",
    /// Heading: the app has not answered yet.
    pending_heading: "Not signed in yet",
    /// Text below it.
    pending: "Your SQRL app has not answered so far. Finish the sign-in there, then try again.",
    /// Heading: the site refused an app's answer.
    refused_heading: "Not signed in",
    /// Heading: the site cannot answer just now.
    unavailable_heading: "Something went wrong",
    /// Text below it.
    unavailable: "The sign-in could not be checked just now. Please try again in a moment.",
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
}
