//! The attacks that take more than requests: clocks, several servers, thousands of addresses, the
//! server's log, its memory or its stores.

use super::report::Elsewhere;

/// The attacks that take more than requests, and the tests of tower-sqrl that do them. 4f and 14c
/// are here unless they were tried, with [`Attack::patient`](super::Attack::patient) or where codes
/// expire within seconds.
pub const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere {
        number: "4f",
        name: "answering an expired code from another address",
        tests: &["tests/it/chain.rs::row_25b_too_old_and_from_another_address"],
    },
    Elsewhere {
        number: "8",
        name: "forged forwarding headers that make the addresses match",
        tests: &["tests/it/attacks/nuts.rs::attack_08_forged_forwarding_headers"],
    },
    Elsewhere {
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
    Elsewhere {
        number: "10",
        name: "injection into pages, headers and logs; secrets in logs",
        tests: &[
            "tests/it/attacks/injection.rs::attack_10_nothing_of_a_client_comes_back_in_pages_or_headers",
            "tests/it/attacks/injection.rs::attack_10_a_name_is_text_in_the_page_that_asks",
            "tests/it/attacks/injection.rs::attack_10_there_is_no_diagnostics_page",
            "tests/it/attacks/injection.rs::attack_10_no_secret_is_logged",
        ],
    },
    Elsewhere {
        number: "11",
        name: "making memory or work grow",
        tests: &[
            "tests/it/attacks/memory.rs::attack_11_a_flood_of_links_pushes_out_nobody_else",
            "tests/it/attacks/memory.rs::attack_11_version_ranges_are_not_expanded",
            "tests/it/attacks/memory.rs::attack_11_one_chain_holds_one_nut",
            "tests/it/attacks/memory.rs::attack_11_a_huge_body_is_not_read_to_its_end",
        ],
    },
    Elsewhere {
        number: "14c",
        name: "answering a page's first code as late as it can be answered",
        tests: &["tests/it/attacks/links.rs::attack_14_a_renewed_code_answered_after_the_sign_in"],
    },
    Elsewhere {
        number: "16",
        name: "one address that evicts other people's sign-ins, or fills the limits",
        tests: &[
            "tests/it/attacks/memory.rs::attack_11_a_flood_of_sign_ins_pushes_out_nobody_else",
            "tests/it/limits.rs::a_flood_of_networks_does_not_lift_the_limit",
        ],
    },
    Elsewhere {
        number: "17",
        name: "a pooler between server and store that answers for somebody else",
        tests: &["store-postgres/tests/conformance.rs::both_through_a_pooler"],
    },
];
