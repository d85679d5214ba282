//! A POP3 session written down as the RFCs do, played to a client in memory.
//!
//! It owns the text's meaning and the order of things. It refuses to know what a client or a reply is.
//!
//! | line | means |
//! |---|---|
//! | `S: text` | the server sends this line, with CRLF |
//! | `S-RAW: "bytes"` | the server sends these bytes, with the escapes `\r \n \t \\ \" \xNN` |
//! | `C: text` | the client writes exactly this line, with CRLF |
//! | `JUNK n` | the server sends n bytes of noise, the same each time |
//! | `DRIP` | from here on a read gives one byte |
//! | `STALL` | the next read fails with `TimedOut` |
//! | `CUT` | end of file; a write fails with `BrokenPipe`. It is the last line |
//! | `# …` or nothing | nothing |
//!
//! Invariant: a line happens only after all lines above it. A client that reads where it should write, or writes
//! before it has read what stands above, panics with the place in the transcript. Where a client pipelines, its
//! `C:` lines stand together.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a transcript is read from a text.
pub(crate) struct Transcript;

/// The client's end of the line.
#[derive(Clone, Debug)]
pub(crate) struct Stream(Arc<Mutex<Script>>);

/// Tells whether the session went to its end.
#[derive(Debug)]
pub(crate) struct Check(Arc<Mutex<Script>>);

#[derive(Debug)]
struct Script {
    text: Vec<String>,
    /// What is still to happen, each step with its line's index in `text`.
    steps: VecDeque<(usize, Step)>,
    dripping: bool,
    cut: bool,
}

#[derive(Debug)]
enum Step {
    /// What of it the client has not read yet.
    Server(VecDeque<u8>),
    /// The whole line, and how much of it the client has written.
    Client(Vec<u8>, usize),
    Drip,
    Stall,
    Cut,
}

impl Transcript {
    /// The stream for a client, and the check for after it. Indentation does not count.
    #[expect(
        clippy::new_ret_no_self,
        reason = "a transcript is nothing beside its two ends"
    )]
    pub(crate) fn new(text: &str) -> (Stream, Check) {
        let text: Vec<String> = text
            .lines()
            .map(|line| line.trim_start().to_owned())
            .collect();
        let steps: VecDeque<_> = text
            .iter()
            .enumerate()
            .filter_map(|(index, line)| Some((index, parse(line)?)))
            .collect();
        let cut = steps.iter().position(|(_, step)| matches!(step, Step::Cut));
        assert!(
            cut.is_none_or(|at| at + 1 == steps.len()),
            "CUT is the last line of a transcript"
        );
        let script = Arc::new(Mutex::new(Script {
            text,
            steps,
            dripping: false,
            cut: false,
        }));
        (Stream(Arc::clone(&script)), Check(script))
    }
}

/// The step of a line, if it is one.
fn parse(line: &str) -> Option<Step> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let with_end = || format!("{rest}\r\n").into_bytes();
    Some(match verb {
        "S:" => Step::Server(with_end().into()),
        "C:" => Step::Client(with_end(), 0),
        "S-RAW:" => Step::Server(unescape(rest).into()),
        "JUNK" => Step::Server(junk(
            rest.trim().parse().expect("JUNK is followed by a number"),
        )),
        "DRIP" => Step::Drip,
        "STALL" => Step::Stall,
        "CUT" => Step::Cut,
        _ if line.is_empty() || verb.starts_with('#') => return None,
        _ => panic!("not a line of a transcript: {line:?}"),
    })
}

/// The bytes that a quoted string stands for.
fn unescape(quoted: &str) -> Vec<u8> {
    let inner = quoted
        .trim()
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let mut rest = inner
        .unwrap_or_else(|| panic!("S-RAW is followed by a quoted string, not {quoted}"))
        .bytes();
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'x') => {
                    let mut digit = || char::from(rest.next()?).to_digit(16);
                    let value = digit().and_then(|high| Some(high * 16 + digit()?));
                    value
                        .and_then(|value| u8::try_from(value).ok())
                        .expect("two hexadecimal digits follow \\x")
                }
                Some(itself @ (b'\\' | b'"')) => itself,
                other => panic!("an unknown escape in {quoted}: {:?}", other.map(char::from)),
            },
            byte => byte,
        });
    }
    bytes
}

/// Noise from a linear congruence.
fn junk(count: usize) -> VecDeque<u8> {
    let next = |seed: &u32| Some(seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(1), next)
        .map(|seed| seed.to_be_bytes()[0])
        .take(count)
        .collect()
}

impl Script {
    /// Panics, showing the transcript with the place where it stands.
    fn fail(&self, what: &str) -> ! {
        let here = self.steps.front().map(|(index, _)| *index);
        let mut shown = String::new();
        for (index, line) in self.text.iter().enumerate() {
            let mark = if here == Some(index) { "==>" } else { "   " };
            writeln!(shown, "{mark} {line}").expect("a string takes any text");
        }
        let end = if here.is_none() { "==> the end\n" } else { "" };
        panic!("{what}\n{shown}{end}");
    }

    /// Takes up what is no read and no write, and steps that are done.
    fn settle(&mut self) {
        while let Some((_, step)) = self.steps.front() {
            match step {
                Step::Drip => self.dripping = true,
                Step::Server(bytes) if bytes.is_empty() => {}
                Step::Client(line, written) if *written == line.len() => {}
                _ => return,
            }
            self.steps.pop_front();
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() && !(self.dripping && count == 1) {
            match self.steps.front_mut() {
                Some((_, Step::Server(bytes))) => {
                    buffer[count] = bytes
                        .pop_front()
                        .expect("a step that is done was taken away");
                    count += 1;
                    self.settle();
                }
                _ if count > 0 => break,
                Some((_, Step::Stall)) => {
                    self.steps.pop_front();
                    self.settle();
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Some((_, Step::Cut)) => {
                    self.steps.pop_front();
                    self.cut = true;
                }
                _ if self.cut => break,
                Some(_) => self.fail("the client reads where it should write"),
                None => self.fail("the client reads behind the end of the transcript"),
            }
        }
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            let rest = bytes[index..].escape_ascii();
            match self.steps.front_mut() {
                Some((_, Step::Client(line, written))) if line[*written] == *byte => *written += 1,
                Some((_, Step::Client(line, written))) => {
                    let so_far = line[..*written].escape_ascii().to_string();
                    self.fail(&format!("the client writes \"{so_far}{rest}\""));
                }
                Some((_, Step::Cut)) => return Err(io::ErrorKind::BrokenPipe.into()),
                _ if self.cut => return Err(io::ErrorKind::BrokenPipe.into()),
                Some(_) => self.fail(&format!(
                    "the client writes \"{rest}\" where it should read"
                )),
                None => self.fail(&format!(
                    "the client writes \"{rest}\" behind the end of the transcript"
                )),
            }
            self.settle();
        }
        Ok(bytes.len())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        script.settle();
        script.read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        script.settle();
        script.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Check {
    /// Asserts that the client wrote and read all of the transcript.
    pub(crate) fn finished(self) {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        script.settle();
        if !script.steps.is_empty() {
            script.fail("the client ended before the transcript did");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn complaint(act: impl FnOnce()) -> String {
        let panic = catch_unwind(AssertUnwindSafe(act)).expect_err("it should have panicked");
        panic.downcast_ref::<String>().expect("a message").clone()
    }

    #[test]
    fn a_pipelining_client_is_answered_once_it_wrote_all() {
        let (mut stream, check) = Transcript::new(
            "S: +OK hello
             C: STAT
             C: QUIT
             S: +OK 0 0
             S-RAW: \"+OK\\x20bye\\r\\n\"
             CUT",
        );
        let mut buffer = [0; 64];
        assert_eq!(stream.read(&mut buffer).unwrap(), 11);
        stream.write_all(b"STAT\r\nQU").unwrap();
        stream.write_all(b"IT\r\n").unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"+OK 0 0\r\n+OK bye\r\n");
        assert_eq!(
            stream.write(b"X").unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
        check.finished();
    }

    #[test]
    fn a_stall_is_one_time_out_and_a_drip_is_a_byte_a_read() {
        let (mut stream, check) = Transcript::new("S: a\nSTALL\nDRIP\nS: b\nJUNK 3");
        let mut buffer = [0; 64];
        assert_eq!(stream.read(&mut buffer).unwrap(), 3);
        assert_eq!(
            stream.read(&mut buffer).unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        for _ in 0..6 {
            assert_eq!(stream.read(&mut buffer).unwrap(), 1);
        }
        check.finished();
    }

    #[test]
    fn what_comes_out_of_turn_is_shown_with_its_place() {
        let text = "S: +OK\nC: NOOP\nS: +OK";
        let (mut stream, check) = Transcript::new(text);
        let early = complaint(|| drop(stream.write(b"NOOP\r\n")));
        assert!(
            early.contains("\"NOOP\\r\\n\" where it should read\n==> S: +OK\n    C: NOOP"),
            "{early}"
        );
        let mut buffer = [0; 64];
        stream.read_exact(&mut buffer[..5]).unwrap();
        let read = complaint(|| drop(stream.read(&mut buffer)));
        assert!(
            read.contains("reads where it should write\n    S: +OK\n==> C: NOOP"),
            "{read}"
        );
        let other = complaint(|| drop(stream.write(b"NOPE\r\n")));
        assert!(other.contains("writes \"NOPE\\r\\n\"\n"), "{other}");
        let unfinished = complaint(|| check.finished());
        assert!(
            unfinished.contains("ended before the transcript did"),
            "{unfinished}"
        );
    }
}
