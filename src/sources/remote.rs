//! A SOURCE THAT READS ELSEWHERE, and the other end of the line. It must not know what lies between: a worker, or nothing.

use crate::model::{Experiment, MetricSeries, Report, RunKey, RunTable, Shelf, Store};
use crate::sources::codec::{Answer, Packet, Question, garbage};
use crate::sources::{Async, Cursor, Entry, Fault, Folder, HistoryAsk, Page, ReadAsk, RunsAsk, Source};
use std::cell::RefCell;
use std::rc::Rc;

/// Carries a question to the one who knows, and the answer back.
pub trait Transport {
    /// Asks at once, so that the other end works while this one takes in what came before. Dropping the answer to come
    /// cancels the question.
    ///
    /// # Errors
    /// [`FaultKind::ReaderDied`](crate::sources::FaultKind::ReaderDied) when nobody answers any more.
    fn ask(&self, question: String) -> Async<'_, Packet>;
}

/// A [`Source`] at the other end of a [`Transport`].
pub struct Remote<T> {
    transport: Rc<T>,
}

impl<T: Transport> Remote<T> {
    /// Over a transport.
    pub fn new(transport: Rc<T>) -> Remote<T> {
        Remote { transport }
    }
}

/// Asks at once, and picks the answer that belongs to the question.
fn asked<'a, T: Transport, A: 'a>(
    transport: &'a T,
    question: &Question,
    pick: impl FnOnce(Answer) -> Option<A> + 'a,
) -> Async<'a, A> {
    let packet = transport.ask(question.encode());
    Box::pin(async move {
        match Answer::decode(packet.await?)? {
            Answer::Fault(fault) => Err(fault),
            answer => pick(answer).ok_or_else(garbage),
        }
    })
}

macro_rules! picked {
    ($kind:ident) => {
        |answer| match answer {
            Answer::$kind(content) => Some(content),
            _ => None,
        }
    };
    ($kind:ident, report) => {
        |answer| match answer {
            Answer::$kind(content, report) => Some((content, report)),
            _ => None,
        }
    };
}

impl<T: Transport + 'static> Source for Remote<T> {
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        asked(&*self.transport, &Question::Experiments { after }, picked!(Experiments))
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        let page = asked(&*self.transport, &Question::Runs(ask), picked!(Runs));
        Box::pin(async move { page.await.map(|page| *page) })
    }

    fn ahead(&self, ask: RunsAsk) -> Async<'_, bool> {
        asked(&*self.transport, &Question::Ahead(ask), picked!(Ahead))
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        asked(&*self.transport, &Question::History(ask), picked!(History))
    }

    fn stores(&self) -> Async<'_, Vec<Store>> {
        asked(&*self.transport, &Question::Stores, picked!(Stores))
    }

    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        asked(&*self.transport, &Question::Shelf { after }, picked!(Shelf))
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        Rc::new(RemoteArtifacts { transport: self.transport.clone(), run: run.clone(), report: RefCell::default() })
    }
}

struct RemoteArtifacts<T> {
    transport: Rc<T>,
    run: RunKey,
    report: RefCell<Report>,
}

impl<T: Transport> RemoteArtifacts<T> {
    /// The answer's items, of which there must be as many as asks; its report is kept.
    fn kept<A>(&self, (items, report): (Vec<A>, Report), asks: usize) -> Result<Vec<A>, Fault> {
        self.report.borrow_mut().merge(report);
        if items.len() == asks { Ok(items) } else { Err(garbage()) }
    }
}

impl<T: Transport> Folder for RemoteArtifacts<T> {
    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        let question = Question::ArtifactList { run: self.run.clone(), dirs: dirs.to_vec(), with_sizes };
        Box::pin(async move {
            self.kept(asked(&*self.transport, &question, picked!(ArtifactList, report)).await?, dirs.len())
        })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        let question = Question::ArtifactRead { run: self.run.clone(), asks: asks.to_vec() };
        Box::pin(async move {
            self.kept(asked(&*self.transport, &question, picked!(ArtifactRead, report)).await?, asks.len())
        })
    }

    fn take_report(&self) -> Report {
        self.report.take()
    }
}

/// The other end: what `source` answers to a question that came as text.
pub async fn answer(source: &dyn Source, question: &str) -> Packet {
    let answer = match Question::decode(question) {
        Ok(question) => answered(source, question).await,
        Err(fault) => Err(fault),
    };
    answer.unwrap_or_else(Answer::Fault).encode()
}

async fn answered(source: &dyn Source, question: Question) -> Result<Answer, Fault> {
    Ok(match question {
        Question::Experiments { after } => Answer::Experiments(source.experiments(after).await?),
        Question::Runs(ask) => Answer::Runs(Box::new(source.runs(ask).await?)),
        Question::Ahead(ask) => Answer::Ahead(source.ahead(ask).await?),
        Question::History(ask) => Answer::History(source.history(ask).await?),
        Question::Stores => Answer::Stores(source.stores().await?),
        Question::Shelf { after } => Answer::Shelf(source.shelf(after).await?),
        Question::ArtifactList { run, dirs, with_sizes } => {
            let folder = source.artifacts(&run);
            Answer::ArtifactList(folder.list(&dirs, with_sizes).await?, folder.take_report())
        }
        Question::ArtifactRead { run, asks } => {
            let folder = source.artifacts(&run);
            Answer::ArtifactRead(folder.read(&asks).await?, folder.take_report())
        }
    })
}
