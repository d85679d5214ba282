//! The lines of a getmailrc, as Python's `configparser` takes them: sections, and names with values.
//!
//! A `#` or `;` begins a comment at the start of a line only, a line that is indented further continues the value above
//! it, and `%` is only a percent sign. It refuses to know what the names mean. Invariants: any text is survived, in time
//! linear in its length; a value is wiped when it is dropped, since one of them is the password.

use std::collections::HashSet;

use zeroize::Zeroizing;

/// The lines, by section.
#[derive(Default)]
pub(super) struct Ini {
    /// In the file's order.
    pub(super) sections: Vec<Section>,
    /// What getmail would not take.
    pub(super) faults: Vec<Fault>,
}

/// `[name]` and what follows.
#[derive(Default)]
pub(super) struct Section {
    pub(super) name: String,
    /// From 1.
    pub(super) line: usize,
    pub(super) settings: Vec<Setting>,
}

/// `name = value`, or `name: value`.
pub(super) struct Setting {
    /// In lower case.
    pub(super) name: String,
    /// Its lines, each without the white space around it.
    pub(super) value: Zeroizing<String>,
    /// Where it begins, from 1.
    pub(super) line: usize,
}

/// A line that getmail refuses.
pub(super) struct Fault {
    pub(super) line: usize,
    /// What stands there, as far as it is no value.
    pub(super) what: String,
    /// The reason.
    pub(super) why: &'static str,
}

impl Ini {
    /// Reads all lines.
    pub(super) fn read(text: &str) -> Self {
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            reader.take(index + 1, line);
        }
        let mut ini = reader.ini;
        for setting in ini.sections.iter_mut().flat_map(|s| &mut s.settings) {
            let length = setting.value.trim_end().len();
            setting.value.truncate(length);
        }
        ini
    }

    /// The section of this name.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

impl Section {
    /// The setting of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

#[derive(Default)]
struct Reader {
    ini: Ini,
    /// How far the line is indented that the next one may continue.
    indent: usize,
    /// Whether there is a value that the next line may continue.
    open: bool,
    /// Whether that value, or that section, is one that getmail refuses.
    refused: bool,
    refused_section: bool,
    /// The names of the sections, and those in the last one.
    sections: HashSet<String>,
    names: HashSet<String>,
}

impl Reader {
    fn take(&mut self, number: usize, line: &str) {
        let content = line.trim();
        if content.is_empty() {
            // An empty line belongs to a value that goes on after it.
            self.append("");
            return;
        }
        if content.starts_with(['#', ';']) {
            return;
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if self.open && indent > self.indent {
            self.append(content);
            return;
        }
        self.indent = indent;
        if let Some(name) = header(content) {
            self.begin(number, name);
        } else {
            self.set(number, content);
        }
    }

    fn append(&mut self, line: &str) {
        if !self.open || self.refused {
            return;
        }
        let section = self.ini.sections.last_mut();
        if let Some(setting) = section.and_then(|section| section.settings.last_mut()) {
            extend(&mut setting.value, line);
        }
    }

    fn begin(&mut self, number: usize, name: &str) {
        self.open = false;
        self.refused_section = !self.sections.insert(name.to_owned());
        if self.refused_section {
            self.fault(
                number,
                format!("[{name}]"),
                "getmail takes each section once, and so is the first one taken here",
            );
            return;
        }
        self.names.clear();
        self.ini.sections.push(Section {
            name: name.to_owned(),
            line: number,
            settings: Vec::new(),
        });
    }

    fn set(&mut self, number: usize, content: &str) {
        let Some((name, value)) = content
            .split_once(['=', ':'])
            .map(|(name, value)| (name.trim().to_lowercase(), value.trim()))
            .filter(|(name, _)| !name.is_empty())
        else {
            let what = "a line that sets nothing".to_owned();
            self.fault(number, what, "getmail cannot read it either");
            return;
        };
        self.open = true;
        self.refused = true;
        if self.refused_section {
            let why = "its section was there before, so that getmail refuses the file";
            self.fault(number, name, why);
            return;
        }
        let Some(section) = self.ini.sections.last_mut() else {
            self.fault(number, name, "it is in no section, which getmail refuses");
            return;
        };
        if !self.names.insert(name.clone()) {
            let why = "getmail takes each setting once, and so is the first one taken here";
            self.fault(number, name, why);
            return;
        }
        self.refused = false;
        section.settings.push(Setting {
            name,
            value: Zeroizing::new(value.to_owned()),
            line: number,
        });
    }

    fn fault(&mut self, line: usize, what: String, why: &'static str) {
        self.ini.faults.push(Fault { line, what, why });
    }
}

/// What a line `[name]` names; the name goes on to the last bracket.
fn header(content: &str) -> Option<&str> {
    let (name, _) = content.strip_prefix('[')?.rsplit_once(']')?;
    (!name.is_empty()).then_some(name)
}

/// Adds a line, and leaves no copy of what was there.
fn extend(value: &mut Zeroizing<String>, line: &str) {
    let needed = value.len() + 1 + line.len();
    if needed > value.capacity() {
        let mut roomy = Zeroizing::new(String::with_capacity(2 * needed));
        roomy.push_str(value);
        *value = roomy;
    }
    value.push('\n');
    value.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String, usize)> {
        let ini = Ini::read(text);
        let settings = ini.sections.iter().flat_map(|section| &section.settings);
        settings
            .map(|s| (s.name.clone(), s.value.to_string(), s.line))
            .collect()
    }

    fn faults(text: &str) -> Vec<(usize, String)> {
        let faults = Ini::read(text).faults.into_iter();
        faults.map(|fault| (fault.line, fault.what)).collect()
    }

    #[test]
    fn names_are_of_any_case_and_followed_by_an_equals_sign_or_a_colon() {
        let text = "[a]\nServer = x\nPORT: 7\nname:with=both\nempty =\n";
        let said = values(text);
        let said: Vec<_> = said.iter().map(|(n, v, l)| (&**n, &**v, *l)).collect();
        assert_eq!(
            said,
            [
                ("server", "x", 2),
                ("port", "7", 3),
                ("name", "with=both", 4),
                ("empty", "", 5)
            ]
        );
    }

    #[test]
    fn what_is_indented_further_continues_the_value_above() {
        let text = "[a]\nv = (1,\n   # not this\n    2,\n\n  3)\n\nw = 4\n";
        assert_eq!(values(text)[0].1, "(1,\n2,\n\n3)");
        assert_eq!(values(text)[1], ("w".to_owned(), "4".to_owned(), 8));
    }

    #[test]
    fn an_indented_line_under_a_header_is_a_setting_of_its_own() {
        assert_eq!(values("[a]\n  v = 1\n  w = 2\n").len(), 2);
    }

    #[test]
    fn comments_begin_at_the_start_of_a_line_only() {
        let text = "# x\n[a]\n; y\nv = 1 ; two # three\n\t# z\n";
        assert_eq!(values(text)[0].1, "1 ; two # three");
        assert_eq!(values(text).len(), 1);
    }

    #[test]
    fn nothing_is_put_in_for_a_percent_sign() {
        assert_eq!(values("[a]\nv = %(w)s%%\n")[0].1, "%(w)s%%");
    }

    #[test]
    fn a_name_of_a_section_goes_on_to_the_last_bracket() {
        let ini = Ini::read("[a]b] c\n[]\n");
        assert_eq!(ini.sections[0].name, "a]b");
        assert_eq!(ini.sections.len(), 1);
    }

    #[test]
    fn what_getmail_refuses_is_told_with_its_line() {
        assert_eq!(faults("v = 1\n[a]\n"), [(1, "v".to_owned())]);
        let nothing = "a line that sets nothing".to_owned();
        assert_eq!(faults("[a]\ndelete\n"), [(2, nothing.clone())]);
        assert_eq!(faults("[a]\n= secret\n"), [(2, nothing)]);
        assert_eq!(faults("[a]\nv=1\nV=2\n  more\n"), [(3, "v".to_owned())]);
        assert_eq!(values("[a]\nv=1\nV=2\n  more\n")[0].1, "1");
        let twice = "[a]\nv=1\n[b]\n[a]\nw=2\n";
        assert_eq!(faults(twice), [(4, "[a]".to_owned()), (5, "w".to_owned())]);
    }

    #[test]
    fn a_long_value_is_read_in_linear_time() {
        let text = format!("[a]\nv = 1\n{}", "  x\n".repeat(200_000));
        assert_eq!(values(&text)[0].1.len(), 1 + 2 * 200_000);
    }
}
