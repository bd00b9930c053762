//! One `CREATE TABLE` or `CREATE INDEX` statement, as far as a reader needs it. Nothing in it is looked up.

use super::sql::{Token, tokens};

/// What a table is.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// In the order of the statement.
    pub columns: Vec<ColumnDefinition>,
    /// Of the primary key, where there is one.
    pub primary_key: Option<Vec<KeyPart>>,
    /// Those that make SQLite keep an index, in order; a constraint that repeats an earlier one makes none.
    pub constraints: Vec<Vec<KeyPart>>,
    /// `WITHOUT ROWID`
    pub is_keyed: bool,
    /// `STRICT`
    pub is_strict: bool,
    /// The primary key was written as that of one column, descending: it is no row number then.
    descends: bool,
}

/// What a column is.
#[derive(Clone, Debug, Default)]
pub struct ColumnDefinition {
    pub name: String,
    pub declared: String,
    /// Behind `DEFAULT`.
    pub default: Vec<Token>,
    pub collation: Option<String>,
    /// Generated and not stored.
    pub is_computed: bool,
}

/// One column of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyPart {
    /// `None` for an expression.
    pub column: Option<String>,
    pub collation: Option<String>,
    pub descends: bool,
}

/// Goes along tokens; past the end there is nothing.
struct Reader<'t> {
    tokens: &'t [Token],
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Option<&'t Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn is_at(&self, keyword: &str) -> bool {
        self.tokens.first().is_some_and(|token| token.is(keyword))
    }

    fn take(&mut self, keyword: &str) -> bool {
        let is_at = self.is_at(keyword);
        if is_at {
            self.next();
        }
        is_at
    }

    /// What is in parentheses, if some open here.
    fn group(&mut self) -> Option<&'t [Token]> {
        if !self.tokens.first()?.is_sign('(') {
            return None;
        }
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate() {
            depth = match token {
                Token::Sign('(') => depth + 1,
                Token::Sign(')') => depth - 1,
                _ => depth,
            };
            if depth == 0 {
                let inside = self.tokens.get(1..at).unwrap_or_default();
                self.tokens = self.tokens.get(at + 1..).unwrap_or_default();
                return Some(inside);
            }
        }
        let inside = self.tokens.get(1..).unwrap_or_default();
        self.tokens = &[];
        Some(inside)
    }

    /// `IF NOT EXISTS` and a name that may have that of its database before it.
    fn named(&mut self) -> Option<&'t str> {
        if self.take("IF") {
            self.next();
            self.next();
        }
        let name = self.next()?.name()?;
        if !self.tokens.first().is_some_and(|token| token.is_sign('.')) {
            return Some(name);
        }
        self.next();
        self.next()?.name()
    }
}

/// What commas part at the top, without those in parentheses.
fn items(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0_usize;
    let parted = tokens.split(|token| {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && token.is_sign(',')
    });
    parted.filter(|item| !item.is_empty()).collect()
}

impl Definition {
    /// Of a `CREATE TABLE` statement; `None` when it is none.
    pub fn parse(sql: &str) -> Option<Definition> {
        let tokens = tokens(sql);
        let mut reader = Reader { tokens: &tokens };
        reader.take("CREATE").then_some(())?;
        let _ = reader.take("TEMP") || reader.take("TEMPORARY");
        reader.take("TABLE").then_some(())?;
        reader.named()?;
        let body = reader.group()?;
        let mut definition = Definition::default();
        while let Some(option) = reader.next() {
            definition.is_strict |= option.is("STRICT");
            definition.is_keyed |= option.is("WITHOUT") && reader.take("ROWID");
        }
        for item in items(body) {
            let starts_constraint = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
            if starts_constraint.iter().any(|keyword| item.first().is_some_and(|token| token.is(keyword))) {
                definition.table_constraint(item);
            } else {
                definition.column(item);
            }
        }
        Some(definition)
    }

    /// The number of the column that is another name of the row's number.
    pub fn rowid_column(&self) -> Option<usize> {
        match self.primary_key.as_deref() {
            Some([part]) if !self.is_keyed && !self.descends => {
                let name = part.column.as_deref()?;
                let is_it = |column: &ColumnDefinition| {
                    column.name.eq_ignore_ascii_case(name) && column.declared.eq_ignore_ascii_case("INTEGER")
                };
                self.columns.iter().position(is_it)
            }
            _ => None,
        }
    }

    fn table_constraint(&mut self, tokens: &[Token]) {
        let mut reader = Reader { tokens };
        if reader.take("CONSTRAINT") {
            reader.next();
        }
        let is_primary = reader.take("PRIMARY");
        if is_primary || reader.is_at("UNIQUE") {
            reader.next();
            let parts = reader.group().map(key_parts).unwrap_or_default();
            self.key(parts, is_primary);
        }
    }

    fn key(&mut self, parts: Vec<KeyPart>, is_primary: bool) {
        if is_primary {
            self.primary_key = Some(parts.clone());
            if self.rowid_column().is_some() {
                return;
            }
        }
        let same = |a: &KeyPart, b: &KeyPart| {
            let column = |part: &KeyPart| part.column.as_ref().map(|name| name.to_ascii_lowercase());
            column(a) == column(b) && self.collation(a) == self.collation(b)
        };
        let repeats = |known: &Vec<KeyPart>| {
            known.len() == parts.len() && known.iter().zip(&parts).all(|(known, part)| same(known, part))
        };
        if !self.constraints.iter().any(repeats) {
            self.constraints.push(parts);
        }
    }

    fn collation(&self, part: &KeyPart) -> String {
        let own = || {
            let name = part.column.as_deref()?;
            self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))?.collation.clone()
        };
        part.collation.clone().or_else(own).unwrap_or_else(|| "BINARY".to_owned()).to_ascii_uppercase()
    }

    fn column(&mut self, tokens: &[Token]) {
        let mut reader = Reader { tokens };
        let Some(name) = reader.next().and_then(Token::name) else { return };
        let mut column = ColumnDefinition { name: name.to_owned(), ..ColumnDefinition::default() };
        while let Some(token) = reader.tokens.first() {
            if is_constraint(token)
                || (token.is("GENERATED") && reader.tokens.get(1).is_some_and(|next| next.is("ALWAYS")))
            {
                break;
            }
            match reader.group() {
                Some(_) => {}
                None => {
                    if let Some(word) = reader.next().and_then(Token::name) {
                        let gap = if column.declared.is_empty() { "" } else { " " };
                        column.declared = format!("{}{gap}{word}", column.declared);
                    }
                }
            }
        }
        let part = |descends| KeyPart { column: Some(name.to_owned()), collation: None, descends };
        // A constraint is kept until the column is known: what it is called and how it collates matter.
        let mut keys = Vec::new();
        while let Some(token) = reader.tokens.first() {
            if reader.group().is_some() {
                continue;
            }
            reader.next();
            if token.is("AS") {
                reader.group();
                column.is_computed = !reader.take("STORED");
            } else if token.is("PRIMARY") {
                reader.take("KEY");
                let descends = reader.take("DESC");
                keys.push((part(descends), true));
            } else if token.is("UNIQUE") {
                keys.push((part(false), false));
            } else if token.is("COLLATE") {
                column.collation = reader.next().and_then(Token::name).map(str::to_owned);
            } else if token.is("DEFAULT") {
                let before = reader.tokens;
                if reader.group().is_none() {
                    let signed = reader.next().is_some_and(|token| token.is_sign('-') || token.is_sign('+'));
                    if signed {
                        reader.next();
                    }
                }
                let length = before.len() - reader.tokens.len();
                column.default = before.get(..length).unwrap_or_default().to_vec();
            } else if token.is("CHECK") || token.is("REFERENCES") {
                if token.is("REFERENCES") {
                    reader.next();
                }
                reader.group();
            }
        }
        self.columns.push(column);
        for (part, is_primary) in keys {
            self.descends |= is_primary && part.descends;
            self.key(vec![part], is_primary);
        }
    }
}

fn is_constraint(token: &Token) -> bool {
    const STARTS: [&str; 10] =
        ["CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "AS"];
    STARTS.iter().any(|keyword| token.is(keyword))
}

/// Columns of an index or a constraint.
fn key_parts(tokens: &[Token]) -> Vec<KeyPart> {
    items(tokens).into_iter().map(key_part).collect()
}

fn key_part(tokens: &[Token]) -> KeyPart {
    let mut reader = Reader { tokens };
    let name = reader.next().and_then(Token::name).map(str::to_owned);
    let mut part = KeyPart { column: name, collation: None, descends: false };
    while let Some(token) = reader.next() {
        if token.is("COLLATE") {
            part.collation = reader.next().and_then(Token::name).map(str::to_owned);
        } else if token.is("DESC") {
            part.descends = true;
        } else if !token.is("ASC") && !token.is("AUTOINCREMENT") {
            part.column = None;
        }
    }
    part
}

/// The columns of a `CREATE INDEX` statement; `None` when it is none, or leaves out rows.
pub fn index_parts(sql: &str) -> Option<Vec<KeyPart>> {
    let tokens = tokens(sql);
    let mut reader = Reader { tokens: &tokens };
    reader.take("CREATE").then_some(())?;
    reader.take("UNIQUE");
    reader.take("INDEX").then_some(())?;
    reader.named()?;
    reader.take("ON").then_some(())?;
    reader.next()?;
    let parts = key_parts(reader.group()?);
    (!reader.is_at("WHERE")).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::{Definition, index_parts};

    #[test]
    fn columns_keys_and_options() {
        let check = |sql: &str, expected: &str| {
            let definition = Definition::parse(sql).expect("a table");
            let column = |column: &super::ColumnDefinition| {
                let mark = if column.is_computed { "?" } else { "" };
                let default = if column.default.is_empty() { "" } else { "=" };
                format!("{}:{}{mark}{default}", column.name, column.declared)
            };
            let columns = definition.columns.iter().map(column).collect::<Vec<_>>().join(" ");
            let key = |parts: &Vec<super::KeyPart>| {
                parts.iter().map(|part| part.column.clone().unwrap_or_default()).collect::<Vec<_>>().join(",")
            };
            let keys = definition.constraints.iter().map(key).collect::<Vec<_>>().join("|");
            let rowid = definition.rowid_column().map_or(String::new(), |at| format!(" rowid {at}"));
            assert_eq!(format!("{columns} [{keys}]{rowid}"), expected, "{sql}");
        };
        check("CREATE TABLE t(a, b)", "a: b: []");
        check("create temp table if not exists main.\"t\" ( [a b] INT , 'c' )", "a b:INT c: []");
        check("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, x)", "id:INTEGER x: [] rowid 0");
        check("CREATE TABLE t(id INTEGER PRIMARY KEY DESC, x)", "id:INTEGER x: [id]");
        check("CREATE TABLE t(id INT PRIMARY KEY, x)", "id:INT x: [id]");
        check("CREATE TABLE t(x, id INTEGER, PRIMARY KEY(id DESC))", "x: id:INTEGER [] rowid 1");
        check("CREATE TABLE t(id INTEGER PRIMARY KEY, x) WITHOUT ROWID", "id:INTEGER x: [id]");
        check(
            "CREATE TABLE t(name VARCHAR(256) NOT NULL, v DECIMAL(10, 2) DEFAULT (1+(2)), CONSTRAINT p PRIMARY KEY (name), UNIQUE (name), UNIQUE(v, name))",
            "name:VARCHAR v:DECIMAL= [name|v,name]",
        );
        check("CREATE TABLE t(a UNIQUE, b UNIQUE PRIMARY KEY, UNIQUE(b COLLATE nocase))", "a: b: [a|b|b]");
        check(
            "CREATE TABLE t(a, b INT GENERATED ALWAYS AS (a*2) STORED, c AS (a), d TEXT AS (a || ',' || b) VIRTUAL NOT NULL, e)",
            "a: b:INT c:? d:TEXT? e: []",
        );
        check(
            "CREATE TABLE t(a DOUBLE PRECISION -- x, y\n, b /* (, */ BIGINT DEFAULT -5 NOT NULL REFERENCES o(p) ON DELETE CASCADE CHECK (b IN (1, 2)), \"check\" TEXT COLLATE NOCASE DEFAULT 'a,b')",
            "a:DOUBLE PRECISION b:BIGINT= check:TEXT= []",
        );
        for sql in ["", "CREATE VIEW v AS SELECT 1", "CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE TABLE"] {
            assert!(Definition::parse(sql).is_none(), "{sql}");
        }
    }

    #[test]
    fn indexes() {
        let check = |sql: &str, expected: Option<&str>| {
            let part = |part: super::KeyPart| {
                let name = part.column.unwrap_or_else(|| "()".to_owned());
                format!("{name}{}{}", part.collation.unwrap_or_default(), if part.descends { "-" } else { "" })
            };
            let parts = index_parts(sql).map(|parts| parts.into_iter().map(part).collect::<Vec<_>>().join(" "));
            assert_eq!(parts.as_deref(), expected, "{sql}");
        };
        check("CREATE INDEX i ON t (a, b DESC, \"c d\" COLLATE NOCASE ASC)", Some("a b- c dNOCASE"));
        check("CREATE UNIQUE INDEX IF NOT EXISTS main.i ON t(lower(a), b+1, c)", Some("() () c"));
        check("CREATE INDEX i ON t(a) WHERE a > 1", None);
    }
}
