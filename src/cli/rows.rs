//! Lays out what is on the server: a line a message, its columns aligned.
//!
//! It refuses to know where the texts come from; they are harmless already. Invariant: on a terminal no line is wider than
//! it, however wide its letters are.

use console::{measure_text_width, truncate_str};
use jiff::Timestamp;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) number: String,
    pub(super) size: String,
    pub(super) date: Option<Timestamp>,
    pub(super) presence: String,
    pub(super) plan: String,
    pub(super) from: String,
    pub(super) subject: String,
}

impl Row {
    /// How much its texts hold.
    pub(super) fn octets(&self) -> usize {
        let Self {
            number,
            size,
            date: _,
            presence,
            plan,
            from,
            subject,
        } = self;
        let texts = [number, size, presence, plan, from, subject];
        texts.into_iter().map(String::len).sum()
    }
}

/// From so many columns on, a date has its time.
const WIDE: usize = 100;

/// No sender gets more columns …
const MAX_FROM: usize = 24;

/// … and none fewer, nor a third of what there is for sender and subject.
const MIN_FROM: usize = 8;

/// Between two columns.
const GAP: &str = "  ";

/// On a terminal that is narrower, sender and subject have a line of their own.
const NARROW: usize = 64;

/// A line of titles, then one for each row, or two of them. Without a width nothing is cut.
pub(super) fn lines(rows: &[Row], width: Option<usize>) -> Vec<String> {
    match width {
        Some(width) if width < NARROW => in_two_lines(rows, width),
        width => in_one_line(rows, ["from", "subject"], width),
    }
}

fn in_two_lines(rows: &[Row], width: usize) -> Vec<String> {
    let bare = |row: &Row| Row {
        from: String::new(),
        subject: String::new(),
        ..row.clone()
    };
    let firsts: Vec<Row> = rows.iter().map(bare).collect();
    let firsts = in_one_line(&firsts, ["", ""], Some(width)).into_iter();
    let seconds = rows
        .iter()
        .map(|row| format!("  {}: {}", row.from, row.subject));
    let seconds = std::iter::once("  from: subject".to_owned()).chain(seconds);
    let lines = firsts.zip(seconds);
    lines
        .map(|(first, second)| format!("{first}\n{}", truncate_str(&second, width, "…")))
        .collect()
}

fn in_one_line(rows: &[Row], last: [&str; 2], width: Option<usize>) -> Vec<String> {
    let (format, date) = match width {
        Some(width) if width < WIDE => ("%Y-%m-%d", "date"),
        _ => ("%Y-%m-%d %H:%M", "date (UTC)"),
    };
    let [from, subject] = last;
    let titles = ["no", "size", date, "here", "plan", from, subject].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        let date = row.date.map(|date| date.strftime(format).to_string());
        [
            row.number.clone(),
            row.size.clone(),
            date.unwrap_or_default(),
            row.presence.clone(),
            row.plan.clone(),
            row.from.clone(),
            row.subject.clone(),
        ]
    });
    let cells: Vec<[String; 7]> = std::iter::once(titles).chain(cells).collect();
    let widest = |column: usize| {
        let widths = cells.iter().map(|row| measure_text_width(&row[column]));
        widths.max().unwrap_or(0)
    };
    let mut widths: [usize; 6] = std::array::from_fn(widest);
    let fixed: usize = widths[..5].iter().map(|width| width + GAP.len()).sum();
    let most = width.map_or(MAX_FROM, |width| {
        (width.saturating_sub(fixed) / 3).clamp(MIN_FROM, MAX_FROM)
    });
    widths[5] = widths[5].min(most);
    cells.iter().map(|row| line(row, &widths, width)).collect()
}

fn line(row: &[String; 7], widths: &[usize; 6], width: Option<usize>) -> String {
    let mut line = String::new();
    for (column, (text, columns)) in row.iter().zip(widths).enumerate() {
        let text = match width {
            Some(_) => truncate_str(text, *columns, "…"),
            None => text.into(),
        };
        let padding = " ".repeat(columns.saturating_sub(measure_text_width(&text)));
        // Figures end where figures end.
        let (before, after) = if column < 2 {
            (&*padding, "")
        } else {
            ("", &*padding)
        };
        line.extend([before, &text, after, GAP]);
    }
    line.push_str(&row[6]);
    let line = line.trim_end();
    match width {
        Some(width) => truncate_str(line, width, "…").into_owned(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: &str, from: &str, subject: &str) -> Row {
        Row {
            number: number.to_owned(),
            size: "3.42 KiB".to_owned(),
            date: Some(Timestamp::constant(1_795_334_580, 0)),
            presence: "here".to_owned(),
            plan: "keep".to_owned(),
            from: from.to_owned(),
            subject: subject.to_owned(),
        }
    }

    fn rows() -> [Row; 3] {
        [
            row("1", "株式会社サンプル商事の山田太郎", "請求書のお知らせ"),
            row("10", "Ann", &"long ".repeat(40)),
            Row {
                date: None,
                ..row("100", "", "")
            },
        ]
    }

    #[test]
    fn columns_are_aligned_by_the_width_of_their_letters() {
        let lines = lines(&rows()[1..], None);
        assert_eq!(
            lines[0],
            " no      size  date (UTC)        here  plan  from  subject"
        );
        assert!(
            lines[1].starts_with(" 10  3.42 KiB  2026-11-22 08:03  here  keep  Ann   long long"),
            "{}",
            lines[1]
        );
        assert_eq!(lines[2], "100  3.42 KiB                    here  keep");
        let lines = self::lines(&rows(), Some(120));
        let starts = [("請", &lines[1]), ("long", &lines[2])];
        let starts =
            starts.map(|(word, line)| measure_text_width(line.split_once(word).unwrap().0));
        assert_eq!(starts[0], starts[1], "{lines:#?}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [1, 10, 30, 40, 60, 79, 80, 81, 99, 100, 101, 200] {
            for line in lines(&rows(), Some(width)) {
                for line in line.lines() {
                    assert!(measure_text_width(line) <= width, "{width}: {line:?}");
                }
            }
        }
    }

    #[test]
    fn on_a_narrow_terminal_sender_and_subject_are_below() {
        let lines = lines(&rows()[1..], Some(40));
        assert_eq!(
            lines[0],
            " no      size  date        here  plan\n  from: subject"
        );
        let (first, second) = lines[1].split_once('\n').unwrap();
        assert_eq!(first, " 10  3.42 KiB  2026-11-22  here  keep");
        assert!(second.starts_with("  Ann: long long"), "{second}");
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let lines = lines(&rows(), None);
        assert!(lines[1].contains("株式会社サンプル商事の山田太郎  請求書のお知らせ"));
        assert!(lines[2].ends_with("long long"));
        assert!(lines[2].len() > 200);
    }
}
