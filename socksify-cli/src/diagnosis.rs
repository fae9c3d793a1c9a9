//! Mistakes and warnings of a configuration as compilers show them: the line, what is meant in it, and what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use socks_conf::{Diagnostic, Location, Warning};
use std::io::IsTerminal;

/// How the text looks.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    /// For a file, or another program.
    Plain,
    /// With colours.
    Coloured,
}

impl Style {
    /// What standard error can show; see no-color.org.
    pub(crate) fn of_messages() -> Style {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if wanted && std::io::stderr().is_terminal() { Style::Coloured } else { Style::Plain }
    }
}

/// Why a file is refused: every mistake in it.
pub(crate) fn errors(diagnostics: &[Diagnostic], style: Style) -> String {
    let error = |diagnostic: &Diagnostic| {
        let help = diagnostic.problem.accepted();
        show(Level::ERROR, &diagnostic.problem.to_string(), &diagnostic.location, help.as_deref(), style)
    };
    diagnostics.iter().map(error).collect::<Vec<_>>().join("\n\n")
}

/// What to know about a file that is not refused.
pub(crate) fn warning(warning: &Warning, style: Style) -> String {
    show(Level::WARNING, &warning.caution.to_string(), &warning.location, None, style)
}

fn show(level: Level<'_>, title: &str, location: &Location, help: Option<&str>, style: Style) -> String {
    let path = location.file.display().to_string();
    let group = match location.line as usize {
        0 => Group::with_title(level.primary_title(format!("{path}: {title}"))),
        // Of a very long line only a part is known, in which the columns are others.
        line if location.is_cut() => {
            let origin = Origin::path(path).line(line).char_column(location.column as usize);
            level.primary_title(title).element(origin)
        }
        line => {
            let source = Snippet::source(location.text.as_str()).line_start(line).path(path);
            level
                .primary_title(title)
                .element(source.annotation(AnnotationKind::Primary.span(location.shown())))
        }
    };
    let group = match help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    };
    renderer(style).render(&[group])
}

fn renderer(style: Style) -> Renderer {
    match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn shown(text: &str) -> String {
        match socks_conf::parse(text.as_bytes(), Path::new("x.conf")) {
            Err(socks_conf::Error::Syntax(diagnostics)) => errors(&diagnostics, Style::Plain),
            Err(error) => error.to_string(),
            Ok(config) => {
                config.warnings.iter().map(|told| warning(told, Style::Plain)).collect::<Vec<_>>().join("\n")
            }
        }
    }

    #[test]
    fn a_mistake_is_shown_in_its_line() {
        assert_eq!(
            shown("debug: 1\n\tresolveprotocol: faek # é\nroute { from: 0/0 to: 0/0 via: direct }\n"),
            "error: `resolveprotocol` has no value `faek`\n \
             --> x.conf:2:19\n  \
             |\n2 |     resolveprotocol: faek # é\n  \
             |                      ^^^^\n  \
             |\n  \
             = help: did you mean `fake`? accepted: fake, tcp, udp, local, tor"
        );
    }

    #[test]
    fn a_warning_about_the_whole_file_has_no_line() {
        let told = shown("debug: 1\n");
        assert!(told.starts_with("warning: x.conf: there is no route"), "{told}");
        assert!(!told.contains('\n'), "{told}");
    }
}
