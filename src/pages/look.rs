//! The part of the page that shows data, as a file of its own: `look`. The open page needs none of it, and is there the
//! sooner. It is fetched ahead, right after the first paint; where a link names data, before it.
//!
//! Only what this file reaches through [`pages`] moves out: whoever names `experiments`, `runs` or `run` elsewhere in the
//! room moves them back into the first load.

use crate::browser::document;
use crate::browser::signs::{Broken, Busy};
use crate::pages::asking::keep_asking;
use crate::pages::live::keep_live;
use crate::pages::pipeline::Pipeline;
use crate::pages::state::App;
use crate::pages::{experiments, run, runs, shelf};
use crate::view::PageName;
use crate::widgets::icon::{Icon, IconName};
use leptos::prelude::*;

/// What the part gives: how to make a page of data.
#[derive(Clone, Copy)]
struct Pages(fn(PageName) -> AnyView);

/// Where the part stands.
#[derive(Clone, Copy)]
enum Standing {
    Away,
    Fetched,
    Failed,
    Here(Pages),
}

/// The part; copied freely.
#[derive(Clone, Copy)]
pub struct Look {
    app: App,
    owner: StoredValue<Owner>,
    standing: RwSignal<Standing>,
}

/// The part's code could not be fetched.
struct Missing;

impl From<leptos::wasm_split::SplitLoaderError> for Missing {
    fn from(_: leptos::wasm_split::SplitLoaderError) -> Missing {
        Missing
    }
}

/// The way into the part: gives `owner` the stages that its pages share.
#[leptos::wasm_split::wasm_split(look, wasm_split_path = ::leptos::wasm_split, fallible)]
fn pages(app: App, owner: Owner) -> Result<Pages, Missing> {
    owner.with(|| {
        let pipeline = Pipeline::new(app);
        provide_context(pipeline);
        keep_asking(app, pipeline.wanted);
        keep_live(app, pipeline);
    });
    Ok(Pages(|name| match name {
        PageName::Runs => view! { <runs::Runs /> }.into_any(),
        PageName::Run => view! { <run::Run /> }.into_any(),
        PageName::Models => view! { <shelf::Models /> }.into_any(),
        PageName::Traces => view! { <shelf::Traces /> }.into_any(),
        _ => view! { <experiments::Experiments /> }.into_any(),
    }))
}

impl Look {
    /// Of the shell: what the pages share lives as long as the present owner.
    pub fn new(app: App) -> Look {
        let owner = StoredValue::new(Owner::current().unwrap_or_default());
        Look { app, owner, standing: RwSignal::new(Standing::Away) }
    }

    /// Fetches it, unless it is here or on its way. What fails is tried again by the next call.
    pub fn fetch(self) {
        if matches!(self.standing.get_untracked(), Standing::Fetched | Standing::Here(_)) {
            return;
        }
        self.standing.set(Standing::Fetched);
        leptos::task::spawn_local(async move {
            let part = pages(self.app, self.owner.get_value()).await;
            self.standing.set(part.map_or(Standing::Failed, Standing::Here));
        });
    }

    /// The page of data of that name; what stands in its place until the part is here.
    pub fn show(self, name: PageName) -> AnyView {
        match self.standing.get() {
            Standing::Here(Pages(show)) => show(name),
            Standing::Failed => view! { <Failed look=self /> }.into_any(),
            Standing::Away | Standing::Fetched => view! { <Waiting /> }.into_any(),
        }
    }
}

/// The calm shape of a table.
#[component]
fn Waiting() -> impl IntoView {
    let busy = StoredValue::new_local(Some(Busy::start()));
    on_cleanup(move || drop(busy.try_update_value(Option::take)));
    view! {
        <div class="part-waits" aria-busy="true" aria-label="Getting ready" role="status">
            {[40, 92, 84, 88, 76, 90, 81].map(|percent| view! { <span class="skeleton" style:width=format!("{percent}%")></span> }).collect_view()}
        </div>
    }
}

#[component]
fn Failed(look: Look) -> impl IntoView {
    let broken = StoredValue::new_local(Some(Broken::start()));
    on_cleanup(move || drop(broken.try_update_value(Option::take)));
    document::set_title("Runglass");
    view! {
        <div class="start">
            <div role="alert" class="failed-open" data-fault="PartMissing">
                <h1>"A part of this page did not come"</h1>
                <p class="lead">"The code that shows runs and charts could not be fetched. The network may be gone, or the site has a newer build: then reload the page. What was read so far is still here."</p>
                <p><button type="button" class="btn" on:click=move |_| look.fetch()><Icon name=IconName::Retry />"Retry"</button></p>
            </div>
        </div>
    }
}
