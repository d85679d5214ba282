//! Reads what defines macros and asks for them: `$name = …`, `ifdef`; and `cache`, which defines nothing here.
//!
//! It refuses to know what stands in a section that is skipped: fdm reads it, and does nothing with it.

use super::grammar::{LONGEST_SHOWN, Parsed, Parser};
use super::script::Place;
use super::words::Token;

impl Parser<'_> {
    pub(super) fn cache(&mut self, place: &Place) -> Parsed<()> {
        self.text()?;
        if self.takes("expire") {
            self.number()?;
            self.unit();
        }
        let why = "popfetch has no cache of texts; it keeps every message once by its own record";
        self.script.left_out.push(place.left_out("cache", why));
        Ok(())
    }

    /// Takes what follows `ifdef`, and skips the section if it does not hold.
    pub(super) fn condition(&mut self, place: &Place, word: &str) -> Parsed<()> {
        let Some(Token::Macro(sign, name)) = self.peek() else {
            return Err(self.fault("a macro must stand there"));
        };
        let (sign, name) = (*sign, name.clone());
        self.take();
        if self.macros.is_defined(sign, &name) == (word == "ifdef") {
            return Ok(());
        }
        let name: String = name.chars().take(LONGEST_SHOWN).collect();
        let why = "fdm skips what follows up to its `endif`, unless `-D` is given";
        let entry = place.left_out(format!("{word} {sign}{name}"), why);
        self.script.left_out.push(entry);
        let mut depth = 1_usize;
        while depth > 0 {
            match self.take() {
                Some(Token::Word(word)) if word == "ifdef" || word == "ifndef" => depth += 1,
                Some(Token::Word(word)) if word == "endif" => depth -= 1,
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// `$name = "text"` or `%name = 5`.
    pub(super) fn definition(&mut self) -> Parsed<()> {
        let Some(Token::Macro(sign, name)) = self.peek() else {
            return Err(self.fault("fdm does not know it as the start of a statement either"));
        };
        let (sign, name) = (*sign, name.clone());
        self.take();
        if !self.sign('=') {
            return Err(self.fault("a macro is defined by `=`"));
        }
        if sign == '$' {
            // A macro may be a password, and what follows a broken text a piece of it.
            self.hushed = true;
            let value = self.text()?;
            self.macros.define_text(name, value);
        } else {
            let value = self.number()?;
            self.macros.define_number(name, value);
        }
        Ok(())
    }
}
