//! WHO ASKS. A secret belongs to one server and stands in a header alone: nothing here prints it, and texts that come from
//! elsewhere are searched for it.
//!
//! It must not know what is asked.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// What a text shows in place of a secret.
const HIDDEN: &str = "•••";
/// A secret shorter than this can not be taken out of a text without telling its letters.
const SHORT: usize = 4;

/// What a server is told of who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// `Authorization: Basic`.
    Password {
        /// Name.
        user: String,
        /// The secret.
        password: String,
    },
    /// `Authorization: Bearer`, with this token.
    Bearer(String),
    /// A header of a gateway's own.
    Header {
        /// Of the header.
        name: String,
        /// The secret.
        value: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credentials::None => "Credentials::None",
            _ => "Credentials",
        })
    }
}

impl Credentials {
    /// The same, if they can stand in a header.
    ///
    /// # Errors
    /// One sentence, without what was given.
    pub fn checked(self) -> Result<Credentials, String> {
        let is_value = |text: &str| text.chars().all(|c| c == '\t' || (' '..='~').contains(&c));
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
        };
        match &self {
            Credentials::Password { user, .. } if user.contains(':') => {
                Err("The name of a user holds no colon.".to_owned())
            }
            Credentials::Bearer(token) if !is_value(token) || token.is_empty() => {
                Err("A token holds visible letters and digits only; a line end may have been copied with it."
                    .to_owned())
            }
            Credentials::Header { name, .. } if !is_name(name) => {
                Err("This can not be the name of a header.".to_owned())
            }
            Credentials::Header { value, .. } if !is_value(value) => {
                Err("The value of a header holds visible ASCII characters only.".to_owned())
            }
            _ => Ok(self),
        }
    }

    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        matches!(self, Credentials::None)
    }

    /// Name and value of the header that carries them.
    pub fn header(&self) -> Option<(String, String)> {
        let authorization = |value: String| Some(("Authorization".to_owned(), value));
        match self {
            Credentials::None => None,
            Credentials::Password { user, password } => authorization(format!("Basic {}", basic(user, password))),
            Credentials::Bearer(token) => authorization(format!("Bearer {token}")),
            Credentials::Header { name, value } => Some((name.clone(), value.clone())),
        }
    }

    /// A text from elsewhere without any secret: a server may repeat what it was told.
    pub fn hide(&self, text: &str) -> String {
        let secrets = match self {
            Credentials::None => Vec::new(),
            Credentials::Password { user, password } => vec![basic(user, password), password.clone()],
            Credentials::Bearer(token) => vec![token.clone()],
            Credentials::Header { value, .. } => {
                let parts = value.split_whitespace().filter(|part| part.len() >= 8).map(str::to_owned);
                std::iter::once(value.clone()).chain(parts).collect()
            }
        };
        let mut shown = text.to_owned();
        for secret in secrets.iter().filter(|secret| !secret.is_empty() && text.contains(secret.as_str())) {
            if secret.chars().count() < SHORT {
                return HIDDEN.to_owned();
            }
            shown = shown.replace(secret.as_str(), HIDDEN);
        }
        shown
    }
}

fn basic(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

#[cfg(test)]
mod tests {
    use super::Credentials;

    fn header(name: &str, value: &str) -> Credentials {
        Credentials::Header { name: name.to_owned(), value: value.to_owned() }
    }

    fn password(user: &str, password: &str) -> Credentials {
        Credentials::Password { user: user.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn headers_as_they_are_sent() {
        let check = |credentials: Credentials, expected: Option<(&str, &str)>| {
            let header = credentials.checked().expect("good").header();
            let header = header.as_ref().map(|(name, value)| (name.as_str(), value.as_str()));
            assert_eq!(header, expected);
        };
        check(Credentials::None, None);
        check(password("alice", "wönder"), Some(("Authorization", "Basic YWxpY2U6d8O2bmRlcg==")));
        check(Credentials::Bearer("abc".into()), Some(("Authorization", "Bearer abc")));
        check(header("X-Api-Key", "k"), Some(("X-Api-Key", "k")));
    }

    #[test]
    fn what_can_not_be_sent_is_refused() {
        for bad in [
            Credentials::Bearer("secret\n".into()),
            Credentials::Bearer(String::new()),
            header("X Key", "secret"),
            header("", "secret"),
            header("X-Key", "secret\r\nX-Other: 1"),
            header("X-Key", "secrät"),
            password("a:b", "secret"),
        ] {
            let message = bad.checked().expect_err("refused");
            assert!(!message.contains("secr"), "{message}");
        }
    }

    #[test]
    fn no_text_and_no_debug_tells_a_secret() {
        let all = [
            password("alice", "hunter22"),
            password("alice", "abc"),
            Credentials::Bearer("tok-123456".into()),
            header("X-Key", "Token tok-123456789"),
        ];
        for credentials in &all {
            assert!(!format!("{credentials:?}").contains("tok") && !format!("{credentials:?}").contains("hunter"));
        }
        for (at, text, shown) in [
            (0, "wrong: hunter22 for alice", "wrong: ••• for alice"),
            (0, "got Basic YWxpY2U6aHVudGVyMjI=", "got Basic •••"),
            (0, "nothing", "nothing"),
            (1, "has abc", "•••"),
            (2, "Bearer tok-123456 is old", "Bearer ••• is old"),
            (3, "tok-123456789 is old", "••• is old"),
        ] {
            assert_eq!(all[at].hide(text), shown, "{text}");
        }
    }
}
