//! Formulae over columns: arithmetic, comparisons that give 0 or 1, and a handful of functions. Nothing else can be
//! said in them, and they always end.
//!
//! ```text
//! comparison := sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]
//! sum        := product {("+" | "-") product}
//! product    := power {("*" | "/") power}
//! power      := "-" power | atom ["^" power]
//! atom       := number | column | 'column' | function "(" comparison {"," comparison} ")" | "(" comparison ")"
//! ```
//!
//! `-x^2` is −(x²), as on paper. The typographic signs `−`, `×`, `·`, `÷`, `≤` and `≥` are understood.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::names::{self, QUOTES};

/// Parentheses deeper than this are refused.
const DEEPEST: usize = 50;
/// Longer formulae are refused.
const LONGEST: usize = 2_000;

/// What can be called, with the number of arguments.
const FUNCTIONS: [(&str, Function, usize); 13] = [
    ("round", Function::Round, 2),
    ("floor", Function::Floor, 1),
    ("ceil", Function::Ceil, 1),
    ("abs", Function::Abs, 1),
    ("sqrt", Function::Sqrt, 1),
    ("exp", Function::Exp, 1),
    ("ln", Function::Ln, 1),
    ("min", Function::Min, 2),
    ("max", Function::Max, 2),
    ("hours", Function::Per(3_600.0), 1),
    ("days", Function::Per(86_400.0), 1),
    ("weeks", Function::Per(604_800.0), 1),
    ("years", Function::Per(31_557_600.0), 1),
];

/// A formula over named columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Expression {
    text: String,
    columns: Vec<String>,
    node: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    /// Index into the columns of the expression.
    Column(usize),
    Negative(Box<Node>),
    Binary(Sign, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Round,
    Floor,
    Ceil,
    Abs,
    Sqrt,
    Exp,
    Ln,
    Min,
    Max,
    /// Seconds, in which moments are kept, as so many times this unit.
    Per(f64),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Quoted(String),
    Sign(Sign),
    Open,
    Close,
    Comma,
}

impl Expression {
    /// Reads a formula.
    ///
    /// ```
    /// use paucal_data::constraints::Expression;
    /// let bmi = Expression::parse("round(weight / (height / 100)^2, 1)")?;
    /// assert_eq!(bmi.columns(), ["weight", "height"]);
    /// assert_eq!(bmi.value(&[80.0, 200.0]), 20.0);
    /// assert!(Expression::parse("weight / (height").is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: String| format!("formula \"{text}\": {what}");
        if text.len() > LONGEST {
            return Err(format!(
                "a formula of {} characters is too long: {LONGEST} are the limit",
                text.len()
            ));
        }
        let tokens = tokens(text).map_err(wrong)?;
        let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, columns: Vec::new() };
        let node = parser.comparison().map_err(wrong)?;
        match parser.peek() {
            None => Ok(Self { text: text.trim().to_owned(), columns: parser.columns, node }),
            Some(token) => Err(wrong(format!("{} does not fit there", token.name()))),
        }
    }

    /// The columns it speaks of, in order of first mention.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The value for the values of its columns; NaN when one that matters is missing or the value is not defined.
    pub fn value(&self, columns: &[f64]) -> f64 {
        let value = self.node.value(columns);
        if value.is_finite() { value } else { f64::NAN }
    }
}

impl Node {
    fn value(&self, columns: &[f64]) -> f64 {
        match self {
            Self::Number(x) => *x,
            Self::Column(index) => columns.get(*index).copied().unwrap_or(f64::NAN),
            Self::Negative(node) => -node.value(columns),
            Self::Binary(sign, a, b) => sign.apply(a.value(columns), b.value(columns)),
            Self::Call(function, arguments) => {
                let argument = |i: usize| arguments.get(i).map_or(f64::NAN, |node| node.value(columns));
                function.apply(argument(0), || argument(1))
            }
        }
    }
}

impl Sign {
    fn apply(self, a: f64, b: f64) -> f64 {
        let test = |holds: bool| if a.is_nan() || b.is_nan() { f64::NAN } else { f64::from(u8::from(holds)) };
        match self {
            Self::Plus => a + b,
            Self::Minus => a - b,
            Self::Times => a * b,
            Self::Over => a / b,
            // powf gives 1 for anything to the power of 0, even for a missing value.
            Self::Power if a.is_nan() || b.is_nan() => f64::NAN,
            Self::Power if b == 2.0 => a * a,
            Self::Power => a.powf(b),
            Self::Less => test(a < b),
            Self::AtMost => test(a <= b),
            Self::More => test(a > b),
            Self::AtLeast => test(a >= b),
            Self::Equal => test(a == b),
            Self::Unequal => test(a != b),
        }
    }

    fn is_comparison(self) -> bool {
        !matches!(self, Self::Plus | Self::Minus | Self::Times | Self::Over | Self::Power)
    }
}

impl Function {
    fn apply(self, x: f64, second: impl Fn() -> f64) -> f64 {
        match self {
            Self::Round => {
                let scale = 10_f64.powi(second() as i32);
                (x * scale).round() / scale
            }
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Abs => x.abs(),
            Self::Sqrt => x.sqrt(),
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Min | Self::Max if x.is_nan() || second().is_nan() => f64::NAN,
            Self::Min => x.min(second()),
            Self::Max => x.max(second()),
            Self::Per(unit) => x / unit,
        }
    }
}

impl Token {
    fn name(&self) -> String {
        match self {
            Self::Number(x) => format!("the number {x}"),
            Self::Name(name) | Self::Quoted(name) => format!("'{name}'"),
            Self::Open => "'('".into(),
            Self::Close => "')'".into(),
            Self::Comma => "','".into(),
            Self::Sign(sign) => match sign {
                Sign::Plus => "'+'",
                Sign::Minus => "'-'",
                Sign::Times => "'*'",
                Sign::Over => "'/'",
                Sign::Power => "'^'",
                _ => "a second comparison",
            }
            .into(),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        let doubled = rest[taken..].starts_with('=');
        let sign = match c {
            '+' => Some(Sign::Plus),
            '-' | '−' => Some(Sign::Minus),
            '*' | '×' | '·' => Some(Sign::Times),
            '/' | '÷' => Some(Sign::Over),
            '^' => Some(Sign::Power),
            '≤' => Some(Sign::AtMost),
            '≥' => Some(Sign::AtLeast),
            '<' | '>' | '=' | '!' => {
                taken += usize::from(doubled);
                match (c, doubled) {
                    ('<', false) => Some(Sign::Less),
                    ('<', true) => Some(Sign::AtMost),
                    ('>', false) => Some(Sign::More),
                    ('>', true) => Some(Sign::AtLeast),
                    ('=', true) => Some(Sign::Equal),
                    ('!', true) => Some(Sign::Unequal),
                    _ => return Err(format!("a single '{c}' says nothing; equality is '=='")),
                }
            }
            _ => None,
        };
        let token = match (sign, c) {
            (Some(sign), _) => Token::Sign(sign),
            (_, '(') => Token::Open,
            (_, ')') => Token::Close,
            (_, ',') => Token::Comma,
            _ if QUOTES.contains(&c) => {
                let end = rest[1..].find(c).ok_or_else(|| format!("the quote {c} is not closed"))?;
                taken = end + 2;
                Token::Quoted(rest[1..=end].to_owned())
            }
            _ if c.is_ascii_digit() || c == '.' => {
                taken = number_length(rest);
                Token::Number(
                    rest[..taken].parse().map_err(|_| format!("'{}' is no number", &rest[..taken]))?,
                )
            }
            _ if names::is_bare(c) => {
                taken = rest.find(|c| !names::is_bare(c)).unwrap_or(rest.len());
                Token::Name(rest[..taken].to_owned())
            }
            _ => {
                return Err(format!(
                    "'{c}' does not fit there; a name with such characters needs quotes: 'a{c}b'"
                ));
            }
        };
        found.push(token);
        rest = rest[taken..].trim_start();
    }
    Ok(found)
}

/// Bytes of the number at the start: digits, a point, an exponent.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end += 1;
        end += digits(end);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let power = digits((end + 1 + sign).min(bytes.len()));
        if power > 0 {
            end += 1 + sign + power;
        }
    }
    end
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    columns: Vec<String>,
}

type Parsed = Result<Node, String>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    /// The next token if it is one of these signs.
    fn sign(&mut self, fits: impl Fn(Sign) -> bool) -> Option<Sign> {
        match self.peek() {
            Some(&Token::Sign(sign)) if fits(sign) => {
                self.at += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    fn comparison(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("more than {DEEPEST} levels of parentheses"));
        }
        let mut node = self.sum()?;
        if let Some(sign) = self.sign(Sign::is_comparison) {
            node = Node::Binary(sign, Box::new(node), Box::new(self.sum()?));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn sum(&mut self) -> Parsed {
        let mut node = self.product()?;
        while let Some(sign) = self.sign(|s| matches!(s, Sign::Plus | Sign::Minus)) {
            node = Node::Binary(sign, Box::new(node), Box::new(self.product()?));
        }
        Ok(node)
    }

    fn product(&mut self) -> Parsed {
        let mut node = self.power()?;
        while let Some(sign) = self.sign(|s| matches!(s, Sign::Times | Sign::Over)) {
            node = Node::Binary(sign, Box::new(node), Box::new(self.power()?));
        }
        Ok(node)
    }

    fn power(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("more than {DEEPEST} signs or parentheses within each other"));
        }
        let node = if self.sign(|s| s == Sign::Minus).is_some() {
            Node::Negative(Box::new(self.power()?))
        } else {
            let base = self.atom()?;
            match self.sign(|s| s == Sign::Power) {
                Some(sign) => Node::Binary(sign, Box::new(base), Box::new(self.power()?)),
                None => base,
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    fn atom(&mut self) -> Parsed {
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            Some(Token::Number(x)) => Ok(Node::Number(x)),
            Some(Token::Name(name)) if self.peek() == Some(&Token::Open) => self.call(&name),
            Some(Token::Name(name) | Token::Quoted(name)) => Ok(self.column(name)),
            Some(Token::Open) => {
                let node = self.comparison()?;
                if self.take(&Token::Close) { Ok(node) } else { Err("a ')' is missing".into()) }
            }
            Some(token) => Err(format!("{} does not fit there", token.name())),
            None => Err("it ends too early".into()),
        }
    }

    fn column(&mut self, name: String) -> Node {
        let known = self.columns.iter().position(|column| *column == name);
        Node::Column(known.unwrap_or_else(|| {
            self.columns.push(name);
            self.columns.len() - 1
        }))
    }

    fn call(&mut self, name: &str) -> Parsed {
        let Some(&(_, function, wanted)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            let known: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            return Err(format!("there is no function '{name}'; there are: {}", known.join(", ")));
        };
        self.at += 1;
        let mut arguments = vec![self.comparison()?];
        while self.take(&Token::Comma) {
            arguments.push(self.comparison()?);
        }
        if !self.take(&Token::Close) {
            return Err("a ')' is missing".into());
        }
        if function == Function::Round && arguments.len() == 1 {
            arguments.push(Node::Number(0.0));
        }
        if arguments.len() != wanted {
            let plural = if wanted == 1 { "" } else { "s" };
            return Err(format!("'{name}' takes {wanted} value{plural}, not {}", arguments.len()));
        }
        Ok(Node::Call(function, arguments))
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Expression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Expression> for String {
    fn from(expression: Expression) -> Self {
        expression.text
    }
}
