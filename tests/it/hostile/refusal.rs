//! Servers that say no: to everything, one command at a time, with a response code in odd places and case.

use super::case::{Case, LOGIN, Way, stored};
use super::trial::try_all;
use crate::support::options::{Act, Fault};

#[test]
fn a_refusal_is_told_by_its_code_whatever_its_case() {
    let texts = [
        ("-ERR", 0),
        ("-ERR [IN-USE] busy", 75),
        ("-ERR [in-use] busy", 75),
        ("-ERR [In-Use/elsewhere] busy", 75),
        ("-ERR [LOGIN-DELAY] wait", 75),
        ("-ERR [login-delay]", 75),
        ("-ERR [SYS/TEMP] later", 75),
        ("-ERR [sys/temp/disk/full] later", 75),
        ("-ERR [SYS/PERM] never", 69),
        ("-ERR [Sys/Perm] never", 69),
        ("-ERR [AUTH] you", 77),
        ("-ERR [auth/expired] you", 77),
        // These are no codes.
        ("-ERR  [IN-USE] too far right", 0),
        ("-ERR busy [IN-USE]", 0),
        ("-ERR [IN-USE busy", 0),
        ("-ERR [SYS] x", 0),
        ("-ERR []", 0),
        ("-ERR [[IN-USE]]", 0),
        ("-ERR\t[IN-USE] busy", 75),
    ];
    // What is refused, what that means without a code, and what was sent until then.
    let places: [(&str, i32, &[&str]); 4] = [
        ("GREETING", 69, &[]),
        ("USER", 77, &["CAPA", LOGIN]),
        ("PASS", 77, &["CAPA", LOGIN]),
        ("LIST", 69, &["CAPA", LOGIN, "STAT"]),
    ];
    let cases = texts.into_iter().flat_map(|(text, coded)| {
        places.into_iter().map(move |(command, usual, sent)| {
            let code = if coded == 0 { usual } else { coded };
            let case =
                Case::new(format!("{command}: {text:?}")).says_to(command, format!("{text}\r\n"));
            case.fails(code, &[]).arrives(vec![]).sent(&[sent])
        })
    });
    try_all("refusals by code", cases.collect());
}

#[test]
fn a_server_that_refuses_everything_is_left_alone() {
    let refusal = |command| Fault::Each(command, Act::reply("-ERR no"));
    let all = [
        "CAPA", "USER", "PASS", "AUTH", "APOP", "LIST", "UIDL", "STAT", "QUIT",
    ];
    let case = |name: &str| Case::new(name).arrives(vec![]);
    let everything = all.into_iter().fold(case("everything"), |case, command| {
        case.fault(refusal(command))
    });
    let everything = everything.fails(77, &["no"]).sent(&[&["CAPA", "USER"]]);
    let capa = Case::new("CAPA").fault(refusal("CAPA")).sent(&[&[
        "CAPA", "USER", "PASS", "LIST", "UIDL", "RETR", "RETR", "RETR", "QUIT",
    ]]);
    let uidl = Case::new("UIDL")
        .fault(refusal("UIDL"))
        .told_in(1)
        .asks(3)
        .sent(&[&["CAPA", LOGIN, "3 TOP", "3 RETR", "QUIT"]]);
    let heads = case("UIDL and TOP")
        .fault(refusal("UIDL"))
        .fault(refusal("TOP"));
    let heads = heads
        .fails(69, &["UIDL"])
        .sent(&[&["CAPA", LOGIN, "3 TOP", "STAT"]]);
    let mail = case("RETR")
        .fault(refusal("RETR"))
        .fails(69, &["uid-0"])
        .told_in(3)
        .sent(&[&["CAPA", LOGIN, "3 RETR", "STAT", "QUIT"]]);
    let stat = case("LIST and STAT")
        .fault(refusal("LIST"))
        .fault(refusal("STAT"));
    let stat = stat.fails(69, &[]).sent(&[&["CAPA", LOGIN, "STAT"]]);
    let quit = Case::new("QUIT").fault(refusal("QUIT"));
    try_all(
        "servers that refuse",
        vec![everything, capa, uidl, heads, mail, stat, quit],
    );
}

#[test]
fn a_login_that_is_taken_and_then_broken_brings_nothing() {
    let nonsense = [
        "",
        "hello",
        "* OK",
        "220 mail ESMTP",
        "HTTP/1.1 400 Bad Request",
        "+",
        "\u{16}\u{3}\u{1}",
        "\0\0\0",
    ];
    let cases = nonsense.into_iter().flat_map(|line| {
        ["GREETING", "CAPA", "USER", "PASS", "LIST", "UIDL"]
            .into_iter()
            .map(move |command| {
                let sent: &[&str] = match command {
                    "GREETING" => &[],
                    "CAPA" => &["CAPA"],
                    _ => &["CAPA", LOGIN],
                };
                let case = Case::new(format!("{line:?} to {command}"))
                    .says_to(command, format!("{line}\r\n"));
                case.fails(76, &[]).arrives(vec![]).sent(&[sent])
            })
    });
    // The login is not judged by who may have sent the line behind it.
    let behind = Case::new("+OK, and nonsense").at("PASS", Act::After(b"nonsense\r\n".to_vec()));
    let behind = behind
        .fails(76, &["LIST"])
        .arrives(vec![])
        .sent(&[&["CAPA", LOGIN]]);
    try_all("nonsense", cases.chain([behind]).collect());
}

#[test]
fn a_command_that_is_never_answered_ends_the_run() {
    let places: [(&str, &[&str], usize); 8] = [
        ("GREETING", &[], 0),
        ("CAPA", &["CAPA"], 0),
        ("USER", &["CAPA", LOGIN], 0),
        ("PASS", &["CAPA", LOGIN], 0),
        ("LIST", &["CAPA", LOGIN], 0),
        ("UIDL", &["CAPA", LOGIN], 0),
        ("RETR 1", &["CAPA", LOGIN, "3 RETR"], 0),
        ("RETR 3", &["CAPA", LOGIN, "3 RETR"], 2),
    ];
    let cases = places.into_iter().flat_map(|(command, sent, here)| {
        [Way::Clear, Way::Implicit].map(|way| {
            let case = Case::new(format!("{command}, {way:?}"))
                .at(command, Act::Stall)
                .by(way)
                .stalls();
            // Whether a server that never greets waits for TLS is found out on a connection of its own.
            let case = match (command, way) {
                ("GREETING", Way::Clear) => case.sent(&[&[], &[]]),
                _ => case.sent(&[sent]),
            };
            case.fails(75, &["silent"]).arrives(stored(0..here))
        })
    });
    let quit = Case::new("QUIT").at("QUIT", Act::Stall).stalls();
    try_all("silence", cases.chain([quit]).collect());
}
