//! A text in pieces that each have one look: coloured by its language, marked where something is wrong.
//!
//! It must not know the language. Ranges come from outside and are bytes; what of them lies outside the text, or inside a
//! character, is cut.

use std::ops::Range;

/// A part of a text and the class that colours it.
pub type Coloured = (Range<usize>, &'static str);

/// The range as far as it lies in the text, on the borders of characters.
pub fn clamp(text: &str, range: &Range<usize>) -> Range<usize> {
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

/// The whole text in pieces, each with its class, and whether it is marked. Where parts overlap, the first holds.
pub fn pieces<'a>(text: &'a str, parts: &[Coloured], marked: &Range<usize>) -> Vec<(&'a str, &'static str, bool)> {
    let parts: Vec<Coloured> = parts.iter().map(|(range, class)| (clamp(text, range), *class)).collect();
    let marked = clamp(text, marked);
    let mut borders = vec![0, text.len(), marked.start, marked.end];
    borders.extend(parts.iter().flat_map(|(range, _)| [range.start, range.end]));
    borders.sort_unstable();
    borders.dedup();
    let mut pieces = Vec::with_capacity(borders.len());
    for pair in borders.windows(2) {
        let &[start, end] = pair else { continue };
        let Some(piece) = text.get(start..end) else { continue };
        let holds = |range: &Range<usize>| range.start <= start && end <= range.end;
        let class = parts.iter().find(|(range, _)| holds(range)).map_or("", |(_, class)| class);
        pieces.push((piece, class, holds(&marked)));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_pieces() {
        /// Pieces as `text:class`, with `!` where marked.
        #[track_caller]
        fn check(text: &str, parts: &[Coloured], marked: Range<usize>, expected: &str) {
            let pieces = pieces(text, parts, &marked);
            let drawn: Vec<String> =
                pieces.iter().map(|(t, class, bad)| format!("{t}:{class}{}", if *bad { "!" } else { "" })).collect();
            assert_eq!(drawn.join("|"), expected);
            assert_eq!(pieces.iter().map(|(t, ..)| *t).collect::<String>(), text);
        }
        check("", &[], 0..0, "");
        check("a = 1", &[], 0..0, "a = 1:");
        check("a = 1", &[(0..1, "f"), (2..3, "o"), (4..5, "n")], 0..0, "a:f| :|=:o| :|1:n");
        check("a = 1", &[(0..1, "f")], 2..5, "a:f| :|= 1:!");
        check("abc", &[(0..3, "f")], 1..2, "a:f|b:f!|c:f");
        check("abc", &[(0..2, "f"), (1..3, "g")], 0..0, "a:f|b:f|c:g");
        check("größe", &[(2..3, "f"), (4..99, "g")], 0..0, "gr:|ö:|ße:g");
        check("ab", &[(9..12, "f")], 7..9, "ab:");
    }
}
