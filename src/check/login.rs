//! Finds the secret, asks what the server can do, and logs in.
//!
//! It refuses to know where a secret comes from. Invariants: nothing is connected to for the login before the secret is
//! there; a password that was refused is not tried again, and a token once more only in a new form.

use std::collections::BTreeSet;

use super::Subject;
use super::finding::{Mark, Teller, Topic};
use super::record::Record;
use super::trouble::Trouble;
use crate::pop3::{
    Ahead, Argument, Auth, Capabilities, Code, Connection, Credentials, Error, Line, Listings,
    Login, Mechanism, Need, Proof, Security, Session,
};
use crate::secret::Secret;

/// What a login is proved with, and the token that it is made of, if it is one.
pub(super) type Evidence = (Credentials, Option<Secret>);

/// Finds the secret; nothing where that fails, which is told.
pub(super) fn secret(subject: &Subject<'_>, teller: &mut Teller<'_>) -> Option<Evidence> {
    teller.begin(Topic::Secret);
    let (secret, place) = match (subject.secret)() {
        Ok(found) => found,
        Err(error) => {
            teller.fail(Topic::Secret, "", error);
            return None;
        }
    };
    match evidence(subject, secret) {
        Ok(evidence) => {
            teller.pass(Topic::Secret, place);
            Some(evidence)
        }
        Err(trouble) => {
            teller.fail(Topic::Secret, place, trouble);
            None
        }
    }
}

fn evidence(subject: &Subject<'_>, secret: Secret) -> Result<Evidence, Trouble> {
    let argument =
        |what, secret| Argument::new(secret).map_err(|source| Trouble::Unsendable { what, source });
    let user = argument("user", Secret::new(subject.user))?;
    let (proof, token) = match subject.need {
        Need::Password => (Proof::Password(argument("password", secret)?), None),
        Need::Token => (
            Proof::Token(argument("token", secret.clone())?),
            Some(secret),
        ),
        Need::Certificate => (Proof::Certificate, None),
    };
    Ok((Credentials { user, proof }, token))
}

/// Finds out whether a run from cron would find the secret, too.
pub(super) fn unattended(subject: &Subject<'_>, teller: &mut Teller<'_>) {
    let Some(find) = subject.unattended else {
        return;
    };
    teller.begin(Topic::Unattended);
    match find() {
        Ok(seen) => teller.pass(Topic::Unattended, seen),
        Err(trouble) => teller.note(Topic::Unattended, "the secret", trouble),
    }
}

/// Asks what the server can do, and logs in; nothing where that fails or is better left, which is told.
pub(super) fn log_in(
    subject: &Subject<'_>,
    connection: Connection<Line>,
    evidence: Option<Evidence>,
    record: &Record,
    teller: &mut Teller<'_>,
) -> Option<(Session<Line>, Listings)> {
    let mut connection = connection;
    let offered = match capabilities(&mut connection, teller) {
        Ok(offered) => offered,
        Err(error) => {
            teller.fail(Topic::Capabilities, "CAPA", error);
            return None;
        }
    };
    let (mut credentials, mut token) = evidence?;
    teller.begin(Topic::Login);
    if let Some(reason) = record.reason_to_wait(subject) {
        let mark = match reason {
            Trouble::TooSoon { .. } => Mark::Fail,
            _ => Mark::Note,
        };
        teller.trouble(Topic::Login, mark, subject.user, reason);
        return None;
    }
    let mut ruled_out = Vec::new();
    loop {
        let mechanism = choose(subject, &credentials, &connection, &offered, &ruled_out);
        let mechanism = mechanism
            .map_err(|error| teller.fail(Topic::Login, subject.user, error))
            .ok()?;
        let error = match attempt(subject, connection, &credentials, mechanism) {
            Ok(opened) => {
                let seen = format!("as {} by {mechanism}", subject.user);
                teller.pass(Topic::Login, seen);
                return Some(opened);
            }
            Err(error) => error,
        };
        match again(subject, &error, &mut token) {
            Ok(Again::OtherMechanism) if subject.auth == Auth::Auto => ruled_out.push(mechanism),
            Ok(Again::OtherMechanism) => {
                let error = not_offered(mechanism, &offered);
                teller.fail(Topic::Login, subject.user, error);
                return None;
            }
            Ok(Again::OtherToken(proof)) => credentials.proof = proof,
            Ok(Again::No) => {
                teller.fail(Topic::Login, subject.user, error);
                return None;
            }
            Err(trouble) => {
                teller.fail(Topic::Login, subject.user, trouble);
                return None;
            }
        }
        let who = Some(&credentials);
        connection = match Connection::open_for(subject.endpoint, &subject.patience, who) {
            Ok(connection) => connection,
            Err(error) => {
                teller.fail(Topic::Login, subject.user, error);
                return None;
            }
        };
    }
}

fn capabilities(
    connection: &mut Connection<Line>,
    teller: &mut Teller<'_>,
) -> Result<Capabilities, Error> {
    teller.begin(Topic::Capabilities);
    let greeting = connection
        .greeting()
        .map(|reply| format!("greeting: {reply}"));
    let Some(lines) = connection.announcement()? else {
        let seen = "the server does not know CAPA: it gets one command at a time";
        teller.detailed(Topic::Capabilities, seen, greeting.into_iter().collect());
        return Ok(Capabilities::default());
    };
    let offered = Capabilities::from_lines(&lines.join("\n"));
    let keywords: BTreeSet<String> = lines
        .iter()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_ascii_uppercase)
        .collect();
    let mut seen = Vec::new();
    if offered.pipelining() {
        seen.push("pipelining".to_owned());
    }
    for keyword in ["UIDL", "TOP"] {
        if keywords.contains(keyword) {
            seen.push(keyword.to_owned());
        }
    }
    let logins: Vec<&str> = offered.mechanisms().map(Mechanism::name).collect();
    if !logins.is_empty() {
        seen.push(format!("logins by {}", logins.join(" ")));
    }
    if let Some(delay) = offered.login_delay() {
        seen.push(format!("{} s between two logins", delay.as_secs()));
    }
    if seen.is_empty() {
        seen.push("nothing that popfetch knows".to_owned());
    }
    let details = greeting.into_iter().chain(lines).collect();
    teller.detailed(Topic::Capabilities, seen.join(", "), details);
    Ok(offered)
}

fn choose(
    subject: &Subject<'_>,
    credentials: &Credentials,
    connection: &Connection<Line>,
    offered: &Capabilities,
    ruled_out: &[Mechanism],
) -> Result<Mechanism, Error> {
    let chosen = subject.auth.choose(
        credentials.proof.kind(),
        offered,
        connection.timestamp().is_some(),
        subject.endpoint.security != Security::Cleartext,
        ruled_out,
    );
    chosen.map_err(|last| not_offered(last, offered))
}

fn not_offered(mechanism: Mechanism, offered: &Capabilities) -> Error {
    let offered: Vec<&str> = offered.mechanisms().map(Mechanism::name).collect();
    let offered = offered.join(", ");
    Error::NotOffered { mechanism, offered }
}

/// One login, and what is in the maildrop; one command at a time, which every server takes.
fn attempt(
    subject: &Subject<'_>,
    connection: Connection<Line>,
    credentials: &Credentials,
    mechanism: Mechanism,
) -> Result<(Session<Line>, Listings), Error> {
    let endpoint = subject.endpoint;
    let login = Login {
        credentials,
        mechanism,
        server: (&endpoint.host, endpoint.port),
        nonce: &(subject.nonce)(),
    };
    connection.open_maildrop(&login, Ahead::Nothing)?.finish()
}

/// Whether, and how, a login may be tried again.
enum Again {
    No,
    OtherMechanism,
    OtherToken(Proof),
}

fn again(
    subject: &Subject<'_>,
    error: &Error,
    token: &mut Option<Secret>,
) -> Result<Again, Trouble> {
    let Error::Login { reply, .. } = error else {
        return Ok(Again::No);
    };
    // Nothing was judged: the server does not know what was asked of it.
    if reply.is_unknown() {
        return Ok(Again::OtherMechanism);
    }
    let is_judged = matches!(reply.code, None | Some(Code::Auth));
    let Some(refused) = token.take().filter(|_| is_judged) else {
        return Ok(Again::No);
    };
    let Some(renewed) = (subject.renew)(&refused)? else {
        return Ok(Again::No);
    };
    let what = "token";
    let renewed = Argument::new(renewed).map_err(|source| Trouble::Unsendable { what, source })?;
    Ok(Again::OtherToken(Proof::Token(renewed)))
}
