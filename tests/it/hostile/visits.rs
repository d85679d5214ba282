//! What a server says of its mail from one session to the next: numbers that move, uids that are used again, a maildrop
//! that grows, shrinks, comes back.
//!
//! Invariant: after each visit all that a session ever showed is here once, and a session that shows nothing new brings
//! nothing.

use super::case::letter;
use super::trial::try_visits;
use crate::support::maildrop::Message;

/// Each word is a message: `2` is a letter under its own uid, `new:2` that letter under this one, and `a=2` another one,
/// of a size like no other's. In a uid `_` stands for a space.
fn maildrop(words: &str) -> Vec<Message> {
    let message = |word: &str| {
        if let Some((uid, n)) = word.split_once('=') {
            let n: usize = n.parse().unwrap();
            let text = format!("Subject: {n}\r\n\r\n{}\r\n", "x".repeat(200 + n));
            Message::new(uid.replace('_', " "), text)
        } else if let Some((uid, n)) = word.split_once(':') {
            let uid = uid.replace('_', " ").into_bytes();
            Message {
                uid,
                ..letter(n.parse().unwrap())
            }
        } else {
            letter(word.parse().unwrap())
        }
    };
    words.split_whitespace().map(message).collect()
}

/// What becomes of a maildrop, one session after the other.
const VISITS: &[(&str, &str)] = &[
    ("it grows", "0 | 0 1 | 0 1 2 3 4 5 6 7"),
    ("it grows at the front", "5 | 4 5 | 1 2 3 4 5"),
    ("it shrinks", "0 1 2 | 1 |"),
    ("it is empty in between", "0 1 2 | | 0 1 2"),
    ("its numbers move", "0 1 2 | 2 0 1 | 1 2"),
    ("it turns round", "0 1 2 3 | 3 2 1 0"),
    ("a deleted message is listed again", "0 1 | 1 | 0 1"),
    ("another has its place", "0 1 2 | 0 7 2"),
    ("all others", "0 1 2 | 3 4 5"),
    ("new uids", "0 1 2 3 | n-0:0 n-1:1 n-2:2 n-3:3"),
    ("exchanged uids", "a=0 b=1 | b=0 a=1"),
    ("a uid used again", "a=0 | a=5"),
    ("a uid used again after a while", "a=0 1 | 1 | a=5 1"),
    ("a uid that two come to share", "a=0 | a=0 a=7"),
    ("a uid that two shared", "a=0 a=7 | a=7"),
    ("uids that differ in case", "uid:0 | uid:0 UID:1 Uid:2"),
    ("uids that differ in a space", "u:0 | u:0 u_:1 _u:2"),
    ("uids that begin alike", "u:0 | u:0 uu:1 uuu:2"),
    ("uids cut short", "long-uid:0 | long-uid:0 long:1"),
    (
        "uids that are the numbers, and the first is gone",
        "1=0 2=1 3=2 | 1=1 2=2 | 1=1 2=2 3=9",
    ),
    ("the same again and again", "0 1 | 0 1 | 0 1 | 0 1"),
    ("it comes and goes", "0 | | 0 1 | | 1 2 | 0 1 2"),
];

#[test]
fn whatever_a_maildrop_becomes_between_two_sessions_nothing_is_lost_or_doubled() {
    try_visits("visits", VISITS, maildrop);
}
