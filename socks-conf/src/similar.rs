//! "Did you mean": the known word that a misspelt one is close to.

/// The candidate with the fewest edits, if they are few for the length of `word`; case does not count.
pub(crate) fn similar<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let limit = (word.chars().count() / 3).clamp(1, 2);
    if word.len() > 64 {
        return None;
    }
    let near =
        candidates.into_iter().map(|candidate| (distance(&word, &candidate.to_ascii_lowercase()), candidate));
    near.filter(|(edits, _)| *edits <= limit).min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// The number of letters inserted, left out, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut before = None;
    for (i, letter) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let cell = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let replaced = cell(&above, j) + usize::from(letter != *other);
            let mut edits = replaced.min(cell(&above, j + 1) + 1).min(cell(&row, j) + 1);
            let swapped = j > 0 && b.get(j - 1) == Some(&letter) && before == Some(*other);
            if swapped {
                edits = edits.min(cell(&two_above, j - 1) + 1);
            }
            row.push(edits);
        }
        two_above = std::mem::replace(&mut above, row);
        before = Some(letter);
    }
    above.last().copied().unwrap_or(0)
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
        assert_eq!(distance("debgu", "debug"), 1);
        assert_eq!(distance("crop", "corp"), 1);
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
