//! Text that came from elsewhere, for a terminal.

/// A terminal obeys control characters, and some others turn the direction of what follows.
pub(crate) fn printable(text: &str) -> String {
    let escaped = |letter: char| match letter {
        letter if letter.is_control() || turns(letter) => letter.escape_default().to_string(),
        letter => letter.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Characters without a shape of their own that change how others are shown (Unicode Standard Annex 9).
fn turns(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(printable("b\u{fc} \u{1b}[2J\n\u{202e}txt"), "b\u{fc} \\u{1b}[2J\\n\\u{202e}txt");
    }
}
