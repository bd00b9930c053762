//! A tree of files, each folder of which is asked for when it is opened.
//!
//! It must not know where the files lie. Of a folder with very many entries the first are shown, the rest when asked for.

use super::icon::{Icon, IconName};
use crate::browser::dom;
use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use leptos::{ev, html};
use std::collections::HashMap;
use std::sync::Arc;

/// Entries of a folder that are shown at first, and how many more each time.
const SOME: usize = 500;
/// Folders in folders that are shown; deeper ones are not opened.
const MOST_LEVELS: u32 = 64;

/// One file or folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeEntry {
    /// Its last path part.
    pub name: String,
    /// Folder or file.
    pub is_folder: bool,
    /// Quiet, at the right: its size.
    pub right: String,
    /// Its drawing; a folder has its own.
    pub icon: Option<IconName>,
}

/// What is known of the inside of a folder.
#[derive(Clone, Debug, PartialEq)]
pub enum TreeFolder {
    /// It is being read.
    Reading,
    /// What lies in it.
    Entries(Arc<Vec<TreeEntry>>),
    /// It could not be read: why.
    Failed(String),
}

#[derive(Clone, Copy)]
struct Tree {
    folder: Callback<String, TreeFolder>,
    on_retry: Callback<String>,
    chosen: Signal<Option<String>>,
    on_choose: Callback<String>,
    root: NodeRef<html::Div>,
    open: RwSignal<HashMap<String, bool>>,
    /// The path that Tab reaches.
    at: RwSignal<Option<String>>,
}

/// The tree.
#[component]
pub fn FileTree(
    /// Its name for screen readers.
    #[prop(into)]
    label: Signal<String>,
    /// What lies in the folder of this path; the root is the empty path. Runs inside the folder, which shows what the
    /// signals read in it say: answer [`TreeFolder::Reading`] first, and start reading.
    #[prop(into)]
    folder: Callback<String, TreeFolder>,
    /// The folder of this path could not be read, and is to be read again.
    #[prop(into)]
    on_retry: Callback<String>,
    /// The file that is shown.
    #[prop(into)]
    chosen: Signal<Option<String>>,
    /// A file was pressed: its path.
    #[prop(into)]
    on_choose: Callback<String>,
) -> impl IntoView {
    // What is shown lies open from the start.
    let open = chosen.with_untracked(|chosen| {
        let parents = |path: &String| -> Vec<String> {
            path.match_indices('/').filter_map(|(at, _)| path.get(..at)).map(str::to_owned).collect()
        };
        chosen.iter().flat_map(parents).map(|path| (path, true)).collect::<HashMap<_, _>>()
    });
    let tree = Tree {
        folder,
        on_retry,
        chosen,
        on_choose,
        root: NodeRef::new(),
        open: RwSignal::new(open),
        at: RwSignal::new(chosen.get_untracked()),
    };
    let keydown = move |event: ev::KeyboardEvent| {
        if tree.key(&event) {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    // a tree has items: until there are some, or where there is a fault in their place, it is none
    let is_tree =
        Memo::new(move |_| matches!(folder.run(String::new()), TreeFolder::Entries(entries) if !entries.is_empty()));
    view! {
        <div class="file-tree" node_ref=tree.root role=move || is_tree.get().then_some("tree")
            aria-label=move || is_tree.get().then(|| label.get()) on:keydown=keydown>
            {inside(tree, String::new(), 0)}
        </div>
    }
}

/// The entries of a folder.
fn inside(tree: Tree, path: String, level: u32) -> AnyView {
    let shown = RwSignal::new(SOME);
    let note =
        move |words: String| view! { <div class="note" role="none" style:--level=level.to_string()>{words}</div> };
    let of = path.clone();
    let content = Memo::new(move |_| tree.folder.run(of.clone()));
    (move || {
        let entries = match content.get() {
            TreeFolder::Reading => return note("Reading ...".to_owned()).into_any(),
            TreeFolder::Failed(why) => return failed(tree, path.clone(), level, why),
            TreeFolder::Entries(entries) if entries.is_empty() => return note("Nothing in it".to_owned()).into_any(),
            TreeFolder::Entries(entries) => entries,
        };
        let (count, shows) = (entries.len(), shown.get().min(entries.len()));
        let leaves = entries.iter().take(shows).enumerate().map(|(i, entry)| {
            let path = if path.is_empty() { entry.name.clone() } else { format!("{path}/{}", entry.name) };
            let is_first = level == 0 && i == 0;
            leaf(tree, entry.clone(), path, level, is_first, (i + 1, count))
        });
        let leaves = leaves.collect_view();
        let more = (count > shows).then(|| {
            view! {
                <div class="note" role="none" style:--level=level.to_string()>
                    <button type="button" class="btn sm" on:click=move |_| shown.update(|shown| *shown += SOME)>
                        {format!("Show {} more of {}", (count - shows).min(SOME), count - shows)}
                    </button>
                </div>
            }
        });
        view! { {leaves} {more} }.into_any()
    })
    .into_any()
}

/// Why a folder could not be read, with a way to try again. Within a tree that is an item too: a tree holds nothing else.
fn failed(tree: Tree, path: String, level: u32, why: String) -> AnyView {
    let is_item = level > 0;
    let level_attribute = custom_attribute("aria-level", is_item.then(|| (level + 1).to_string()));
    let place = is_item.then(|| format!("{path}/"));
    view! {
        <div
            class="note"
            role=if is_item { "treeitem" } else { "alert" }
            {..level_attribute}
            tabindex=is_item.then_some("-1")
            data-path=place
            data-failed=""
            style:--level=level.to_string()
        >
            <p>{why}</p>
            <button type="button" class="btn sm" on:click=move |_| tree.retry(&path)><Icon name=IconName::Retry />"Retry"</button>
        </div>
    }
    .into_any()
}

fn leaf(
    tree: Tree,
    entry: TreeEntry,
    path: String,
    level: u32,
    is_first: bool,
    (position, count): (usize, usize),
) -> impl IntoView {
    let path = StoredValue::new(path);
    let is_folder = entry.is_folder;
    let is_open =
        Memo::new(move |_| path.with_value(|path| tree.open.with(|open| open.get(path).copied().unwrap_or_default())));
    let is_chosen = Memo::new(move |_| tree.chosen.with(|chosen| path.with_value(|p| chosen.as_ref() == Some(p))));
    let is_at =
        Memo::new(move |_| tree.at.with(|at| at.as_ref().map_or(is_first, |at| path.with_value(|path| path == at))));
    let icon = if is_folder { IconName::Folder } else { entry.icon.unwrap_or(IconName::File) };
    let name = entry.name.clone();
    let level_attribute = custom_attribute("aria-level", (level + 1).to_string());
    view! {
        <div
            class="leaf"
            role="treeitem"
            {..level_attribute}
            aria-setsize=count
            aria-posinset=position
            aria-expanded=move || is_folder.then(|| if is_open.get() { "true" } else { "false" })
            aria-selected=move || if is_chosen.get() { "true" } else { "false" }
            data-path=path.get_value()
            data-folder=is_folder.then_some("")
            title=name
            tabindex=move || if is_at.get() { "0" } else { "-1" }
            style:--level=level.to_string()
            on:focus=move |_| tree.at.set(Some(path.get_value()))
            on:click=move |_| tree.press(path.get_value(), is_folder)
        >
            <span class="twisty" class:open=move || is_open.get()>
                {is_folder.then(|| view! { <Icon name=IconName::ChevronRight class="small" /> })}
            </span>
            <Icon name=icon />
            <span class="cut">{entry.name.clone()}</span>
            <span class="r">{entry.right.clone()}</span>
        </div>
        {move || (is_folder && is_open.get() && level < MOST_LEVELS).then(|| inside(tree, path.get_value(), level + 1))}
    }
}

impl Tree {
    fn press(self, path: String, is_folder: bool) {
        self.at.set(Some(path.clone()));
        if is_folder {
            self.open.update(|open| {
                let is_open = open.entry(path).or_default();
                *is_open = !*is_open;
            });
        } else {
            self.on_choose.run(path);
        }
    }

    /// Reads a folder again; its own line takes the focus from the button, which goes.
    fn retry(self, path: &str) {
        let items = self.root.get_untracked().map(|root| dom::all(&root, "[role='treeitem']")).unwrap_or_default();
        if let Some(item) = items.iter().find(|item| item.get_attribute("data-path").as_deref() == Some(path)) {
            dom::focus(item);
        }
        self.on_retry.run(path.to_owned());
    }

    /// A key on an item; whether it was one for the tree.
    fn key(self, event: &ev::KeyboardEvent) -> bool {
        let Some(root) = self.root.get_untracked() else { return false };
        let Some(item) = dom::target_element(event).filter(|e| e.get_attribute("role").as_deref() == Some("treeitem"))
        else {
            return false;
        };
        let path = item.get_attribute("data-path").unwrap_or_default();
        let is_folder = item.has_attribute("data-folder");
        let is_open = is_folder && self.open.with_untracked(|open| open.get(&path).copied().unwrap_or_default());
        let items = dom::all(&root, "[role='treeitem']");
        let now = items.iter().position(|other| *other == item).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowDown" => items.get(now + 1),
            "ArrowUp" => now.checked_sub(1).and_then(|i| items.get(i)),
            "Home" => items.first(),
            "End" => items.last(),
            "ArrowRight" if is_open => items.get(now + 1),
            "ArrowRight" if is_folder => {
                self.press(path, true);
                return true;
            }
            "ArrowLeft" if is_open => {
                self.press(path, true);
                return true;
            }
            "ArrowLeft" => {
                let parent = path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
                items.iter().find(|item| item.get_attribute("data-path") == parent && parent.is_some())
            }
            "Enter" | " " if item.has_attribute("data-failed") => {
                self.retry(path.trim_end_matches('/'));
                return true;
            }
            "Enter" | " " => {
                self.press(path, is_folder);
                return true;
            }
            _ => return false,
        };
        if let Some(to) = to {
            dom::focus(to);
            dom::reveal(to);
        }
        true
    }
}
