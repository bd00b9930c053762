//! How a server is reached: its address, who asks, and where such a secret may stay. In memory; in session storage, under the server's
//! origin, if the user asks for it; nowhere else, and never in an address.

use crate::sources::rest::{Address, Credentials};
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// What is kept in session storage starts with this.
const KEPT: &str = "runglass.secret ";

/// A tracking server, and who asks it.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Where it is.
    pub address: Address,
    /// Who asks.
    pub credentials: Credentials,
    /// Which part of it is read; its own choice without.
    pub workspace: Option<String>,
}

impl Connection {
    /// As a part of the message to the worker.
    pub(super) fn message(&self) -> JsValue {
        let message = js_sys::Object::new();
        let put = |key: &str, value: &JsValue| {
            let _ = Reflect::set(&message, &key.into(), value);
        };
        put("address", &self.address.base().into());
        put("secret", &secret(&self.credentials));
        if let Some(workspace) = &self.workspace {
            put("workspace", &workspace.into());
        }
        message.into()
    }

    /// From that message; `None` for another.
    pub(super) fn of_message(message: &JsValue) -> Option<Connection> {
        let get = |key: &str| Reflect::get(message, &key.into()).unwrap_or(JsValue::UNDEFINED);
        Some(Connection {
            address: Address::parse(&get("address").as_string()?).ok()?,
            credentials: of_secret(&get("secret").dyn_into().unwrap_or_default()),
            workspace: get("workspace").as_string(),
        })
    }
}

/// Who asks, as a part of a message to the worker.
pub(super) fn secret(credentials: &Credentials) -> Array {
    words(credentials).iter().map(|word| JsValue::from(word.as_str())).collect()
}

/// From that part.
pub(super) fn of_secret(secret: &Array) -> Credentials {
    credentials(&secret.iter().filter_map(|word| word.as_string()).collect::<Vec<_>>())
}

fn words(credentials: &Credentials) -> Vec<String> {
    match credentials.clone() {
        Credentials::None => Vec::new(),
        Credentials::Password { user, password } => vec!["password".to_owned(), user, password],
        Credentials::Bearer(token) => vec!["token".to_owned(), token],
        Credentials::Header { name, value } => vec!["header".to_owned(), name, value],
    }
}

fn credentials(words: &[String]) -> Credentials {
    match words {
        [kind, user, password] if kind == "password" => {
            Credentials::Password { user: user.clone(), password: password.clone() }
        }
        [kind, token] if kind == "token" => Credentials::Bearer(token.clone()),
        [kind, name, value] if kind == "header" => Credentials::Header { name: name.clone(), value: value.clone() },
        _ => Credentials::None,
    }
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// Keeps the secret for a server until this tab is closed, or forgets the one that was kept.
pub fn keep(address: &Address, credentials: Option<&Credentials>) {
    let Some(storage) = storage() else { return };
    let key = format!("{KEPT}{}", address.origin());
    let _ = match credentials.filter(|credentials| !credentials.is_none()) {
        Some(credentials) => storage.set_item(&key, &serde_json::to_string(&words(credentials)).unwrap_or_default()),
        None => storage.remove_item(&key),
    };
}

/// The secret that was kept for a server.
pub fn kept(address: &Address) -> Credentials {
    let kept = storage().and_then(|storage| storage.get_item(&format!("{KEPT}{}", address.origin())).ok().flatten());
    let words: Vec<String> = kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default();
    credentials(&words)
}
