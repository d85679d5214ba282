//! The page that the browser shows at the end of a login.
//!
//! Invariants: one document without scripts and without anything from elsewhere; what came from outside is escaped.

use super::error::Error;

/// What all pages look like: the fonts and the light or dark of the browser.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5d666f;--paper:#f6f7f8;--card:#fff;--line:#e2e5e8;--mark:#1a7f4b}\
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a2abb3;--paper:#15181b;--card:#1e2226;--line:#31373d;--mark:#4cc38a}}\
.bad{--mark:#c4382b}.odd{--mark:#9a6a00}\
@media(prefers-color-scheme:dark){.bad{--mark:#ff8a7a}.odd{--mark:#e5b454}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);\
font:1.0625rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif}\
main{width:100%;max-width:34rem;padding:2.25rem 2.5rem;border:1px solid var(--line);border-radius:.75rem;\
background:linear-gradient(var(--mark),var(--mark)) top/100% 4px no-repeat var(--card)}\
h1{margin:0 0 1rem;font-size:1.6rem;line-height:1.25;font-weight:650;text-wrap:balance}\
h1 span{color:var(--mark);margin-right:.5rem}\
p{margin:.6rem 0 0}\
blockquote{margin:1rem 0;padding:.7rem .9rem;border-left:3px solid var(--line);color:var(--soft);font-size:.9375rem;\
overflow-wrap:anywhere}\
code{padding:.1em .35em;border-radius:.3em;background:var(--paper);border:1px solid var(--line);\
font:.9em ui-monospace,'SF Mono',Menlo,Consolas,'Liberation Mono',monospace;white-space:nowrap}\
@media(max-width:30rem){main{padding:1.5rem}}";

/// The login worked.
pub(super) fn success() -> String {
    page(
        "good",
        "✓",
        "popfetch is logged in",
        "<p>It now has access to your mail. You can close this window and go back to the terminal.</p>",
    )
}

/// The login failed, and how to go on.
pub(super) fn failure(error: &Error) -> String {
    const AGAIN: &str =
        "<p>Nothing was changed. To try again, run <code>popfetch login</code> once more.</p>";
    const CHECK: &str = "<p>Nothing was changed. Check the account's <code>oauth</code> settings and what is \
        registered with the provider, then run <code>popfetch login</code> once more.</p>";
    const TERMINAL: &str = "<p>The terminal says more.</p>";
    let worked_not = |body: String| page("bad", "✕", "The login did not work", &body);
    match error {
        Error::Denied { description } => {
            let body = [&quoted(description), AGAIN].concat();
            page("bad", "✕", "Access was not allowed", &body)
        }
        Error::Refused { error, description } => {
            let separator = if description.is_empty() { "" } else { ": " };
            worked_not([&quoted(&[error, separator, description].concat()), CHECK].concat())
        }
        error => worked_not([&quoted(&error.to_string()), AGAIN, TERMINAL].concat()),
    }
}

/// An answer that is not this login's.
pub(super) fn foreign() -> String {
    page(
        "odd",
        "?",
        "This is not the answer popfetch waits for",
        "<p>It may belong to an earlier login. popfetch still waits: go on with the address that it printed last.</p>",
    )
}

/// Any other path or request.
pub(super) fn nothing_here() -> String {
    page(
        "odd",
        "?",
        "There is nothing here",
        "<p>popfetch waits at this address for the end of a login, and for nothing else.</p>",
    )
}

/// What is quoted, if anything was said.
fn quoted(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("<blockquote>{}</blockquote>", escaped(text))
    }
}

fn page(class: &str, sign: &str, title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body class=\"{class}\">\n<main>\n<h1><span aria-hidden=\"true\">{sign}</span>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

/// A text that cannot be markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_no_markup() {
        let page = failure(&Error::refused(
            "x",
            "<script>",
            "\"><img src=x onerror='alert(1)'>&",
        ));
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
    }

    #[test]
    fn pages_load_nothing() {
        let failed = failure(&Error::Expired);
        for page in [success(), failed, foreign(), nothing_here()] {
            for outside in [
                "http:", "https:", "url(", "src=", "href=", "@import", "<script",
            ] {
                assert!(!page.contains(outside), "{outside}");
            }
        }
    }
}
