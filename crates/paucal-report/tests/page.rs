//! The page as a whole: well-formed, self-contained, safe and complete.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use paucal_core::run::{Existing, RunFolder};
use paucal_report::document::{
    Answer, Better, Blocks, Cell, Column, Compose, Document, Figure, Reference, Section, Table, Text, Verdict,
};
use paucal_report::figure::{ForestPlot, ForestRow};
use paucal_report::{Estimate, ReportError, export, html};
use quick_xml::events::{BytesStart, Event};

/// A name that does harm wherever it is not escaped.
const HOSTILE: &str = "</title></style><script>alert('1')</script><img src=x onerror=\"a\">&amp;\u{0}";

fn forest(id: &str) -> Figure {
    let row = ForestRow::new(HOSTILE, Estimate::new(-0.01, -0.04, 0.02)).note(HOSTILE);
    let data = Table::new(format!("{id}-data"), HOSTILE, ["Arm", HOSTILE])
        .row([Cell::code(HOSTILE), Cell::Difference(Estimate::new(-0.01, -0.04, 0.02))]);
    Figure::new(id, HOSTILE, HOSTILE, ForestPlot::new(HOSTILE).row(row).draw()).data(data)
}

fn table() -> Table {
    let columns = [
        Column::new(HOSTILE).explained(HOSTILE),
        Column::new("Score").unit(HOSTILE).better(Better::Higher),
        Column::new("p"),
        Column::new("n"),
        Column::new("Share").better(Better::Lower),
    ];
    Table::new("scores", HOSTILE, columns)
        .row([
            Cell::text(HOSTILE),
            Estimate::new(0.9, 0.8, 0.95).into(),
            Cell::PValue(0.0001),
            Cell::Count(1234),
            Cell::percent(0.1234, 1),
        ])
        .emphasised_row([
            Cell::text("b, \"quoted\""),
            Cell::Missing(HOSTILE.into()),
            Cell::PValue(0.2),
            Cell::Missing("none".into()),
            Cell::Missing(HOSTILE.into()),
        ])
        .note(HOSTILE)
}

fn document() -> Document {
    let verdict = |answer| Verdict::new(HOSTILE, answer, HOSTILE).evidence(HOSTILE);
    let answers = [Answer::Yes, Answer::Unclear, Answer::No, Answer::NotAssessed];
    Document::new(HOSTILE)
        .subtitle(HOSTILE)
        .summary(Blocks::new().verdicts(answers.map(verdict)).caution(HOSTILE, HOSTILE))
        .section(
            Section::new("one", HOSTILE)
                .paragraph(
                    Text::marked("A *b* **c** `d` [@a; @b] [section:deep] [table:scores] [figure:forest]")
                        .emphasis(HOSTILE)
                        .strong(HOSTILE)
                        .code(HOSTILE)
                        .link(HOSTILE, format!("https://example.org/{HOSTILE}")),
                )
                .list([HOSTILE])
                .numbered([HOSTILE])
                .key_values([(HOSTILE, HOSTILE)])
                .code(HOSTILE)
                .details(HOSTILE, Blocks::new().paragraph(HOSTILE))
                .table(table())
                .figure(forest("forest"))
                .figure(forest("again"))
                .subsection(Section::new("deep", HOSTILE).limit(HOSTILE, HOSTILE)),
        )
        .references([
            Reference::new("a", HOSTILE).doi("10.1/a"),
            Reference::new("b", HOSTILE).address(format!("https://example.org/{HOSTILE}")),
            Reference::new("c", "not cited"),
        ])
        .provenance(HOSTILE, HOSTILE)
}

/// Elements of HTML that have no end tag.
const VOID: [&str; 4] = ["meta", "br", "img", "link"];

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().map(Result::unwrap).find(|a| a.key.as_ref() == name)?;
    Some(found.value.into_owned())
}

/// Every element of the page with its attributes; fails where tags do not match.
fn elements(page: &str) -> Vec<BytesStart<'static>> {
    let mut reader = quick_xml::Reader::from_str(page);
    reader.config_mut().check_end_names = false;
    let (mut open, mut elements): (Vec<String>, Vec<BytesStart<'static>>) = (vec![], vec![]);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                let name = element.name().as_ref().to_string();
                if !VOID.contains(&&*name) {
                    open.push(name);
                }
                elements.push(element.into_owned());
            }
            Event::Empty(element) => elements.push(element.into_owned()),
            Event::End(element) => assert_eq!(open.pop(), Some(element.name().as_ref().to_string())),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    elements
}

#[test]
fn the_page_is_well_formed_and_loads_nothing() {
    let page = html::render(&document()).unwrap();
    let allowed: BTreeSet<&str> = "html head meta title style body a header p h1 h2 h3 main section nav ol ul \
        li div span dl dt dd table caption thead tbody tr th td sup figure figcaption details summary pre code \
        em strong footer svg desc g rect line polyline polygon circle path text"
        .split_whitespace()
        .collect();
    for element in elements(&page) {
        let name = element.name().as_ref().to_string();
        assert!(allowed.contains(&*name), "<{name}> has no place in a report");
        for attribute in element.attributes().map(Result::unwrap) {
            let key = attribute.key.as_ref().to_string();
            assert!(!key.starts_with("on") && key != "src" && key != "style", "{name} has {key}");
            if key == "href" {
                let value = attribute.value.into_owned();
                assert!(name == "a" && (value.starts_with('#') || value.starts_with("https://")), "{value}");
            }
        }
    }
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains('\u{0}'));
    let style = &page[page.find("<style>").unwrap()..page.find("</style>").unwrap()];
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn ids_are_unique_and_every_pointer_has_its_target() {
    let page = html::render(&document()).unwrap();
    let elements = elements(&page);
    let mut ids = BTreeSet::new();
    for id in elements.iter().filter_map(|e| attribute(e, "id")) {
        assert!(ids.insert(id.clone()), "{id} twice");
    }
    for element in &elements {
        let anchor = attribute(element, "href").and_then(|h| h.strip_prefix('#').map(String::from));
        let labels = attribute(element, "aria-labelledby").unwrap_or_default();
        for id in anchor.iter().map(String::as_str).chain(labels.split_whitespace()) {
            assert!(ids.contains(id), "nothing has the id {id}");
        }
    }
}

#[test]
fn screen_readers_find_their_way() {
    let page = html::render(&document()).unwrap();
    let elements = elements(&page);
    let named = |name: &str| elements.iter().filter(|e| e.name().as_ref() == name).collect::<Vec<_>>();
    assert_eq!(named("h1").len(), 1);
    assert_eq!(named("table").len(), named("caption").len());
    assert!(named("th").iter().all(|th| attribute(th, "scope").is_some()));
    let (pictures, signs): (Vec<_>, Vec<_>) = named("svg")
        .into_iter()
        .filter(|svg| attribute(svg, "viewBox").is_some())
        .partition(|svg| attribute(svg, "role").is_some_and(|role| role == "img"));
    let signs = signs.iter().filter(|svg| attribute(svg, "overflow").is_none());
    assert_eq!(pictures.len(), 2);
    assert!(pictures.iter().all(|svg| attribute(svg, "aria-labelledby").is_some()));
    assert!(signs.into_iter().all(|svg| attribute(svg, "aria-hidden").is_some()));
    assert_eq!(named("desc").len(), pictures.len());
}

#[test]
fn a_figure_needs_words() {
    let mut figure = forest("forest");
    figure.description = " ".into();
    let document = Document::new("T").section(Section::new("s", "S").figure(figure));
    assert!(matches!(html::render(&document), Err(ReportError::NoDescription(_))));
}

#[test]
fn the_same_document_is_the_same_page() {
    assert_eq!(html::render(&document()).unwrap(), html::render(&document()).unwrap());
}

#[test]
fn small_documents_read_as_agreed() {
    let document = Document::new("Report")
        .summary(Blocks::new().verdicts([Verdict::new("Does it help?", Answer::No, "It does not.")]))
        .section(
            Section::new("data", "Data").paragraph(Text::marked("See [table:scores] [@a].")).table(table()),
        )
        .references([Reference::new("a", "Author A. Title. 2024.").doi("10.1/a")])
        .provenance("Seed", "7");
    let page = html::render(&document).unwrap();
    let body = &page[page.find("<body>").unwrap()..];
    insta::assert_snapshot!(body.replace("><", ">\n<"));
}

#[test]
fn tables_are_exported_in_full_precision() {
    let columns = [Column::new("Score").unit("points"), Column::new("p"), Column::new("Share, \"n\"")];
    let table = Table::new("t", "Caption.", columns)
        .row([Estimate::new(1234.5, 0.1 + 0.2, 2e6).into(), Cell::PValue(1e-9), Cell::percent(0.1234, 1)])
        .row([
            Estimate::point(-1.0).into(),
            Cell::Missing("too few".into()),
            Cell::Missing("why not".into()),
        ]);
    insta::assert_snapshot!(export::csv(&table).unwrap(), @r#"
    Score [points],Score low [points],Score high [points],p,"Share, ""n""",missing because
    1234.5,0.30000000000000004,2000000,0.000000001,0.1234,
    -1,,,,,"p: too few; Share, ""n"": why not"
    "#);
}

#[test]
fn the_run_folder_holds_page_tables_and_figures() {
    let place = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(&place.path().join("run"), Existing::Refuse).unwrap();
    export::write(&document(), &folder).unwrap();
    for name in [
        "report.html",
        "tables/scores.csv",
        "tables/forest-data.csv",
        "figures/forest.svg",
        "figures/again.svg",
    ] {
        assert!(folder.file(name).exists(), "{name} is missing");
    }
    let svg = std::fs::read_to_string(folder.file("figures/forest.svg")).unwrap();
    elements(svg.split_once("?>").unwrap().1);
}
