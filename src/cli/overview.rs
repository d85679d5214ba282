//! Lays out how accounts stand: a table with a line each, as much of it as fits.
//!
//! It refuses to know what the figures mean. Invariant: on a terminal no line of the table is wider than it, if that is
//! possible at all; where there is no room, what can be done without is left out, the least important first.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

/// How an account stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) account: String,
    /// When the last run was, and how it ended.
    pub(super) last: String,
    pub(super) today: usize,
    pub(super) week: usize,
    /// How many messages came on each day, the last one today.
    pub(super) days: Vec<usize>,
    pub(super) stored: u32,
    pub(super) server: u32,
    /// When the next run is.
    pub(super) next: String,
}

/// A column: its title, its cells, and on which side they stand.
struct Column {
    title: String,
    cells: Vec<String>,
    side: Alignment,
}

/// Between two columns.
const GAP: usize = 2;

/// An account's name gets no more columns.
const MAX_NAME: usize = 20;

/// Fewer days are no picture.
const MIN_DAYS: usize = 10;

/// The lines of the table, the first one its titles.
pub(super) fn lines(rows: &[Row], width: Option<usize>) -> Vec<String> {
    let texts = |cell: &dyn Fn(&Row) -> String| rows.iter().map(cell).collect::<Vec<_>>();
    let column = |title: &str, side, cells: Vec<String>| Column {
        title: title.to_owned(),
        cells,
        side,
    };
    let (left, right) = (Alignment::Left, Alignment::Right);
    let name = |row: &Row| truncate_str(&row.account, MAX_NAME, "…").into_owned();
    let days = rows.iter().map(|row| row.days.len()).max().unwrap_or(0);
    // In the order in which they stand, and how soon each is left out.
    let mut columns = vec![
        (0, column("account", left, texts(&name))),
        (0, column("last run", left, texts(&|row| row.last.clone()))),
        (
            1,
            column("today", right, texts(&|row| row.today.to_string())),
        ),
        (
            2,
            column("7 days", right, texts(&|row| row.week.to_string())),
        ),
        (3, column("", left, Vec::new())),
        (
            5,
            column("stored", right, texts(&|row| row.stored.to_string())),
        ),
        (
            4,
            column("left there", right, texts(&|row| row.server.to_string())),
        ),
        (3, column("next run", left, texts(&|row| row.next.clone()))),
    ];
    if rows.iter().all(|row| row.next.is_empty()) {
        columns.pop();
    }
    let wide = |columns: &[(u8, Column)]| -> usize {
        let widths = columns.iter().map(|(_, column)| column.width() + GAP);
        widths.sum::<usize>().saturating_sub(GAP)
    };
    if let Some(width) = width {
        for least in (1..=5).rev() {
            let picture = if least == 3 { MIN_DAYS } else { 0 };
            if wide(&columns) + picture <= width {
                break;
            }
            columns.retain(|(importance, _)| *importance < least);
        }
    }
    let room = width.map_or(days, |width| width.saturating_sub(wide(&columns)).min(days));
    if let Some((_, picture)) = columns
        .iter_mut()
        .find(|(_, column)| column.title.is_empty())
    {
        if room >= MIN_DAYS.min(days) && days > 0 {
            picture.title = format!("{room} days");
            picture.cells =
                texts(&|row| sparkline(&row.days[row.days.len().saturating_sub(room)..]));
        } else {
            columns.retain(|(_, column)| !column.title.is_empty());
        }
    }
    let columns: Vec<Column> = columns.into_iter().map(|(_, column)| column).collect();
    (0..=rows.len()).map(|at| line(&columns, at)).collect()
}

impl Column {
    fn width(&self) -> usize {
        let cells = self.cells.iter().chain([&self.title]);
        let widths = cells.map(|cell| measure_text_width(cell));
        widths.max().unwrap_or(0)
    }
}

/// The line of titles, or that of a row.
fn line(columns: &[Column], at: usize) -> String {
    let cells = columns.iter().map(|column| {
        let cell = match at {
            0 => &column.title,
            at => &column.cells[at - 1],
        };
        pad_str(cell, column.width(), column.side, None).into_owned()
    });
    let line = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
    line.trim_end().to_owned()
}

/// How many came on each day, as a picture: a dot where none did.
fn sparkline(days: &[usize]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = days.iter().copied().max().unwrap_or(0);
    let bar = |count: &usize| match count {
        0 => '·',
        count => BARS[(count * BARS.len() - 1) / most.max(1)],
    };
    days.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(account: &str) -> Row {
        let mut days = vec![0; 30];
        days[28] = 4;
        days[29] = 12;
        Row {
            account: account.to_owned(),
            last: "✓ 3 min ago".to_owned(),
            today: 12,
            week: 16,
            days,
            stored: 1240,
            server: 1893,
            next: "in 7 min".to_owned(),
        }
    }

    #[test]
    fn a_wide_terminal_has_everything() {
        let lines = lines(&[row("work"), row("home")], Some(120));
        let picture = "·".repeat(28) + "▃█";
        assert_eq!(
            lines[0].split("  ").filter(|word| !word.is_empty()).count(),
            8,
            "{lines:#?}"
        );
        assert!(
            lines[1].starts_with(&format!(
                "work     ✓ 3 min ago     12      16  {picture}    1240        1893  in 7 min"
            )),
            "{lines:#?}"
        );
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_the_most_important_stays() {
        for width in 30..140 {
            let lines = lines(
                &[row("work"), row("株式会社サンプル商事の山田太郎")],
                Some(width),
            );
            for line in &lines {
                let columns = measure_text_width(line);
                assert!(columns <= width.max(33), "{width}: {columns} {line:?}");
            }
            assert!(lines[1].contains("work") && lines[1].contains("3 min ago"));
        }
        assert!(lines(&[row("work")], Some(40))[1].contains("12"));
    }

    #[test]
    fn the_picture_shows_the_last_days_and_none_of_a_day_without_mail() {
        assert_eq!(sparkline(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), "·▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[0, 0]), "··");
        assert_eq!(sparkline(&[1000, 1, 0]), "█▁·");
        let lines = lines(&[row("work")], Some(80));
        assert!(lines[1].contains("·▃█"), "{lines:#?}");
    }
}
