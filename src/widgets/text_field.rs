//! A field for one line of text in a language: a real text field over its own text in colours, and under it what is wrong.
//!
//! It must not know the language: the colours and the problems come from its owner, as ranges of bytes.

use super::icon::{Icon, IconName};
use crate::browser::dom;
use leptos::prelude::*;
use leptos::{ev, html};
use std::ops::Range;

/// A part of the text and the class that colours it.
pub type Coloured = (Range<usize>, &'static str);

/// A mistake.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldProblem {
    /// Where, in bytes.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead; may be empty.
    pub hint: String,
}

/// The field. It shows `text`, and tells of each change; who owns the text decides when to act on it.
#[component]
pub fn QueryField(
    /// Its name for screen readers; also where nothing is typed yet, if there is no `placeholder`.
    #[prop(into)]
    label: Signal<String>,
    /// Shown where nothing is typed yet.
    #[prop(into, optional)]
    placeholder: Signal<String>,
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// It was changed by typing.
    #[prop(into)]
    on_input: Callback<String>,
    /// Enter: apply it at once.
    #[prop(into, optional)]
    on_apply: Option<Callback<String>>,
    /// Parts of the text in order, with their classes; gaps are plain.
    #[prop(into)]
    highlight: Callback<String, Vec<Coloured>>,
    /// What is wrong with it; the first is shown.
    #[prop(into, default = Signal::stored(Vec::new()))]
    problems: Signal<Vec<FieldProblem>>,
    /// At the right: "148 of 212 runs".
    #[prop(into, optional)]
    found: Signal<String>,
    /// The input element, for whoever moves the focus to it.
    #[prop(optional)]
    input_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let scroll_px = RwSignal::new(0.0_f64);
    // The paint follows the text field, which scrolls by itself when its text is too long.
    let follow = move || {
        request_animation_frame(move || {
            let left = input_ref.try_get_untracked().flatten().map(|input| dom::scroll_left_px(&input));
            if let Some(left) = left.filter(|left| scroll_px.try_get_untracked() != Some(*left)) {
                scroll_px.set(left);
            }
        });
    };
    Effect::new(move || {
        text.track();
        follow();
    });
    let shift = move || format!("translateX({}px)", -scroll_px.get());
    let problem = Memo::new(move |_| problems.with(|problems| problems.first().cloned()));
    let paint = move || {
        let text = text.get();
        let marked = problem.get().map(|problem| clamp(&text, &problem.at)).unwrap_or_default();
        let parts = highlight.run(text.clone());
        pieces(&text, &parts, &marked)
            .into_iter()
            .map(|(piece, class)| view! { <span class=class>{piece.to_owned()}</span> })
            .collect_view()
    };
    let clear = move |_| {
        on_input.run(String::new());
        if let Some(on_apply) = on_apply {
            on_apply.run(String::new());
        }
        if let Some(input) = input_ref.get_untracked() {
            dom::focus(&input);
        }
    };
    let problem_id = "query-problem";
    let under = move || {
        problem.get().map(|problem| {
            let text = text.get();
            let at = clamp(&text, &problem.at);
            let before = text.get(..at.start).unwrap_or_default().to_owned();
            let length = text.get(at).map_or(1, |wrong| wrong.chars().count().max(1));
            view! {
                <span class="at" aria-hidden="true" style:transform=shift>
                    <span>{before}</span>
                    {"^".repeat(length)}
                </span>
                <b>{problem.message}</b>
                {(!problem.hint.is_empty()).then(|| view! { " " <span class="hint">{problem.hint}</span> })}
            }
        })
    };
    view! {
        <div class="query" class:bad=move || problem.with(Option::is_some)>
            <Icon name=IconName::Filter />
            <div class="text">
                <div class="paint" aria-hidden="true" style:transform=shift>{paint}</div>
                <input
                    node_ref=input_ref
                    type="text"
                    data-query=""
                    aria-label=move || label.get()
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    aria-describedby=move || problem.with(Option::is_some).then_some(problem_id)
                    placeholder=move || {
                        let placeholder = placeholder.get();
                        if placeholder.is_empty() { label.get() } else { placeholder }
                    }
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    enterkeyhint="search"
                    prop:value=move || text.get()
                    on:input:target=move |event| {
                        on_input.run(event.target().value());
                        follow();
                    }
                    on:keydown=move |event: ev::KeyboardEvent| {
                        follow();
                        if event.key() == "Enter" && !event.is_composing() {
                            event.prevent_default();
                            if let Some(on_apply) = on_apply {
                                on_apply.run(text.get_untracked());
                            }
                        }
                    }
                    on:keyup=move |_| follow()
                    on:click=move |_| follow()
                    on:scroll=move |_| follow()
                    on:blur=move |_| follow()
                />
            </div>
            {move || {
                let found = found.get();
                (!found.is_empty()).then(|| view! { <span class="found">{found}</span> })
            }}
            {move || {
                (!text.with(String::is_empty)).then(|| view! {
                    <button type="button" class="btn quiet sm icon" aria-label="Clear the filter" title="Clear the filter" on:click=clear>
                        <Icon name=IconName::Close />
                    </button>
                })
            }}
        </div>
        <div class="query-problem" id=problem_id role="status">{under}</div>
    }
}

/// The range as far as it lies in the text, on the borders of characters.
fn clamp(text: &str, range: &Range<usize>) -> Range<usize> {
    let border = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (border(range.start), border(range.end));
    start..end.max(start)
}

/// The text in pieces, each with its classes: coloured or plain, and marked where something is wrong.
fn pieces<'a>(text: &'a str, parts: &[Coloured], marked: &Range<usize>) -> Vec<(&'a str, String)> {
    let mut borders = vec![0, text.len(), marked.start, marked.end];
    let parts: Vec<Coloured> = parts.iter().map(|(range, class)| (clamp(text, range), *class)).collect();
    borders.extend(parts.iter().flat_map(|(range, _)| [range.start, range.end]));
    borders.sort_unstable();
    borders.dedup();
    let mut pieces = Vec::new();
    for pair in borders.windows(2) {
        let &[start, end] = pair else { continue };
        let Some(piece) = text.get(start..end) else { continue };
        let colour = parts.iter().find(|(range, _)| range.start <= start && end <= range.end).map_or("", |(_, c)| c);
        let wrong = if marked.start <= start && end <= marked.end { " q-e" } else { "" };
        pieces.push((piece, format!("{colour}{wrong}")));
    }
    pieces
}
