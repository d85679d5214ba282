//! LIST and UIDL that lie, or disagree, and uids that are none by RFC 1939 §7.
//!
//! What can be told apart comes, the rest is told; a line that is none ends the session. Sizes are hints.

use popfetch::mail::Digest;
use sha2::{Digest as _, Sha256};

use super::case::{Case, LOGIN, UNSURE, letter, stored};
use super::trial::try_all;
use crate::support::maildrop::Message;
use crate::support::options::Act;

/// The server's true listings.
const UIDS: &str = "1 uid-0\r\n2 uid-1\r\n3 uid-2\r\n";

/// What is sent where a listing is no good.
const ASKED: &[&str] = &["CAPA", LOGIN];

/// The true sizes, but for that of the second, whose line ends so.
fn sizes(second: &str) -> String {
    format!("+OK\r\n1 61\r\n2{second}\r\n3 61\r\n.\r\n")
}

#[test]
fn a_size_is_a_hint_however_large_or_small() {
    let claims = [
        0,
        1,
        60,
        62,
        61 * 4 + 1,
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        (1 << 63) - 1,
        1 << 63,
        u64::MAX,
    ];
    // What the disk may truly have no room for is left there, and so is no hint.
    let disk = rustix::fs::statvfs(std::env::temp_dir()).unwrap();
    let room = disk.f_bavail * disk.f_frsize;
    let is_sure = |claim: &u64| *claim < room / 8 || *claim > 1 << 60;
    let cases = claims.into_iter().filter(is_sure).flat_map(|claim| {
        let claimed = |n| Message {
            claimed: Some(claim),
            ..letter(n)
        };
        let one =
            Case::new(format!("one of {claim} octets")).mail([letter(0), claimed(1), letter(2)]);
        // Added up they are more than a number holds.
        let all = Case::new(format!("all of {claim} octets")).mail((0..3).map(claimed));
        [one, all].map(|case| case.sent(&[UNSURE]))
    });
    try_all("sizes that lie", cases.collect());
}

#[test]
fn a_size_may_be_spelled_oddly() {
    let cases = [
        " 0061",
        "  61",
        " 61 ",
        "\t61",
        " 61 octets",
        " 00000000000000000000000000000000061",
    ];
    let cases =
        cases.map(|second| Case::new(format!("size {second:?}")).says_to("LIST", sizes(second)));
    try_all("sizes spelled oddly", cases.into());
}

#[test]
fn a_line_of_sizes_that_is_none_ends_the_session() {
    let lines = [
        "",
        " ",
        " -1",
        " -61",
        " 0x3d",
        " 7e1",
        " 18446744073709551616",
        " 99999999999999999999999999999999",
        " \u{666}\u{661}",
        " seventy",
        ":61",
        " 61\0",
        "\u{a0}61",
    ];
    let cases = lines.map(|second| {
        let case = Case::new(format!("size {second:?}")).says_to("LIST", sizes(second));
        case.fails(76, &["LIST", "is no line of a listing"])
            .arrives(vec![])
            .sent(&[ASKED])
    });
    let numbers = [
        "",
        "0 61",
        "-1 61",
        "4294967296 61",
        "18446744073709551616 61",
        "x 61",
        " 4 61",
        "+4 61",
        "4.0 61",
        "+OK",
        "-ERR",
    ];
    let numbers = numbers.into_iter().flat_map(|line| {
        [("LIST", "1 61\r\n2 61\r\n3 61\r\n"), ("UIDL", UIDS)].map(|(command, lines)| {
            let case = Case::new(format!("{command} with {line:?}"));
            let case = case.says_to(command, format!("+OK\r\n{lines}{line}\r\n.\r\n"));
            case.fails(76, &[command, "is no line of a listing"])
                .arrives(vec![])
                .sent(&[ASKED])
        })
    });
    try_all(
        "lines that are none",
        cases.into_iter().chain(numbers).collect(),
    );
}

#[test]
fn a_listing_that_is_not_ended_is_none() {
    // Only CRLF dot CRLF is an end: what comes instead is silence, or what is no line.
    let silent = ["", ".", ".\r", ".\n", "\n.\n", "4 "];
    let cases = silent.into_iter().flat_map(|end| {
        [("LIST", "1 61\r\n2 61\r\n3 61\r\n"), ("UIDL", UIDS)].map(|(command, lines)| {
            let case = Case::new(format!("{command} with {end:?} at its end")).stalls();
            let case = case.says_to(command, format!("+OK\r\n{lines}{end}"));
            let case = if command == "LIST" {
                // The next listing is taken for the rest of it.
                case.at("UIDL", Act::Stall)
            } else {
                case
            };
            case.fails(75, &["silent", command])
                .arrives(vec![])
                .sent(&[ASKED])
        })
    });
    try_all("listings without end", cases.collect());
}

/// A case of these listings: `=` stands for the space in a line, and a space for the line's end.
fn differ(name: &str, list: &str, uidl: &str) -> Case {
    let reply = |lines: &str| {
        let lines = lines
            .split_whitespace()
            .map(|line| line.replace('=', " ") + "\r\n");
        format!("+OK\r\n{}.\r\n", lines.collect::<String>())
    };
    let case = Case::new(name).says_to("LIST", reply(list));
    case.says_to("UIDL", reply(uidl))
}

const LIST: &str = "1=61 2=61 3=61";
const UIDL: &str = "1=uid-0 2=uid-1 3=uid-2";

#[test]
fn listings_that_disagree_bring_what_can_be_told_apart_and_the_rest_is_told() {
    // LIST and UIDL, which letters come, how many others are told, and the first of those.
    let table = [
        (
            "above LIST",
            [LIST, "1=uid-0 2=uid-1 3=uid-2 4=uid-9"],
            "012",
            1,
            "message 4",
        ),
        (
            "far above LIST",
            [LIST, "1=uid-0 2=uid-1 3=uid-2 4294967295=x"],
            "012",
            1,
            "message 4294967295",
        ),
        (
            "UIDL without the last",
            [LIST, "1=uid-0 2=uid-1"],
            "01",
            1,
            "message 3",
        ),
        (
            "UIDL without the first",
            [LIST, "2=uid-1 3=uid-2"],
            "12",
            1,
            "message 1",
        ),
        ("UIDL without any", [LIST, ""], "", 3, "message 1"),
        ("LIST without any", ["", UIDL], "", 3, "message 1"),
        (
            "LIST without the second",
            ["1=61 3=61", UIDL],
            "02",
            1,
            "message 2",
        ),
        (
            "above UIDL",
            ["1=61 2=61 3=61 4=61", UIDL],
            "012",
            1,
            "message 4",
        ),
        (
            "an empty uid",
            [LIST, "1=uid-0 2= 3=uid-2"],
            "02",
            1,
            "message 2",
        ),
        (
            "no uid at all",
            [LIST, "1=uid-0 2 3=uid-2"],
            "02",
            1,
            "message 2",
        ),
        (
            "a number twice",
            [LIST, "1=uid-0 2=uid-1 2=uid-9 3=uid-2"],
            "02",
            1,
            "message 2",
        ),
        (
            "a line twice",
            [LIST, "1=uid-0 2=uid-1 2=uid-1 3=uid-2"],
            "02",
            1,
            "message 2",
        ),
    ];
    let cases = table.map(|(name, [list, uidl], come, told, first)| {
        let come: Vec<usize> = come.bytes().map(|digit| (digit - b'0').into()).collect();
        let sent: &[&str] = match come.len() {
            0 => &["CAPA", LOGIN, "QUIT"],
            2 => &["CAPA", LOGIN, "2 RETR", "QUIT"],
            _ => &["CAPA", LOGIN, "3 RETR", "QUIT"],
        };
        let case = differ(name, list, uidl).arrives(stored(come)).sent(&[sent]);
        case.fails(76, &[first]).told_in(told)
    });
    try_all("listings that disagree", cases.into());
}

#[test]
fn listings_in_any_order_are_the_same() {
    let table = [
        ("backwards", "3=61 2=61 1=61", "3=uid-2 2=uid-1 1=uid-0"),
        ("each its own", "3=61 1=61 2=61", "2=uid-1 1=uid-0 3=uid-2"),
        (
            "zeros in front",
            "01=61 002=61 3=61",
            "1=uid-0 2=uid-1 000000003=uid-2",
        ),
    ];
    let cases = table.map(|(name, list, uidl)| differ(name, list, uidl));
    // A size is a hint; where it is another one later, it is worth asking whether the message is.
    let twice = differ("a size twice", "1=61 2=61 2=99 3=61", UIDL)
        .asks(1)
        .sent(&[UNSURE]);
    try_all(
        "listings in any order",
        cases.into_iter().chain([twice]).collect(),
    );
}

#[test]
fn messages_that_are_not_there_are_refused_and_no_others_suffer() {
    // Listed in both, and unknown to RETR.
    let uidl = "1=uid-0 2=uid-1 3=uid-2 7=uid-6";
    let gap = differ("a gap", "1=61 2=61 3=61 7=61 ", uidl);
    let gap = gap
        .fails(69, &["uid-6", "no such message"])
        .sent(&[&["CAPA", LOGIN, "4 RETR", "STAT", "QUIT"]]);
    let last = differ(
        "the largest number",
        "1=61 2=61 3=61 4294967295=61 ",
        &uidl.replace('7', "4294967295"),
    );
    let last = last
        .fails(69, &["uid-6", "no such message"])
        .sent(&[&["CAPA", LOGIN, "4 RETR", "STAT", "QUIT"]]);
    try_all("messages that are not there", vec![gap, last]);
}

#[test]
fn a_uid_is_any_bytes_and_no_path() {
    let long = |length: usize| "x".repeat(length).into_bytes();
    let mut uids: Vec<Vec<u8>> = [
        "a b",
        " a",
        "a ",
        "  ",
        "\t",
        "../../../../escaped",
        "/etc/passwd",
        "..",
        ".",
        "-rf",
        "~",
        "a/b",
        "a\\b",
        "new/x",
        "tmp/../../x",
        "1:2,S",
        "\u{202e}gpj.exe",
        "\u{2066}x\u{2069}",
        "\u{200b}",
        "\u{e0041}\u{e007f}",
        "\u{85}",
        "\u{9b}31m",
        "\u{1b}[31mred",
        "\u{1b}]8;;http://x/\u{7}x\u{1b}]8;;\u{7}",
        "\u{7}\u{8}\u{c}\u{b}",
        "a\nb",
        "a\rb",
        "a\n",
        "a\n\nb",
        "$(touch x)",
        "`touch x`",
        "';--",
        "%s%n",
        "\u{fffd}",
        "NULL",
        "0",
        "uid-0 ",
    ]
    .map(|uid| uid.as_bytes().to_vec())
    .to_vec();
    uids.extend([
        b"a\0b".to_vec(),
        b"\0".to_vec(),
        b"\xff\xfe\x80\x9b".to_vec(),
        b"\xed\xa0\x80".to_vec(),
    ]);
    uids.extend([long(70), long(71), long(512)]);
    let cases = uids.into_iter().map(|uid| {
        let odd = Message {
            uid: uid.clone(),
            ..letter(1)
        };
        let start = uid[..uid.len().min(40)].escape_ascii();
        Case::new(format!("uid {start}")).mail([letter(0), odd, letter(2)])
    });
    let mut cases: Vec<_> = cases.collect();
    // With so long a uid the message cannot be listed: nothing is believed, and it comes when it has another.
    let endless = format!(
        "+OK\r\n1 uid-0\r\n2 {}\r\n3 uid-2\r\n.\r\n",
        "x".repeat(9_000)
    );
    let endless = Case::new("uid of 70000").says_to("UIDL", endless);
    cases.push(
        endless
            .fails(76, &["UIDL", "longer than"])
            .arrives(vec![])
            .sent(&[ASKED]),
    );
    try_all("uids", cases);
}

#[test]
fn messages_without_a_uid_that_is_any_good_come_each_once() {
    let under = |uid: &str, n: usize| Message {
        uid: uid.into(),
        ..letter(n)
    };
    let flights = |tops: &'static str| ["CAPA", LOGIN, tops, "3 RETR", "QUIT"];
    let longs = [513, 8000].map(|length| {
        let mail = [letter(0), under(&"u".repeat(length), 1), letter(2)];
        let case = Case::new(format!("a uid of {length} octets")).mail(mail);
        case.sent(&[&flights("TOP")])
    });
    // What stands in for the first message's uid is the third's, if that were believed.
    let header = letter(0).raw;
    let end = header.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let digest = Digest(Sha256::digest(&header[..end]).into());
    let stolen = format!("header-sha256:{digest}");
    let stolen = [under("same", 0), under("same", 1), under(&stolen, 2)];
    let stolen = Case::new("a stand-in that is another's").mail(stolen);
    let all = Case::new("all share").mail([under("same", 0), under("same", 1), under("same", 2)]);
    let two = Case::new("two share").mail([under("same", 0), under("own", 1), under("same", 2)]);
    let cases = [
        all.sent(&[&flights("3 TOP")]),
        two.sent(&[&flights("2 TOP")]),
        stolen.sent(&[&flights("3 TOP")]),
    ];
    let cases = cases.into_iter().chain(longs).collect();
    try_all("uids that are no good", cases);
}

#[test]
fn what_stat_would_say_is_not_asked() {
    let lies = [
        "+OK 0 0",
        "+OK 4294967295 18446744073709551615",
        "+OK 2 1",
        "-ERR",
        "nonsense",
    ];
    let cases =
        lies.map(|lie| Case::new(format!("STAT {lie}")).says_to("STAT", format!("{lie}\r\n")));
    let empty = Case::new("an empty maildrop without listing").mail([]);
    let empty = empty
        .says_to("LIST", "-ERR no messages\r\n")
        .says_to("UIDL", "-ERR no messages\r\n");
    let empty = empty.sent(&[&["CAPA", LOGIN, "STAT", "QUIT"]]);
    let refused = Case::new("LIST refused, and STAT denies").says_to("LIST", "-ERR not now\r\n");
    let refused = refused
        .fails(69, &["LIST", "not now"])
        .arrives(vec![])
        .sent(&[&["CAPA", LOGIN, "STAT"]]);
    try_all("STAT", cases.into_iter().chain([empty, refused]).collect());
}
