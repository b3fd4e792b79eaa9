//! Attacks that need more than HTTP requests: clocks, several servers, thousands of addresses, or
//! access to the server's log, memory or stores.

use super::report::NotOverHttp;

/// Attacks that need more than HTTP requests, and the tests of tower-sqrl that try them.
///
/// 4f and 14c are also tried over HTTP, if [`Attack::patient`](super::Attack::patient) is set or if
/// SQRL URLs expire within seconds.
pub const NOT_OVER_HTTP: &[NotOverHttp] = &[
    NotOverHttp {
        number: "4f",
        name: "answering an expired QR code from another address",
        tests: &["tests/it/chain.rs::row_25b_too_old_and_from_another_address"],
    },
    NotOverHttp {
        number: "8",
        name: "forged forwarding headers that make addresses match",
        tests: &["tests/it/attacks/nuts.rs::attack_08_forged_forwarding_headers"],
    },
    NotOverHttp {
        number: "9",
        name: "races between servers",
        tests: &[
            "tests/it/attacks/races.rs::attack_09_an_ident_does_not_undo_a_disable",
            "tests/it/attacks/races.rs::attack_09_an_ident_does_not_resurrect_what_is_removed",
            "tests/it/attacks/races.rs::attack_09_a_superseded_mark_is_not_lost",
            "tests/it/attacks/races.rs::attack_09_two_rekeys_have_one_winner",
            "tests/it/attacks/races.rs::attack_09_one_result_has_one_collector",
            "tests/it/attacks/races.rs::attack_09_a_result_is_not_collected_after_a_change",
            "tests/it/attacks/races.rs::attack_09_a_cps_url_is_not_collected_after_a_change",
        ],
    },
    NotOverHttp {
        number: "10",
        name: "injection into pages, headers and logs; secrets in logs",
        tests: &[
            "tests/it/attacks/injection.rs::attack_10_nothing_of_a_client_comes_back_in_pages_or_headers",
            "tests/it/attacks/injection.rs::attack_10_a_name_is_text_in_the_page_that_asks",
            "tests/it/attacks/injection.rs::attack_10_there_is_no_diagnostics_page",
            "tests/it/attacks/injection.rs::attack_10_no_secret_is_logged",
        ],
    },
    NotOverHttp {
        number: "11",
        name: "unbounded growth of memory or work",
        tests: &[
            "tests/it/attacks/memory.rs::attack_11_a_flood_of_links_pushes_out_nobody_else",
            "tests/it/attacks/memory.rs::attack_11_version_ranges_are_not_expanded",
            "tests/it/attacks/memory.rs::attack_11_one_chain_holds_one_nut",
            "tests/it/attacks/memory.rs::attack_11_a_huge_body_is_not_read_to_its_end",
        ],
    },
    NotOverHttp {
        number: "14c",
        name: "answering a page's first QR code as late as possible",
        tests: &["tests/it/attacks/links.rs::attack_14_a_renewed_code_answered_after_the_sign_in"],
    },
    NotOverHttp {
        number: "16",
        name: "one address that evicts other users' sign-ins, or fills the limits",
        tests: &[
            "tests/it/attacks/memory.rs::attack_11_a_flood_of_sign_ins_pushes_out_nobody_else",
            "tests/it/limits.rs::a_flood_of_networks_does_not_lift_the_limit",
        ],
    },
    NotOverHttp {
        number: "17",
        name: "a connection pooler that mixes up the statements of two servers",
        tests: &["store-postgres/tests/conformance.rs::both_through_a_pooler"],
    },
];
