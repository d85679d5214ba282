//! Any octets as what an OAuth2 server answers, and as tokens that are kept. The first octet says which.

use popfetch::credentials::oauth2::{Client, Device, Tokens};

fn client() -> Client {
    Client {
        id: "id".to_owned(),
        secret: None,
        authorisation_url: "https://login.example.org/authorise".to_owned(),
        token_url: "https://login.example.org/token".to_owned(),
        device_url: Some("https://login.example.org/device".to_owned()),
        scope: "mail".to_owned(),
        parameters: Vec::new(),
        redirect_host: "127.0.0.1".to_owned(),
        proxy: None,
    }
}

/// What was asked with. A server may repeat all of it.
const FORM: [(&str, &str); 4] = [
    ("grant_type", "refresh_token"),
    ("refresh_token", "1//geheim7=Marker"),
    ("client_id", "id"),
    ("client_secret", "GOCSPX+geheim8"),
];

/// The two secrets in it, as they are and as they were sent.
const SECRETS: [&str; 4] = [
    "1//geheim7=Marker",
    "1%2F%2Fgeheim7%3DMarker",
    "GOCSPX+geheim8",
    "GOCSPX%2Bgeheim8",
];

/// What is taken for a token is one word, is not shown, and is kept as it is; what is shown is plain.
pub fn survives(input: &[u8]) {
    let Some((kind, content)) = input.split_first() else {
        return;
    };
    let status = [200, 201, 400, 401, 429, 500][usize::from(kind >> 2) % 6];
    let now = "2024-02-29T12:00:00Z".parse().expect("a time");
    match kind & 3 {
        0 => match Tokens::understand(&client(), &FORM, status, content, now) {
            Ok(tokens) => {
                assert!(status < 300);
                hold(&tokens);
            }
            Err(error) => {
                plain(&error.to_string());
                let shown = format!("{error} {error:?}");
                for secret in SECRETS {
                    assert!(!shown.contains(secret), "{secret} is shown");
                }
            }
        },
        1 => match Device::understand(&client(), status, content) {
            Ok(device) => {
                assert!(status < 300);
                plain(device.user_code());
                plain(device.verification_address());
                device.complete_address().into_iter().for_each(plain);
                assert!(device.expires_in().as_secs() <= 3600);
            }
            Err(error) => plain(&error.to_string()),
        },
        _ => {
            let text = String::from_utf8_lossy(content);
            if let Ok(tokens) = Tokens::from_text(&text) {
                hold(&tokens);
            }
        }
    }
}

fn plain(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fn hold(tokens: &Tokens) {
    let access = tokens.access.expose();
    assert!(access.bytes().all(|byte| byte.is_ascii_graphic()) && !access.is_empty());
    let shown = format!("{tokens:?}");
    // The client's id is shown, and may hold the same by chance.
    if access.len() > 16 && !format!("{:?}", tokens.client).contains(access) {
        assert!(!shown.contains(access), "a token is shown");
    }
    let kept = tokens.to_text();
    assert_eq!(Tokens::from_text(kept.expose()).as_ref(), Ok(tokens));
}
