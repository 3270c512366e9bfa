//! A small reader of EDN, as far as histories need it.
//!
//! It reads every form of the EDN specification; what a history cannot use (strings, floats,
//! sets, symbols) is read and thrown away. The tag of a tagged element is dropped, which makes a
//! record (`#jepsen.history.Op{...}`) the map that it is written with.

/// A form.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Form {
    /// A keyword, without its colon.
    Keyword(String),
    /// An integer.
    Integer(i128),
    /// Keys and values, in their order.
    Map(Vec<(Form, Form)>),
    /// A vector or a list.
    Vector(Vec<Form>),
    /// `nil`.
    Nil,
    /// Anything else.
    Other,
}

/// What is wrong, and at which line.
pub(super) type Problem = (usize, &'static str);

/// How deeply forms may be nested.
const DEPTH: usize = 64;

/// Reads forms from a text, one after another.
pub(super) struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// The next form and the line on which it begins, or nothing at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Form)>, Problem> {
        self.skip_blank(DEPTH)?;
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        self.form(DEPTH).map(|form| Some((line, form)))
    }

    /// Opens a vector of forms, if one begins here: its elements can be read by [`Self::next`].
    pub(super) fn enter_vector(&mut self) -> Result<bool, Problem> {
        self.skip_blank(DEPTH)?;
        let opens = self.rest.starts_with(['[', '(']);
        if opens {
            self.bump();
        }
        Ok(opens)
    }

    /// Closes the vector that was entered, if it ends here.
    pub(super) fn leave_vector(&mut self) -> Result<bool, Problem> {
        self.skip_blank(DEPTH)?;
        let closes = self.rest.starts_with([']', ')']);
        if closes {
            self.bump();
        }
        Ok(closes)
    }

    /// The line that is being read.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn fail<T>(&self, problem: &'static str) -> Result<T, Problem> {
        Err((self.line, problem))
    }

    /// Skips white space, commas, comments, and forms discarded by `#_`.
    fn skip_blank(&mut self, depth: usize) -> Result<(), Problem> {
        loop {
            match self.peek() {
                Some(blank) if blank.is_whitespace() || blank == ',' => _ = self.bump(),
                Some(';') => while self.bump().is_some_and(|next| next != '\n') {},
                Some('#') if self.rest.starts_with("#_") => {
                    self.rest = &self.rest[2..];
                    self.form(depth)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn form(&mut self, depth: usize) -> Result<Form, Problem> {
        let Some(depth) = depth.checked_sub(1) else {
            return self.fail("forms are nested too deeply");
        };
        self.skip_blank(depth)?;
        let Some(first) = self.peek() else {
            return self.fail("the text ends within a form");
        };
        match first {
            '{' => {
                let forms = self.forms('}', depth)?;
                if forms.len() % 2 == 1 {
                    return self.fail("a map has a key without a value");
                }
                let pairs = forms.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
                Ok(Form::Map(pairs.collect()))
            }
            '[' => self.forms(']', depth).map(Form::Vector),
            '(' => self.forms(')', depth).map(Form::Vector),
            '"' => self.string(),
            '\\' => {
                self.bump();
                self.bump();
                self.word();
                Ok(Form::Other)
            }
            '#' => self.dispatch(depth),
            '}' | ']' | ')' => self.fail("a closing bracket that nothing opened"),
            _ => Ok(self.atom()),
        }
    }

    /// The forms up to a closing bracket; the opening one is next.
    fn forms(&mut self, close: char, depth: usize) -> Result<Vec<Form>, Problem> {
        self.bump();
        let mut forms = Vec::new();
        loop {
            self.skip_blank(depth)?;
            match self.peek() {
                None => return self.fail("the text ends before a closing bracket"),
                Some(next) if next == close => {
                    self.bump();
                    return Ok(forms);
                }
                Some(_) => forms.push(self.form(depth)?),
            }
        }
    }

    fn string(&mut self) -> Result<Form, Problem> {
        self.bump();
        loop {
            match self.bump() {
                None => return self.fail("the text ends within a string"),
                Some('"') => return Ok(Form::Other),
                Some('\\') => _ = self.bump(),
                Some(_) => {}
            }
        }
    }

    /// A set or a tagged element.
    fn dispatch(&mut self, depth: usize) -> Result<Form, Problem> {
        self.bump();
        match self.peek() {
            Some('{') => self.forms('}', depth).map(|_| Form::Other),
            Some(first) if first.is_alphabetic() => {
                self.word();
                self.form(depth)
            }
            _ => self.fail("# is followed neither by a tag nor by a set"),
        }
    }

    /// The characters up to the next blank, bracket or quote.
    fn word(&mut self) -> &'a str {
        let ends = |next: char| next.is_whitespace() || "()[]{}\",;".contains(next);
        let (word, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn atom(&mut self) -> Form {
        let word = self.word();
        if let Some(keyword) = word.strip_prefix(':') {
            return Form::Keyword(keyword.to_owned());
        }
        if word == "nil" {
            return Form::Nil;
        }
        let digits = word.strip_suffix('N').unwrap_or(word);
        digits.parse().map_or(Form::Other, Form::Integer)
    }
}

impl Form {
    /// The value of a keyword in a map; `nil` if there is none.
    pub(super) fn get(&self, key: &str) -> &Form {
        let Form::Map(pairs) = self else {
            return &Form::Nil;
        };
        let found = pairs.iter().find(|(name, _)| matches!(name, Form::Keyword(k) if k == key));
        found.map_or(&Form::Nil, |(_, value)| value)
    }

    /// The keyword that this is, without its colon.
    pub(super) fn keyword(&self) -> Option<&str> {
        match self {
            Form::Keyword(keyword) => Some(keyword),
            _ => None,
        }
    }

    /// The natural number that this is.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Form::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Form>, Problem> {
        let mut reader = Reader::new(text);
        let mut forms = Vec::new();
        while let Some((_, form)) = reader.next()? {
            forms.push(form);
        }
        Ok(forms)
    }

    #[test]
    fn reads_every_kind_of_form() {
        let text =
            "; note\n{:a 1, :b [nil -2N \"x\\\"]\" 1.5 \\[ sym true]} #_(gone) #{1 2} #t{:c 3}";
        let forms = read(text).unwrap();
        assert_eq!(forms.len(), 3);
        assert_eq!(forms[0].get("a"), &Form::Integer(1));
        let Form::Vector(values) = forms[0].get("b") else { panic!("{forms:?}") };
        assert_eq!(values[..2], [Form::Nil, Form::Integer(-2)]);
        assert_eq!(values[2..], [const { Form::Other }; 5]);
        assert_eq!((&forms[1], forms[2].get("c").number()), (&Form::Other, Some(3)));
    }

    #[test]
    fn names_the_line_of_a_problem() {
        assert_eq!(read("{:a 1}\n{:a").unwrap_err(), (2, "the text ends before a closing bracket"));
        assert_eq!(read("\n\n{:a}").unwrap_err().0, 3);
        assert_eq!(read("\"x\ny").unwrap_err(), (2, "the text ends within a string"));
        assert_eq!(read("]").unwrap_err().1, "a closing bracket that nothing opened");
        assert_eq!(read("# 1").unwrap_err().1, "# is followed neither by a tag nor by a set");
        assert_eq!(read(&"[".repeat(1_000_000)).unwrap_err().1, "forms are nested too deeply");
        assert_eq!(read(&"#_".repeat(1_000_000)).unwrap_err().1, "forms are nested too deeply");
    }
}
