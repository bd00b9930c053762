//! A TRACKING SERVER AS A SOURCE. It is asked for no more than is shown: pages of runs as they are wanted, histories of the curves
//! in sight, artifacts of the folder that is open.
//!
//! It must not know how requests are sent, nor who looks.

use super::address::Address;
use super::artifacts::{RunArtifacts, Ways};
use super::client::Client;
use super::credentials::Credentials;
use super::experiments::{self, Known};
use super::histories::{self, Abilities};
use super::identity::Identity;
use super::runs::{self, Learned, Listings};
use super::shelves::{self, Counts, Shelves};
use crate::model::{Experiment, MetricSeries, RunKey, RunTable, Shelf, Store};
use crate::sources::http::Http;
use crate::sources::{Async, Cursor, Folder, HistoryAsk, Page, RunsAsk, Source};
use std::cell::RefCell;
use std::rc::Rc;

/// One tracking server.
pub struct Tracking {
    inner: Rc<Inner>,
}

/// What all parts need.
pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) experiments: Known,
    pub(super) listings: Listings,
    pub(super) learned: Learned,
    pub(super) abilities: Abilities,
    pub(super) ways: Ways,
    pub(super) shelves: Shelves,
    identity: RefCell<Option<Rc<Identity>>>,
}

impl Inner {
    /// What it is; asked for once.
    pub(super) async fn identity(&self) -> Rc<Identity> {
        if let Some(identity) = &*self.identity.borrow() {
            return identity.clone();
        }
        let (identity, is_told) = Identity::of(&self.client).await;
        let identity = Rc::new(identity);
        if is_told {
            *self.identity.borrow_mut() = Some(identity.clone());
        }
        identity
    }
}

impl Tracking {
    /// Nothing is asked yet. The workspace is one of those that the server names; without one it is the server's own choice.
    pub fn new(http: Rc<dyn Http>, address: Address, credentials: Credentials, workspace: Option<String>) -> Tracking {
        Tracking {
            inner: Rc::new(Inner {
                client: Client::new(http, address, credentials, workspace),
                experiments: Known::default(),
                listings: Listings::default(),
                learned: Learned::default(),
                abilities: Abilities::default(),
                ways: Ways::default(),
                shelves: Shelves::default(),
                identity: RefCell::default(),
            }),
        }
    }
}

impl Tracking {
    /// From now on somebody else asks; what is under way was asked by who was there before. What the server says of itself is asked
    /// for again, since it may not have told it to them.
    pub fn sign_in(&self, credentials: Credentials) {
        self.inner.client.sign_in(credentials);
        *self.inner.identity.borrow_mut() = None;
    }
}

impl Source for Tracking {
    /// The path of an experiment is its id.
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        Box::pin(experiments::page(&self.inner, after))
    }

    /// The key of a run is its id.
    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        Box::pin(runs::page(&self.inner, ask))
    }

    fn ahead(&self, ask: RunsAsk) -> Async<'_, bool> {
        Box::pin(runs::ahead(&self.inner, ask))
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        Box::pin(histories::page(&self.inner, ask))
    }

    /// Registered models are all counted; of logged models and traces those of a first page, until the shelf was read.
    fn stores(&self) -> Async<'_, Vec<Store>> {
        Box::pin(async move {
            let identity = self.inner.identity().await;
            let Counts { registered_models, logged_models, traces } = shelves::count(&self.inner).await;
            let server = Some(identity.server.clone());
            let (path, format) = (".".to_owned(), "server".to_owned());
            Ok(vec![Store { path, format, registered_models, logged_models, traces, server }])
        })
    }

    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        Box::pin(shelves::page(&self.inner, after))
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        Rc::new(RunArtifacts::new(self.inner.clone(), run.0.clone()))
    }
}
