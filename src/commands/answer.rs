//! `leaklab answer NN`: what a learner says is wrong with a problem, judged and kept.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::ArgGroup;
use problems::Problem;

use super::progress_file::{ProgressFile, find};
use crate::workshop::{Answer, Answered, Answers, INNOCENT, Judgement, KINDS, kind, update};

/// Not right, or not all of it.
const EXIT_NOT_RIGHT: u8 = 1;

const AFTER_HELP: &str = "\
TYPE is what piles up: the first on a report's way from the memory to its holder
(`held by`), or the shop's own type near it. HOLDER is what keeps it from being
freed: the last on that way. Both as a report of `leaklab hunt` says them, or as
the source does: with or without modules, `static` or `task`, Arc<>, Vec<> and
the like.

Examples:
  leaklab answer 02 --type Gift --holder GIFTS --kind chain
  leaklab answer 02 --innocent                       nothing is lost there
  leaklab answer --kinds                             the words for --kind

Exit codes: 0 right, 1 not right or not all of it, 2 an error";

const USAGE: &str = "\
leaklab answer <PROBLEM> --type <TYPE> --holder <HOLDER> --kind <KIND>
       leaklab answer <PROBLEM> --innocent
       leaklab answer --kinds";

/// Flags of `leaklab answer`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = AFTER_HELP,
    override_usage = USAGE,
    group = ArgGroup::new("said").args(["type_", "innocent", "kinds"]).required(true),
)]
pub struct Args {
    /// The problem (`02search`, `search`, `02`)
    #[arg(value_name = "PROBLEM", required_unless_present = "kinds")]
    problem: Option<String>,
    /// What piles up: a type
    #[arg(long = "type", value_name = "TYPE", requires = "holder", requires = "kind")]
    type_: Option<String>,
    /// What holds it: a static, a task, ...
    #[arg(long, requires = "type_")]
    holder: Option<String>,
    /// What kind of mistake it is: see --kinds
    #[arg(long, requires = "type_")]
    kind: Option<String>,
    /// Nothing is lost: it only looks so
    #[arg(long)]
    innocent: bool,
    /// Print the kinds of mistake
    #[arg(long)]
    kinds: bool,
    #[command(flatten)]
    file: ProgressFile,
}

/// Judges the answer, keeps it, and prints what of it is right.
///
/// # Errors
/// Where there is no such problem or kind, or progress cannot be kept.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.kinds {
        return print(&kinds()).map(|()| ExitCode::SUCCESS);
    }
    let problem = find(args.problem.as_deref().unwrap_or_default())?;
    let answer = args.answer()?;
    let (judgement, answered) = Answers::embedded().judge(&problem.name, &answer)?;
    update(&args.file.path()?, |progress| {
        progress.answered(&problem.name, answered);
        if judgement == Judgement::Right {
            progress.mark_found(&problem.name);
        }
    })?;
    print(&told(&answer, judgement, answered))?;
    eprintln!("hint: {}", next(&problem, &answer, judgement));
    Ok(match judgement {
        Judgement::Right => ExitCode::SUCCESS,
        Judgement::Partly(_) | Judgement::Wrong => ExitCode::from(EXIT_NOT_RIGHT),
    })
}

impl Args {
    fn answer(&self) -> anyhow::Result<Answer> {
        if self.innocent {
            return Ok(Answer::Innocent);
        }
        let typed = self.kind.as_deref().unwrap_or_default();
        let kind = kind(typed).ok_or_else(|| {
            let words: Vec<_> = KINDS.iter().map(|kind| kind.word).collect();
            anyhow!(
                "`{typed}` is no kind of mistake\nhint: the kinds are {}; leaklab answer --kinds explains them",
                words.join(", ")
            )
        })?;
        if kind.word == INNOCENT {
            return Err(anyhow!(
                "what is innocent has no type and no holder\nhint: --innocent alone says so"
            ));
        }
        Ok(Answer::Leak {
            type_: self.type_.clone().unwrap_or_default(),
            holder: self.holder.clone().unwrap_or_default(),
            kind: kind.word.to_owned(),
        })
    }
}

fn kinds() -> String {
    let widest = KINDS.iter().map(|kind| kind.word.len()).max().unwrap_or_default();
    let line = |kind: &crate::workshop::Kind| format!("{:widest$}  {}\n", kind.word, kind.meaning);
    KINDS.iter().map(line).collect()
}

/// Part by part, then the whole.
fn told(answer: &Answer, judgement: Judgement, answered: Answered) -> String {
    let word = |right| if right { "right" } else { "wrong" };
    let parts = match answer {
        Answer::Innocent => String::new(),
        Answer::Leak { .. } => format!(
            "type    {}\nholder  {}\nkind    {}\n",
            word(answered.type_),
            word(answered.holder),
            word(answered.kind)
        ),
    };
    let whole = match judgement {
        Judgement::Right => "right",
        Judgement::Partly(_) => "partly right",
        Judgement::Wrong => "wrong",
    };
    format!("{parts}{whole}\n")
}

/// What to do next.
fn next(problem: &Problem, answer: &Answer, judgement: Judgement) -> String {
    let id = &problem.id;
    match (judgement, answer) {
        (Judgement::Right, Answer::Innocent) => {
            "there is nothing to fix; leaklab list shows what is left".to_owned()
        }
        (Judgement::Right, Answer::Leak { .. }) => {
            format!(
                "fix it in problems/{}/, then: leaklab check {id}",
                problem.folder()
            )
        }
        _ => format!("leaklab hunt {id} shows what is there, leaklab hint {id} where to look"),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
