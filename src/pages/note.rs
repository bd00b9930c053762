//! A note's tree as elements of the page.

use crate::view::markdown::{Element, Node, read};
use leptos::prelude::*;

/// A note in Markdown.
#[component]
pub fn Note(text: String) -> impl IntoView {
    view! { <div class="note">{views(read(&text))}</div> }
}

fn views(nodes: Vec<Node>) -> Vec<AnyView> {
    nodes.into_iter().map(one).collect()
}

fn one(node: Node) -> AnyView {
    match node {
        Node::Text(text) => text.into_any(),
        Node::Code(text) => view! { <code>{text}</code> }.into_any(),
        Node::CodeBlock(text) => view! { <pre class="code" tabindex="0">{text}</pre> }.into_any(),
        Node::Break => view! { <br /> }.into_any(),
        Node::Rule => view! { <hr /> }.into_any(),
        Node::Box(ticked) => if ticked { "☑ " } else { "☐ " }.into_any(),
        Node::Link(address, children) => view! {
            <a href=address target="_blank" rel="noopener noreferrer">{views(children)}</a>
        }
        .into_any(),
        Node::Element(element, children) => {
            let children = views(children);
            match element {
                Element::Paragraph => view! { <p>{children}</p> }.into_any(),
                // the page has its own first headings; a note's begin below them
                Element::Heading(1) => view! { <h4 class="h1">{children}</h4> }.into_any(),
                Element::Heading(2) => view! { <h4 class="h2">{children}</h4> }.into_any(),
                Element::Heading(_) => view! { <h5>{children}</h5> }.into_any(),
                Element::Quote => view! { <blockquote>{children}</blockquote> }.into_any(),
                Element::List(None) => view! { <ul>{children}</ul> }.into_any(),
                Element::List(Some(start)) => view! { <ol start=start.to_string()>{children}</ol> }.into_any(),
                Element::Item => view! { <li>{children}</li> }.into_any(),
                Element::Emphasis => view! { <em>{children}</em> }.into_any(),
                Element::Strong => view! { <strong>{children}</strong> }.into_any(),
                Element::Struck => view! { <s>{children}</s> }.into_any(),
                Element::Table => view! { <table class="plain"><tbody>{children}</tbody></table> }.into_any(),
                Element::Row => view! { <tr>{children}</tr> }.into_any(),
                Element::HeadCell => view! { <th scope="col">{children}</th> }.into_any(),
                Element::Cell => view! { <td>{children}</td> }.into_any(),
                Element::Plain => view! { <span>{children}</span> }.into_any(),
            }
        }
    }
}
