//! The sample messages of the specification, decoded and encoded again byte for byte.
#![allow(clippy::unwrap_used)]

use tower_sqrl_client::SqrlUrl;
use tower_sqrl_client::keys::{Imk, SiteKey};
use tower_sqrl_client::wire::{ClientParams, Command, Form, List, Options, Reply, Tif};

/// *On The Wire*, figure 3. Its `ids` does not verify: it is an illustration.
const POST: &str = "client=dmVyPTENCmNtZD1xdWVyeQ0KaWRrPWlnZ2N1X2UtdFdxM3NvZ2FhMmFBRENzeFJaRUQ5b245SDcxNlRBeVBSMHcNCnBpZGs9RTZRczJnWDdXLVB3aTlZM0tBbWJrdVlqTFNXWEN0S3lCY3ltV2xvSEF1bw0Kb3B0PWNwc35zdWsNCg&server=c3FybDovL3Nxcmwuc3RldmUuY29tL2NsaS5zcXJsP3g9MSZudXQ9ZTd3ZTZ3Q3RvU3hsJmNhbj1hSFIwY0hNNkx5OXNiMk5oYkdodmMzUXZaR1Z0Ynk1MFpYTjA&ids=hcXWTPx3EgP9R_AjtoCIrie_YgZxVD72nd5_pjMOnhUEYmhdjLUYs3jjcJT_GQuzNKXyAwY1ns1R6QJn1YKzCA";

#[test]
fn the_sample_post() {
    let form = Form::decode(POST);
    assert_eq!(form.encode(), POST);

    let client = List::decode(form.get("client").unwrap()).unwrap();
    let params = ClientParams::new(&Command::Query, client.get("idk").unwrap().parse().unwrap())
        .with("pidk", "E6Qs2gX7W-Pwi9Y3KAmbkuYjLSWXCtKyBcymWloHAuo")
        .with_options(Options { cps: true, ..Options::default() });
    assert_eq!(params.0, client);
    assert_eq!(params.encode(), form.get("client").unwrap());

    let url = tower_sqrl_client::base64url::decode(form.get("server").unwrap()).unwrap();
    let url: SqrlUrl = String::from_utf8(url).unwrap().parse().unwrap();
    assert_eq!(url.nut(), "e7we6wCtoSxl");
    // The `can` of the sample has another origin, so it is ignored.
    assert_eq!(url.can(), None);
    assert_eq!(url.domain().as_str(), "sqrl.steve.com/");
    let server = tower_sqrl_client::base64url::encode(url.as_str());
    assert_eq!(server, form.get("server").unwrap());
}

/// *Cryptography*, figure 25: a complete sign-in of a published identity. Ed25519 is
/// deterministic, so the signatures must be the same bytes.
#[test]
fn the_logged_sign_in() {
    let url: SqrlUrl =
        "sqrl://sqrl.grc.com/cli.sqrl?nut=fXkb4MBToCm7&can=aHR0cHM6Ly9zcXJsLmdyYy5jb20vZGVtbw"
            .parse()
            .unwrap();
    let key = SiteKey::derive(&Imk::from_bytes(MASTER_KEY), url.domain());
    assert_eq!(key.idk().to_string(), "2jgB-cR-EnlYglPdGToOucKYI6CD6sUqf4k9MtkuiXs");

    let options = Options { cps: true, ..Options::default() };
    let signed = |command, server: &str| {
        let params = ClientParams::new(&command, key.idk()).with_options(options);
        Form::new(&params.encode(), server).signed("ids", &key)
    };
    let query = signed(Command::Query, &tower_sqrl_client::base64url::encode(url.as_str()));
    assert_eq!(
        query.get("ids"),
        Some(
            "qXFikmg_jZQJ7GjKCA_zBwzras2QyQAwWw2s80ZcUHmLLBUN5_hPuFtB6ZoV5wUcNs5XmSrqg1FQwGA6RlVBAQ"
        )
    );

    let first = reply(
        "ver=1\r\nnut=1WM9lfF1ST-z\r\ntif=5\r\nqry=/cli.sqrl?nut=1WM9lfF1ST-z\r\n\
                       suk=BMFDm7bPlsQojuJsoDTvlS1McnwgScvktF84vLjscGk\r\n",
        151,
    );
    assert!(first.raw.starts_with("dmVyPTENCm51dD0xV005bGZGMVNULXoNCnRpZj01DQpxcnk9L2Ns"));
    assert_eq!(first.tif, Tif::CURRENT | Tif::IP_MATCH);
    let ident = signed(Command::Ident, &first.raw);
    assert_eq!(
        ident.get("ids"),
        Some(
            "kQI05IpE_cu4u0mf7jymbap09hmS6ZCWjBGKUYnSNVRTXPbreTvDWHKNbSkUlQT2bx3wXwW3cCLBD0Qedd64AA"
        )
    );

    let last = reply(
        "ver=1\r\nnut=BEFAI1tJYfBm\r\ntif=5\r\nqry=/cli.sqrl?nut=BEFAI1tJYfBm\r\n\
                      suk=BMFDm7bPlsQojuJsoDTvlS1McnwgScvktF84vLjscGk\r\n\
                      url=https://sqrl.grc.com/auth.test?4hVTe9LGHhMTuxz_mm6vRc_q\r\n",
        232,
    );
    assert_eq!(
        last.url.as_deref(),
        Some("https://sqrl.grc.com/auth.test?4hVTe9LGHhMTuxz_mm6vRc_q")
    );
}

/// Returns the reply of the log with that text. `length` is the `ContentLength` of the log.
fn reply(text: &str, length: usize) -> Reply {
    let body = tower_sqrl_client::base64url::encode(text);
    assert_eq!(body.len(), length);
    Reply::parse(&body).unwrap()
}

const MASTER_KEY: [u8; 32] = [
    0x2e, 0x47, 0x1e, 0x10, 0x6d, 0x75, 0x8f, 0x3c, 0x7b, 0x24, 0x2c, 0x8a, 0x4a, 0x05, 0x13, 0xa7,
    0x19, 0x2d, 0x8e, 0xdd, 0xb9, 0x17, 0xbd, 0xd0, 0x19, 0xf1, 0x9e, 0x38, 0xed, 0x29, 0x2b, 0xa8,
];

/// *On The Wire*, the two client lists that are printed as text.
#[test]
fn the_sample_lists() {
    let short = "ver=1\r\ncmd=query\r\nidk=QQ5kaUUDw6Hd7jDJkPCFFEizlQ92SpVU_YMeheJrY_c\r\n\
                 pidk=I42_ousudqpLwpfOd7pCT3WJPNTBSVlOdP9w-6qF8kg\r\nopt=cps~suk\r\n";
    let long = "ver=1\r\ncmd=ident\r\nidk=QQ5kaUUDw6Hd7jDJkPCFFEizlQ92SpVU_YMeheJrY_c\r\n\
                pidk=iCoWeOOqtWZENJGlfQ9IImMC0_1kU-AtlzOngAWANmI\r\n\
                ins=vbmaT9oXjNNDp6ti-TxCE6xIlO36q4EyvjZjhrOmlQY\r\n\
                pins=a45mOg3N19D8p_ZVu_j8lACQlHEbTJFy2dQjUd6xvM0\r\n\
                suk=j-NEB3cbsYiW5YlLqi_Lva_N0QVVPMrIU2zny_ickCw\r\n\
                vuk=q7udgqKKuY0ggdlxC0sdOiv5ySOtWh1ubtCZSXafOpQ\r\nopt=cps~suk\r\n";
    for text in [short, long] {
        let list = List::parse(text.as_bytes()).unwrap();
        assert_eq!(list.to_text(), text);
        assert_eq!(List::decode(&list.encode()), Ok(list));
    }
}
