//! Which mechanism a login takes: what is wanted, what there is to prove it with, what the server offers.
//!
//! Pure. Invariant: in the clear, nothing that shows the secret is taken where the server offers what does not.

use super::{Auth, Mechanism, Need};
use crate::pop3::capability::Capabilities;

/// The best first; what shows the password only to the server counts as good as what does not show it, under TLS.
const PROTECTED: [Mechanism; 7] = [
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::Plain,
    Mechanism::CramMd5,
    Mechanism::Login,
    Mechanism::Apop,
    Mechanism::UserPass,
];

/// The same where others may listen in: who gets as far as this without TLS allowed the password to be shown.
const IN_THE_CLEAR: [Mechanism; 7] = [
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::CramMd5,
    Mechanism::Apop,
    Mechanism::Plain,
    Mechanism::Login,
    Mechanism::UserPass,
];

impl Auth {
    /// The mechanism to log in with; the last resort as an error, if that is ruled out, too.
    ///
    /// `greeted` says whether the greeting holds a timestamp (RFC 1939 §7), `ruled_out` which mechanisms the server proved
    /// not to know.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn choose(
        self,
        need: Need,
        offered: &Capabilities,
        greeted: bool,
        is_protected: bool,
        ruled_out: &[Mechanism],
    ) -> Result<Mechanism, Mechanism> {
        if let Self::Only(mechanism) = self {
            return Ok(mechanism);
        }
        let is_offered = |mechanism: &Mechanism| {
            let is_there = match mechanism {
                Mechanism::Apop => greeted,
                // Servers that leave it out of CAPA have it.
                Mechanism::UserPass => true,
                mechanism => offered.offers(*mechanism),
            };
            is_there && !ruled_out.contains(mechanism)
        };
        let (order, last): (&[Mechanism], _) = match need {
            Need::Certificate => (&[], Mechanism::External),
            // What takes tokens may not be announced.
            Need::Token => (
                &[Mechanism::Xoauth2, Mechanism::OauthBearer],
                Mechanism::Xoauth2,
            ),
            Need::Password if is_protected => (&PROTECTED, Mechanism::UserPass),
            Need::Password => (&IN_THE_CLEAR, Mechanism::UserPass),
        };
        match order.iter().copied().find(is_offered) {
            Some(mechanism) => Ok(mechanism),
            None if ruled_out.contains(&last) => Err(last),
            None => Ok(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(capa: &str, greeted: bool, is_protected: bool) -> Mechanism {
        let offered = Capabilities::from_lines(capa);
        let chosen = Auth::Auto.choose(Need::Password, &offered, greeted, is_protected, &[]);
        chosen.unwrap()
    }

    #[test]
    fn under_tls_the_strongest_that_is_offered_is_taken() {
        use Mechanism as M;
        let mut sasl = "SASL LOGIN CRAM-MD5 PLAIN SCRAM-SHA-1 SCRAM-SHA-256".to_owned();
        for expected in [
            M::ScramSha256,
            M::ScramSha1,
            M::Plain,
            M::CramMd5,
            M::Login,
            M::Apop,
        ] {
            assert_eq!(chosen(&sasl, true, true), expected);
            sasl = sasl.replace(&format!(" {}", expected.name()), "");
        }
        assert_eq!(chosen("SASL GSSAPI\nUSER", false, true), M::UserPass);
        // CAPA may be unknown to the server.
        assert_eq!(chosen("", false, true), M::UserPass);
    }

    #[test]
    fn in_the_clear_what_hides_the_password_comes_first() {
        let all = "USER\nSASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1";
        assert_eq!(chosen(all, true, false), Mechanism::ScramSha1);
        let old = "USER\nSASL PLAIN LOGIN CRAM-MD5";
        assert_eq!(chosen(old, true, false), Mechanism::CramMd5);
        assert_eq!(
            chosen("USER\nSASL PLAIN LOGIN", true, false),
            Mechanism::Apop
        );
        assert_eq!(
            chosen("USER\nSASL PLAIN LOGIN", false, false),
            Mechanism::Plain
        );
    }

    #[test]
    fn a_token_goes_the_way_that_is_offered_or_the_usual_one() {
        let chosen = |capa| {
            let offered = Capabilities::from_lines(capa);
            let chosen = Auth::Auto.choose(Need::Token, &offered, true, true, &[]);
            chosen.unwrap()
        };
        assert_eq!(chosen("SASL PLAIN XOAUTH2 OAUTHBEARER"), Mechanism::Xoauth2);
        assert_eq!(chosen("SASL PLAIN OAUTHBEARER"), Mechanism::OauthBearer);
        assert_eq!(chosen("SASL PLAIN"), Mechanism::Xoauth2);
    }

    #[test]
    fn what_the_server_proved_not_to_know_is_passed_over() {
        let offered = Capabilities::from_lines("USER\nSASL PLAIN");
        let choose = |ruled_out: &[Mechanism]| {
            Auth::Auto.choose(Need::Password, &offered, true, true, ruled_out)
        };
        assert_eq!(choose(&[Mechanism::Plain]), Ok(Mechanism::Apop));
        let all_but_one = [Mechanism::Plain, Mechanism::Apop];
        assert_eq!(choose(&all_but_one), Ok(Mechanism::UserPass));
        let all = [&all_but_one[..], &[Mechanism::UserPass]].concat();
        assert_eq!(choose(&all), Err(Mechanism::UserPass));
    }

    #[test]
    fn what_is_asked_for_is_taken_whatever_is_offered() {
        let offered = Capabilities::from_lines("USER");
        let only = Auth::Only(Mechanism::CramMd5);
        let chosen = only.choose(Need::Password, &offered, false, true, &[]);
        assert_eq!(chosen, Ok(Mechanism::CramMd5));
    }
}
