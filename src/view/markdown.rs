//! Notes as a tree of known elements. Nothing in it is HTML: raw HTML stays text, pictures become links, and a link keeps
//! its address only if it leads to the web or to mail. Syntax: CommonMark with tables, strike-through and task lists.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// One node of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Plain text.
    Text(String),
    /// Code within a line.
    Code(String),
    /// A block of code.
    CodeBlock(String),
    /// A line break.
    Break,
    /// A rule.
    Rule,
    /// The box of a task, ticked or not.
    Box(bool),
    /// An element with children.
    Element(Element, Vec<Node>),
    /// A link to the web or to mail.
    Link(String, Vec<Node>),
}

/// Elements with children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// A paragraph.
    Paragraph,
    /// A heading, 1 to 6.
    Heading(u8),
    /// A quotation.
    Quote,
    /// A list; numbered from this number on, or with bullets.
    List(Option<u64>),
    /// An item of a list.
    Item,
    /// Emphasis.
    Emphasis,
    /// Strong emphasis.
    Strong,
    /// Struck through.
    Struck,
    /// A table.
    Table,
    /// A row of a table.
    Row,
    /// A cell of a table's head.
    HeadCell,
    /// A cell.
    Cell,
    /// Something without a meaning of its own here: its children count.
    Plain,
}

/// Elements within elements beyond this depth are flattened into it.
const DEEPEST: usize = 32;

/// Reads a note.
pub fn read(text: &str) -> Vec<Node> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    // open elements with their children so far; the last takes what comes
    let mut stack: Vec<(Open, Vec<Node>)> = vec![(Open::Element(Element::Plain), Vec::new())];
    let mut beyond = 0_usize;
    let mut in_head = false;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(tag) => {
                in_head |= matches!(tag, Tag::TableHead);
                if stack.len() >= DEEPEST {
                    beyond += 1;
                } else {
                    stack.push((opened(&tag, in_head), Vec::new()));
                }
            }
            Event::End(tag) => {
                in_head &= !matches!(tag, TagEnd::TableHead);
                if beyond > 0 {
                    beyond -= 1;
                } else if stack.len() > 1
                    && let Some((open, children)) = stack.pop()
                {
                    put(&mut stack, closed(open, children));
                }
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                put(&mut stack, Node::Text(text.into_string()))
            }
            Event::Code(text) => put(&mut stack, Node::Code(text.into_string())),
            Event::SoftBreak => put(&mut stack, Node::Text(" ".to_owned())),
            Event::HardBreak => put(&mut stack, Node::Break),
            Event::Rule => put(&mut stack, Node::Rule),
            Event::TaskListMarker(ticked) => put(&mut stack, Node::Box(ticked)),
            Event::FootnoteReference(name) => put(&mut stack, Node::Text(name.into_string())),
            Event::InlineMath(text) | Event::DisplayMath(text) => put(&mut stack, Node::Code(text.into_string())),
        }
    }
    while stack.len() > 1 {
        if let Some((open, children)) = stack.pop() {
            put(&mut stack, closed(open, children));
        }
    }
    stack.pop().map(|(_, children)| children).unwrap_or_default()
}

enum Open {
    Element(Element),
    Link(String),
    CodeBlock,
}

fn opened(tag: &Tag<'_>, in_head: bool) -> Open {
    Open::Element(match tag {
        Tag::Paragraph | Tag::HtmlBlock => Element::Paragraph,
        Tag::Heading { level, .. } => Element::Heading(*level as u8),
        Tag::BlockQuote(_) => Element::Quote,
        Tag::CodeBlock(_) => return Open::CodeBlock,
        Tag::List(start) => Element::List(*start),
        Tag::Item => Element::Item,
        Tag::Emphasis => Element::Emphasis,
        Tag::Strong => Element::Strong,
        Tag::Strikethrough => Element::Struck,
        Tag::Table(_) => Element::Table,
        Tag::TableHead | Tag::TableRow => Element::Row,
        Tag::TableCell => {
            if in_head {
                Element::HeadCell
            } else {
                Element::Cell
            }
        }
        Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => match safe_address(dest_url) {
            Some(address) => return Open::Link(address),
            None => Element::Plain,
        },
        _ => Element::Plain,
    })
}

fn closed(open: Open, children: Vec<Node>) -> Node {
    match open {
        Open::Element(element) => Node::Element(element, children),
        Open::Link(address) => Node::Link(address, children),
        Open::CodeBlock => {
            let text = |node: Node| if let Node::Text(text) = node { text } else { String::new() };
            Node::CodeBlock(children.into_iter().map(text).collect())
        }
    }
}

fn put(stack: &mut [(Open, Vec<Node>)], node: Node) {
    if let Some((_, children)) = stack.last_mut() {
        match (children.last_mut(), node) {
            (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
            (_, node) => children.push(node),
        }
    }
}

/// The address of a link that leads to the web or to mail; `javascript:` and the like lead nowhere.
pub fn safe_address(address: &str) -> Option<String> {
    let lower = address.trim().to_ascii_lowercase();
    let known = ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    known.then(|| address.trim().to_owned())
}

/// The first line of text of a note, for a table's cell.
pub fn first_line(text: &str) -> String {
    fn collect(nodes: &[Node], out: &mut String) {
        for node in nodes {
            match node {
                Node::Text(text) | Node::Code(text) => out.push_str(text),
                Node::CodeBlock(_) | Node::Rule | Node::Box(_) | Node::Break => {}
                Node::Element(_, children) | Node::Link(_, children) => collect(children, out),
            }
        }
    }
    // the beginning says enough, however long the note
    let end = text.char_indices().nth(2_000).map_or(text.len(), |(at, _)| at);
    for node in read(text.get(..end).unwrap_or(text)) {
        let mut line = String::new();
        collect(&[node], &mut line);
        if !line.trim().is_empty() {
            return line.trim().to_owned();
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::Text(text.to_owned())
    }

    #[test]
    fn what_notes_are_made_of() {
        let check = |markdown: &str, expected: Vec<Node>| assert_eq!(read(markdown), expected, "{markdown}");
        let element = Node::Element;
        check(
            "# A *b*",
            vec![element(Element::Heading(1), vec![text("A "), element(Element::Emphasis, vec![text("b")])])],
        );
        check(
            "- [x] a\n",
            vec![element(Element::List(None), vec![element(Element::Item, vec![Node::Box(true), text("a")])])],
        );
        check("```py\na\nb\n```", vec![Node::CodeBlock("a\nb\n".to_owned())]);
        check(
            "|a|\n|-|\n|1|\n",
            vec![element(
                Element::Table,
                vec![
                    element(Element::Row, vec![element(Element::HeadCell, vec![text("a")])]),
                    element(Element::Row, vec![element(Element::Cell, vec![text("1")])]),
                ],
            )],
        );
    }

    #[test]
    fn nothing_is_html_and_links_lead_to_the_web() {
        let paragraph = |children| vec![Node::Element(Element::Paragraph, children)];
        assert_eq!(read("a <b onclick=x>c</b>"), paragraph(vec![text("a <b onclick=x>c</b>")]));
        assert_eq!(read("<script>alert(1)</script>"), paragraph(vec![text("<script>alert(1)</script>")]));
        assert_eq!(read("[a](javascript:alert(1))"), paragraph(vec![Node::Element(Element::Plain, vec![text("a")])]));
        assert_eq!(
            read("![a](http://x/y.png)"),
            paragraph(vec![Node::Link("http://x/y.png".to_owned(), vec![text("a")])])
        );
        assert_eq!(safe_address(" JavaScript:alert(1)"), None);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "> ".repeat(5_000) + "end";
        assert_eq!(first_line(&("> ".repeat(60) + "end")), "end");
        assert!(!read(&deep).is_empty());
        assert_eq!(first_line("\n\n## A `b` c\n\nmore"), "A b c");
    }
}
