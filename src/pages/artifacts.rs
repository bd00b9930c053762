//! Artifacts of a run: a tree that is read as far as it is opened, a preview, a download.

use crate::browser::document;
use crate::browser::files::{self, ObjectUrl};
use crate::browser::signs::{self, Busy};
use crate::pages::opening::{self, How};
use crate::pages::state::App;
use crate::session::Session;
use crate::sources::{Fault, Folder, ReadAsk, Source, path};
use crate::view::artifact::{IMAGE_BYTES, Preview, TEXT_BYTES, is_image_name, preview};
use crate::view::format::{bytes, one_line};
use crate::widgets::file_tree::{FileTree, TreeEntry, TreeFolder};
use crate::widgets::icon::{Icon, IconName};
use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// What a download reads at once.
const PIECE_BYTES: u64 = 8 << 20;

/// Folders of the tree as far as they were opened, by path.
type Opened = HashMap<String, ArcRwSignal<TreeFolder>>;

/// The tree, and under it what is chosen in it.
#[component]
pub fn Artifacts(row: u32) -> impl IntoView {
    let app = App::get();
    let Some(folder) = folder(app, row) else {
        return view! { <p class="dim pad">"Artifacts can be read when the reader has started."</p> }.into_any();
    };
    let folder = StoredValue::new_local(folder);
    let questions = Questions::new(app);
    let opened = StoredValue::new(Opened::new());
    let begin = move |path: String, answer: ArcRwSignal<TreeFolder>| {
        let held = folder.get_value();
        let question = questions.ask(list(held.clone(), path));
        leptos::task::spawn_local(async move {
            match told(app, &*held, question.await) {
                Some(Ok(entries)) => answer.set(TreeFolder::Entries(Arc::new(entries))),
                Some(Err(fault)) => answer.set(TreeFolder::Failed(fault.message)),
                None => {}
            }
        });
    };
    let look = move |path: String| {
        let known = opened.with_value(|opened| opened.get(&path).cloned());
        let signal = known.unwrap_or_else(|| {
            let signal = ArcRwSignal::new(TreeFolder::Reading);
            opened.update_value(|opened| {
                opened.insert(path.clone(), signal.clone());
            });
            begin(path, signal.clone());
            signal
        });
        signal.get()
    };
    let again = move |path: String| {
        let Some(signal) = opened.with_value(|opened| opened.get(&path).cloned()) else { return };
        signal.set(TreeFolder::Reading);
        begin(path, signal);
        // the button that was pressed is gone
        signs::after_paint(document::focus_main_if_lost);
    };
    let chosen = Memo::new(move |_| app.view.with(|view| view.artifact.clone()));
    let is_empty =
        Memo::new(move |_| matches!(look(String::new()), TreeFolder::Entries(entries) if entries.is_empty()));
    view! {
        {move || if is_empty.get() {
            view! { <Elsewhere row=row /> }.into_any()
        } else {
            view! {
                <FileTree label="Artifacts" folder=Callback::new(look) on_retry=Callback::new(again) chosen=chosen
                    on_choose=Callback::new(move |path: String| app.tune(|view| view.artifact = Some(path))) />
            }.into_any()
        }}
        {move || chosen.get().map(|path| view! { <Shown row=row folder=folder path=path /> })}
    }
    .into_any()
}

/// Questions of one part of the page; copied freely. Those to a server end with it, so that the next page has its turn there; files
/// are read to the end.
#[derive(Clone, Copy)]
struct Questions {
    handles: StoredValue<Vec<AbortHandle>>,
    are_dropped: bool,
}

impl Questions {
    /// None, of the part that is being built.
    fn new(app: App) -> Questions {
        let handles = StoredValue::new(Vec::<AbortHandle>::new());
        on_cleanup(move || {
            let _ = handles.try_update_value(|handles| handles.iter().for_each(AbortHandle::abort));
        });
        Questions { handles, are_dropped: app.session.with_value(Session::has_server) }
    }

    /// The answer to one; `None` when the part of the page is gone.
    fn ask<T>(self, question: impl Future<Output = T> + 'static) -> impl Future<Output = Option<T>> + 'static {
        let (question, handle) = abortable(question);
        if self.are_dropped {
            let _ = self.handles.try_update_value(|handles| handles.push(handle));
        }
        async move { question.await.ok() }
    }
}

/// No artifact is here. Those of a database's runs lie in a folder of their own, which can be added.
#[component]
fn Elsewhere(row: u32) -> impl IntoView {
    let app = App::get();
    let uri = Memo::new(move |_| {
        app.changed.track();
        app.session.with_value(|session| {
            let experiment = session.experiments.get(*session.table.experiment.get(row as usize)? as usize)?;
            let store = session.stores.get(experiment.store as usize)?;
            let lies_beside = store.format == "mlruns" || store.server.is_some();
            session.table.artifact_uri.get(row as usize)?.clone().filter(|_| !lies_beside)
        })
    });
    move || {
        match uri.get() {
        None => view! { <p class="dim pad">"No artifact was kept of this run."</p> }.into_any(),
        Some(uri) => view! {
            <div class="block">
                <p class="dim">"No artifact of this run is here. MLflow keeps them in"</p>
                <p class="mono wrap-anywhere" data-artifact-uri="">{one_line(&uri, 300)}</p>
                <p class="dim">"Add the folder that holds it, mostly "<code>"mlruns"</code>" or "<code>"mlartifacts"</code>", to see them."</p>
                <p><button type="button" class="btn sm" on:click=move |_| opening::pick_folder(app, How::Add)><Icon name=IconName::Folder />"Add a folder"</button></p>
            </div>
        }.into_any(),
    }
    }
}

fn folder(app: App, row: u32) -> Option<Rc<dyn Folder>> {
    let source = app.source.get_value()?;
    let key = app.session.with_value(|session| session.table.key.get(row as usize).cloned())?;
    Some(Source::artifacts(&*source, &key))
}

/// An answer of a folder, once the page knows of it: what was wrong with what was read is a notice, and who asks may have been
/// refused. `None` when the part of the page that asked is gone.
fn told<T>(app: App, folder: &dyn Folder, answer: Option<Result<T, Fault>>) -> Option<Result<T, Fault>> {
    app.hear(folder.take_report());
    answer.map(|answer| answer.inspect_err(|fault| app.asked.heed(fault)))
}

/// What the notices say of one artifact of a run: all of MLflow's layouts keep it at `RUN/artifacts/PATH`.
fn flaws(app: App, row: u32, artifact: &str) -> Vec<String> {
    app.report_changed.track();
    let name = path::name(artifact);
    app.session.with_value(|session| {
        let Some(id) = session.table.id.get(row as usize) else { return Vec::new() };
        let place = format!("{id}/artifacts/{artifact}");
        let its = session.report.notices().iter().filter(|notice| notice.path.ends_with(&place));
        its.map(|notice| {
            format!("{}. {}", notice.message.trim_end_matches('.').replace(&notice.path, name), notice.reason.advice())
        })
        .collect()
    })
}

async fn list(folder: Rc<dyn Folder>, path: String) -> Result<Vec<TreeEntry>, Fault> {
    let _busy = Busy::start();
    let mut entries = folder.list(&[path], true).await?.pop().unwrap_or_default();
    entries.sort_by(|a, b| {
        b.is_folder.cmp(&a.is_folder).then_with(|| crate::view::columns::natural(&a.name, &b.name, false))
    });
    let entry = |entry: crate::sources::Entry| TreeEntry {
        right: entry.size.map(bytes).unwrap_or_default(),
        icon: (!entry.is_folder).then(|| icon(&entry.name)),
        name: entry.name,
        is_folder: entry.is_folder,
    };
    Ok(entries.into_iter().map(entry).collect())
}

fn icon(name: &str) -> IconName {
    match () {
        () if is_image_name(name) => IconName::Image,
        () if crate::view::artifact::is_table_name(name) => IconName::Table,
        () => IconName::File,
    }
}

/// What was read of an artifact.
#[derive(Clone)]
enum Read {
    Shown(Preview),
    Picture(ObjectUrl),
    /// Nobody waited for it any more.
    Gone,
}

async fn read(folder: Rc<dyn Folder>, path: String) -> Result<Read, Fault> {
    let _busy = Busy::start();
    let limit = if is_image_name(&path) { IMAGE_BYTES } else { TEXT_BYTES };
    let asks = [ReadAsk::up_to(path.clone(), limit + 1)];
    let mut bytes = folder.read(&asks).await?.pop().unwrap_or_else(|| Ok(Vec::new()))?;
    let is_whole = bytes.len() as u64 <= limit;
    bytes.truncate(limit as usize);
    Ok(match preview(&path, &bytes, is_whole) {
        Preview::Image(media_type) => match files::object_url(&bytes, media_type) {
            Some(address) => Read::Picture(address),
            None => Read::Shown(Preview::Binary),
        },
        other => Read::Shown(other),
    })
}

#[component]
fn Shown(row: u32, folder: StoredValue<Rc<dyn Folder>, LocalStorage>, path: String) -> impl IntoView {
    let app = App::get();
    let name = path::name(&path).to_owned();
    let questions = Questions::new(app);
    let content = {
        let path = path.clone();
        LocalResource::new(move || {
            let held = folder.get_value();
            let question = questions.ask(read(held.clone(), path.clone()));
            async move { told(app, &*held, question.await).unwrap_or(Ok(Read::Gone)) }
        })
    };
    let download = {
        let (path, name) = (path.clone(), name.clone());
        move |_| {
            let (held, path, name) = (folder.get_value(), path.clone(), name.clone());
            app.say(format!("Reading {name}"));
            leptos::task::spawn_local(async move {
                let saved = save(held.clone(), path, &name).await;
                if let Some(saved) = told(app, &*held, Some(saved)) {
                    app.say(saved.map_or_else(|fault| fault.message, |()| format!("{name} was saved")));
                }
            });
        }
    };
    let alt = name.clone();
    view! {
        <div class="block artifact" data-artifact=path.clone()>
            <h3>
                <span class="cut grow" title=path.clone()>{one_line(&path, 200)}</span>
                <button type="button" class="btn sm" on:click=download><Icon name=IconName::Download />"Save"</button>
                <button type="button" class="btn quiet sm icon" aria-label="Close the preview" on:click=move |_| app.tune(|view| view.artifact = None)>
                    <Icon name=IconName::Close />
                </button>
            </h3>
            {let path = path.clone(); move || flaws(app, row, &path).into_iter().map(|flaw| view! {
                <div class="msg warning slim" role="status"><Icon name=IconName::Warning /><span class="grow">{flaw}</span></div>
            }).collect_view()}
            {move || match content.get() {
                None | Some(Ok(Read::Gone)) => view! { <p class="dim" role="status">"Reading"</p> }.into_any(),
                Some(Err(fault)) => view! { <Fault fault=fault retry=Callback::new(move |()| content.refetch()) /> }.into_any(),
                Some(Ok(Read::Picture(address))) => view! {
                    <div class="picture"><img src=address.address().to_owned() alt=alt.clone() on:load=move |_| drop(address.clone()) /></div>
                }.into_any(),
                Some(Ok(Read::Shown(preview))) => shown(preview),
            }}
        </div>
    }
}

fn shown(preview: Preview) -> AnyView {
    match preview {
        Preview::Text { text, rest } => view! {
            {rest.map(|rest| view! { <p class="dim">"Shown: "{rest}</p> })}
            <pre class="code file" tabindex="0">{text}</pre>
        }
        .into_any(),
        Preview::Table { head, rows, rest } => {
            let number = |text: &str| text.trim().parse::<f64>().is_ok();
            let first = rows.first().cloned().unwrap_or_default();
            let are_numbers = |at: usize| first.get(at).is_some_and(|text| number(text));
            view! {
                {rest.map(|rest| view! { <p class="dim">"Shown: "{rest}</p> })}
                <div class="table-scroll" tabindex="0" role="group" aria-label="Table">
                    <table class="tbl file">
                        <thead><tr>{head.into_iter().enumerate().map(|(at, cell)| view! {
                            <th scope="col" class:num=are_numbers(at)>{one_line(&cell, 80)}</th>
                        }).collect_view()}</tr></thead>
                        <tbody>{rows.into_iter().map(|row| view! {
                            <tr>{row.into_iter().map(|cell| view! { <td class:num=number(&cell)>{one_line(&cell, 200)}</td> }).collect_view()}</tr>
                        }).collect_view()}</tbody>
                    </table>
                </div>
            }.into_any()
        }
        Preview::Image(_) | Preview::Binary => {
            view! { <p class="dim">"This kind of file has no preview here; save it to look at it."</p> }.into_any()
        }
    }
}

#[component]
fn Fault(fault: Fault, retry: Callback<()>) -> impl IntoView {
    view! {
        <div class="msg failed" role="alert">
            <Icon name=IconName::Failed /><span class="grow">{fault.message}</span>
            <button type="button" class="btn sm" on:click=move |_| retry.run(())><Icon name=IconName::Retry />"Retry"</button>
        </div>
    }
}

/// Reads a file piece by piece into the browser's keeping, then hands it to the user.
async fn save(folder: Rc<dyn Folder>, path: String, name: &str) -> Result<(), Fault> {
    let _busy = Busy::start();
    let mut download = files::Download::default();
    let mut at = 0_u64;
    loop {
        let asks = [ReadAsk { path: path.clone(), range: at..at + PIECE_BYTES }];
        let piece = folder.read(&asks).await?.pop().unwrap_or_else(|| Ok(Vec::new()))?;
        download.push(&piece);
        at += piece.len() as u64;
        if (piece.len() as u64) < PIECE_BYTES {
            download.save(name);
            return Ok(());
        }
    }
}
