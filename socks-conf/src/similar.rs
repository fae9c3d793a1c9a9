//! "Did you mean": the known word that a misspelt one is close to.

/// The candidate with the fewest edits, if they are few for the length of `word`; case does not count.
pub(crate) fn similar<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let limit = (word.chars().count() / 3).clamp(1, 2);
    if word.len() > 64 {
        return None;
    }
    let near = candidates.into_iter().map(|candidate| (distance(&word, candidate), candidate));
    near.filter(|(edits, _)| *edits <= limit).min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (cell, to) in row.iter_mut().zip(std::iter::once(None).chain(b.chars().map(Some))) {
            let above = *cell;
            left = match to {
                None => i + 1,
                Some(to) => (diagonal + usize::from(from != to)).min(above + 1).min(left + 1),
            };
            diagonal = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("route", "route"), 0);
        assert_eq!(distance("proxyprotocl", "proxyprotocol"), 1);
    }

    #[test]
    fn only_near_words_are_suggested() {
        let words = ["connect", "bind", "udpassociate"];
        assert_eq!(similar("conect", words), Some("connect"));
        assert_eq!(similar("CONNECT", words), Some("connect"));
        assert_eq!(similar("listen", words), None);
        assert_eq!(similar("x", words), None);
    }
}
