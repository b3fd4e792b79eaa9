use axum::response::Html;
use maud::html;

use super::page;
use crate::session::Visitor;
use crate::steps::Step;

/// Sign-ins that are shown.
const MOST: usize = 20;

/// Which server answered which step.
pub(crate) fn servers(sign_ins: &[Vec<&Step>], visitor: Visitor) -> Html<String> {
    page(
        "Who answered what",
        visitor,
        &html! {
            h1 { "Who answered what" }
            p.lead { "The steps of the last sign-ins, and which of the servers answered each." }
            @if sign_ins.is_empty() { p { "Nobody has signed in of late." } }
            @for steps in sign_ins.iter().take(MOST) {
                section {
                    dl {
                        @for step in steps {
                            dt { "+" (format!("{:.0}", (step.at - steps[0].at) * 1000.0)) " ms "
                                strong { (step.server) } }
                            dd { code { (step.what) } }
                        }
                    }
                }
            }
        },
    )
}
