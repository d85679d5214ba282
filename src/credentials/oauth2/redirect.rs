//! What an authorisation server sends back through the browser or the person: a code or an error (RFC 6749 §4.1.2).
//!
//! Invariants: an answer of another login is told by its `state` and believed in nothing; a parameter that is there
//! twice makes the answer unfit (RFC 6749 §3.1).

use crate::secret::Secret;

/// A redirect of this login.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    /// What the tokens are got for.
    Code(Secret),
    /// The server said no.
    Error {
        /// The code (RFC 6749 §4.1.2.1).
        error: String,
        /// What the server says about it.
        description: String,
    },
}

/// What the query says; else why it is not this login's.
pub(super) fn read(query: &str, own: &Secret) -> Result<Redirect, &'static str> {
    let [mut code, mut state, mut error, mut description] = [const { None::<Secret> }; 4];
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let slot = match &*name {
            "code" => &mut code,
            "state" => &mut state,
            "error" => &mut error,
            "error_description" => &mut description,
            _ => continue,
        };
        if slot.replace(Secret::new(value.into_owned())).is_some() {
            return Err("it says the same thing twice");
        }
    }
    // Anything on this host, or a stranger's page, may have sent it.
    if state.as_ref() != Some(own) {
        return Err("it belongs to another login");
    }
    if let Some(error) = error {
        return Ok(Redirect::Error {
            error: error.expose().to_owned(),
            description: description.map_or_else(String::new, |text| text.expose().to_owned()),
        });
    }
    code.filter(|code| !code.expose().is_empty())
        .map(Redirect::Code)
        .ok_or("there is no code in it")
}

/// What a person pasted: the address that the browser ended at. `None` for an empty line.
pub(super) fn read_pasted(line: &str, own: &Secret) -> Result<Option<Redirect>, &'static str> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(None);
    }
    let Some((_, query)) = line.split_once('?').filter(|_| line.contains("://")) else {
        return Err("it is no such address");
    };
    let query = query.split('#').next().unwrap_or_default();
    read(query, own).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pasted(line: &str) -> Result<Option<Redirect>, &'static str> {
        read_pasted(line, &Secret::new("mine"))
    }

    fn code(text: &str) -> Redirect {
        Redirect::Code(Secret::new(text))
    }

    #[test]
    fn only_a_redirect_of_this_login_counts() {
        let own = Secret::new("mine");
        let read = |query| read(query, &own);
        assert_eq!(read("code=4%2F0A&state=mine&scope=x"), Ok(code("4/0A")));
        let foreign = Err("it belongs to another login");
        assert_eq!(read("code=4&state=theirs"), foreign);
        assert_eq!(read("code=4&state="), foreign);
        assert_eq!(read("code=4"), foreign);
        assert_eq!(read("error=access_denied"), foreign);
        assert_eq!(read(""), foreign);
        assert!(read("code=4&code=5&state=mine").is_err());
        assert!(read("code=4&state=mine&state=theirs").is_err());
        assert!(read("code=&state=mine").is_err());
    }

    #[test]
    fn an_error_of_this_login_is_told() {
        let own = Secret::new("mine");
        let query = "error=access_denied&error_description=not+today&state=mine";
        let told = Redirect::Error {
            error: "access_denied".to_owned(),
            description: "not today".to_owned(),
        };
        assert_eq!(read(query, &own), Ok(told));
    }

    #[test]
    fn an_address_can_be_pasted() {
        let own = code("4/0+A");
        for line in [
            "http://127.0.0.1:1/?code=4%2F0%2BA&state=mine#x\r\n",
            "  http://localhost:1?state=mine&code=4/0%2BA",
        ] {
            assert_eq!(pasted(line).unwrap().unwrap(), own, "{line}");
        }
    }

    #[test]
    fn a_pasted_line_that_is_something_else_is_told() {
        assert_eq!(pasted(" \n"), Ok(None));
        for line in [
            "http://127.0.0.1:1/?code=4&state=theirs",
            "http://127.0.0.1:1/?code=4",
            "http://127.0.0.1:1/",
            "what is this?",
            "4/0A",
            "code=4&state=mine",
        ] {
            assert!(pasted(line).is_err(), "{line}");
        }
    }
}
