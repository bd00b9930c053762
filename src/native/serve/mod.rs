//! `runglass serve`: the page, what lies at a path, and one tracking server, all on one origin of this machine.
//!
//! It must not know a format, nor what the page shows. Nothing is written, neither to the disk nor to the server.

mod data;
mod guard;
mod options;
mod page;
mod proxy;

pub use options::parse;
pub use page::Page;

use crate::sources::hosted::{SERVER, Served};
use crate::sources::{Fault, FaultKind};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::ListenerExt;
use data::Data;
use guard::Guard;
use proxy::Upstream;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Taken where it is free, so that links and what the browser keeps for the page live on from one start to the next.
const PREFERRED_PORT: u16 = 4747;

/// What to serve, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serve {
    /// A folder, an archive, a database, an export.
    pub path: Option<PathBuf>,
    /// The address of a tracking server.
    pub proxy: Option<String>,
    /// Where to listen.
    pub address: IpAddr,
    /// The port; without it the preferred one or, where that is taken, any.
    pub port: Option<u16>,
    /// The directory of a built page, in place of the one in this program.
    pub page: Option<PathBuf>,
    /// Whether a browser is opened.
    pub open: bool,
}

impl Default for Serve {
    fn default() -> Serve {
        Serve { path: None, proxy: None, address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: None, page: None, open: true }
    }
}

/// Everything that requests are answered from.
struct Site {
    guard: Guard,
    page: Page,
    data: Option<Data>,
    upstream: Option<Upstream>,
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    site: Arc<Site>,
    address: SocketAddr,
}

impl Server {
    /// Looks at what is to be served, and listens.
    ///
    /// # Errors
    /// When there is nothing at the path, when the server's address is none, when the page is not there, when the port is taken.
    pub async fn start(serve: &Serve) -> Result<Server, Fault> {
        let page = Page::find(serve.page.as_deref())?;
        let data = serve.path.as_deref().map(Data::find).transpose()?;
        let upstream = serve.proxy.as_deref().map(Upstream::new).transpose()?;
        let listener = listen(serve.address, serve.port).await?;
        let address = listener.local_addr().map_err(|error| not_listening(serve.address, &error))?;
        let guard = Guard::new(address.ip());
        Ok(Server { listener, site: Arc::new(Site { guard, page, data, upstream }), address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to give a browser.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            });
        }
        format!("http://{address}/")
    }

    /// Answers requests until it is dropped.
    ///
    /// # Errors
    /// When it can not listen any more.
    pub async fn run(self) -> std::io::Result<()> {
        // many short answers follow each other, none waits for the one before to be acknowledged
        let listener = self.listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, Router::new().fallback(answer).with_state(self.site)).await
    }
}

/// Serves until the program is stopped.
///
/// # Errors
/// As [`Server::start`].
pub fn run(serve: &Serve) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| not_listening(serve.address, &error))?;
    runtime.block_on(async {
        let server = Server::start(serve).await?;
        let url = server.url();
        if let Some(name) = server.site.data.as_ref().map(Data::name) {
            println!("Serving {name}, read-only.");
        }
        if let Some(upstream) = &server.site.upstream {
            println!("Passing questions on to {}, read-only.", upstream.shown());
        }
        if !server.address.ip().is_loopback() {
            println!("Whoever reaches {} can read all of this.", server.address);
        }
        println!("Runglass is at\n{url}\nStop with Ctrl+C.");
        if serve.open && open::that_detached(&url).is_err() {
            println!("No browser could be started; open the address in one.");
        }
        server.run().await.map_err(|error| not_listening(serve.address, &error))
    })
}

async fn listen(address: IpAddr, port: Option<u16>) -> Result<TcpListener, Fault> {
    let bound = match (TcpListener::bind((address, port.unwrap_or(PREFERRED_PORT))).await, port) {
        (Err(error), None) if error.kind() == ErrorKind::AddrInUse => TcpListener::bind((address, 0)).await,
        (bound, _) => bound,
    };
    bound.map_err(|error| match port {
        Some(port) => not_listening(SocketAddr::new(address, port), &error),
        None => not_listening(address, &error),
    })
}

fn not_listening(address: impl std::fmt::Display, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::Unreadable, format!("can not listen on {address}: {error}"))
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    if let Some(refusal) = site.guard.refuse_host(&request) {
        return guard::with_headers(refusal, false);
    }
    let path = request.uri().path().to_owned();
    let below = |prefix: &str| path.strip_prefix('/').and_then(|path| path.strip_prefix(prefix));
    let (in_data, in_server) = (below("served/"), below(SERVER));
    if in_data.is_none() && in_server.is_none() {
        return guard::with_headers(site.page.answer(&request, &site.served()), true);
    }
    if let Some(refusal) = guard::refuse_origin(&request) {
        return guard::with_headers(refusal, false);
    }
    let answer = match (in_data, &site.data, &site.upstream) {
        (Some(question), Some(data), _) => data.answer(question, request).await,
        (Some(_), None, _) => guard::missing("No data is served here."),
        (None, _, Some(upstream)) => upstream.answer(in_server.unwrap_or_default(), request).await,
        (None, _, None) => guard::missing("No tracking server is reached from here: give one with --proxy."),
    };
    guard::with_headers(answer, false)
}

impl Site {
    /// What the page is told.
    fn served(&self) -> Served {
        let data = self.data.as_ref().map(Data::served).unwrap_or_default();
        let server = self.upstream.as_ref().map(|_| SERVER.to_owned());
        Served { server, upstream: self.upstream.as_ref().map(Upstream::shown), ..data }
    }
}
