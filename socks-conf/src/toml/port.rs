//! Ports as TOML has them: `80`, `"http"`, `"1024-65535"`, `">= 1024"`.

use crate::{Ports, service};

type Operator = fn(u16) -> Ports;

const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Ports::NotEqual),
    (">=", Ports::GreaterOrEqual),
    ("<=", Ports::LessOrEqual),
    ("=", Ports::Equal),
    (">", Ports::Greater),
    ("<", Ports::Less),
    ("ne ", Ports::NotEqual),
    ("ge ", Ports::GreaterOrEqual),
    ("le ", Ports::LessOrEqual),
    ("eq ", Ports::Equal),
    ("gt ", Ports::Greater),
    ("lt ", Ports::Less),
];

/// The ports that `text` stands for.
pub(super) fn ports(text: &str) -> Option<Ports> {
    let text = text.trim();
    let operator = OPERATORS.iter().find_map(|(sign, operator)| Some((text.strip_prefix(sign)?, operator)));
    if let Some((port, operator)) = operator {
        return number_or_service(port.trim()).map(operator);
    }
    if let Some(port) = number_or_service(text) {
        return Some(Ports::Equal(port));
    }
    let (first, last) = text.split_once('-')?;
    let (first, last) = (number_or_service(first.trim())?, number_or_service(last.trim())?);
    (first <= last).then_some(Ports::Range(first, last))
}

fn number_or_service(text: &str) -> Option<u16> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => service::port(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        assert_eq!(ports("80"), Some(Ports::Equal(80)));
        assert_eq!(ports("= http"), Some(Ports::Equal(80)));
        assert_eq!(ports("http-alt"), Some(Ports::Equal(8080)));
        assert_eq!(ports(" 1024 - 65535 "), Some(Ports::Range(1024, 65535)));
        assert_eq!(ports("http-https"), Some(Ports::Range(80, 443)));
        assert_eq!(ports(">=1024"), Some(Ports::GreaterOrEqual(1024)));
        assert_eq!(ports("ne 25"), Some(Ports::NotEqual(25)));
        for wrong in ["", "-", "90-80", "65536", "== 80", "nosuch", "80,443", ">", "+80", "ne"] {
            assert_eq!(ports(wrong), None, "{wrong}");
        }
    }
}
