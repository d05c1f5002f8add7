//! A program on a machine: started, watched, and ended with everything that it started.

use super::{
    members::{Identity, MARK, Members, Table},
    quote,
    remote::Remote,
};
use crate::port::{Exit, Process, ProviderError, RemoteProcess};
use async_trait::async_trait;
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};
use tokio::time::{Instant, timeout};

/// How long a tree has to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// How long the system has to end what was killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one round trip waits for processes to be gone, in twentieths of a second.
const ROUND: u32 = 40;

/// How often in a row nothing must be found. While a program is being executed its environment
/// cannot be read for a moment.
const LOOKS: usize = 2;

/// A program on a machine.
#[derive(Debug)]
pub(super) struct LinuxProgram {
    remote: Remote,
    mark: String,
    members: Members,
    process: Box<dyn RemoteProcess>,
    /// How long an answer may take.
    limit: Duration,
}

impl LinuxProgram {
    /// Starts `argv` with the variables `env` and no others, in `dir`, or in the user's home.
    pub(super) async fn start(
        remote: &Remote,
        argv: &[String],
        env: &BTreeMap<String, String>,
        dir: Option<&str>,
        limit: Duration,
    ) -> Result<Self, ProviderError> {
        let program = argv.first().map_or("", String::as_str);
        let mark = format!("{:016x}", fastrand::u64(..));
        let mut env = env.clone();
        env.insert(MARK.into(), mark.clone());
        let script = script(argv, &env, dir).map_err(|why| remote.not_run(program, why))?;
        let (line, process) = remote.start(program, &script, limit).await?;
        let root = Identity::parse(&line).ok_or_else(|| {
            let why = format!("the login shell wrote `{line}` before the program was started");
            remote.not_run(program, why)
        })?;
        Ok(Self {
            remote: remote.clone(),
            mark,
            members: Members::new(root),
            process,
            limit,
        })
    }

    async fn table(&self) -> Result<Table, ProviderError> {
        self.table_after("", Duration::ZERO).await
    }

    /// Returns the table of processes as it is after `script`, which takes some `time`.
    async fn table_after(&self, script: &str, time: Duration) -> Result<Table, ProviderError> {
        let what = "list its processes";
        let script = format!("{script}{}", Table::script(&self.mark));
        let told = self.remote.ask(what, &script, self.limit + time).await?;
        Table::parse(&told.stdout).ok_or_else(|| {
            let why = format!("its processes were not listed: {}", told.stderr.trim());
            self.remote.not_run("sh", why)
        })
    }

    async fn try_end(&self) -> Result<(), ProviderError> {
        let mut table = self.table().await?;
        for (signal, limit) in [("TERM", GRACE), ("KILL", PATIENCE)] {
            let until = Instant::now() + limit;
            let mut quiet = 0;
            loop {
                let members = self.members.find(&table);
                quiet = if members.is_empty() { quiet + 1 } else { 0 };
                if quiet == LOOKS {
                    return Ok(());
                }
                if !members.is_empty() && Instant::now() >= until {
                    break;
                }
                let time = Duration::from_millis(50) * ROUND;
                table = self
                    .table_after(&end_script(signal, &members), time)
                    .await?;
            }
        }
        let left = self.members.find(&table);
        tracing::warn!(?left, "some processes could not be ended");
        Ok(())
    }
}

/// Returns the script that tells its own id and when it was started, and becomes the program.
fn script(
    argv: &[String],
    env: &BTreeMap<String, String>,
    dir: Option<&str>,
) -> Result<String, String> {
    let program = argv.first().ok_or("no program is named")?;
    let variables = env.iter().map(|(name, value)| format!("{name}={value}"));
    let mut words = vec!["env".to_owned(), "-i".into(), "--".into()];
    words.extend(variables);
    if program.contains('=') {
        // `env` would take it for a variable.
        words.extend(["sh", "-c", r#"exec "$0" "$@""#].map(str::to_owned));
    }
    words.extend(argv.iter().cloned());
    if words.iter().any(|word| word.contains('\0')) {
        return Err("a program cannot be given a NUL".into());
    }
    let dir = dir.map(|dir| format!("cd {} || exit 125\n", quote::quoted(dir)));
    Ok(format!(
        "{dir}read -r stat < /proc/$$/stat\n\
         set -- ${{stat##*) }}\n\
         echo \"$$ ${{20}}\"\n\
         exec 2>&1 < /dev/null {line}",
        dir = dir.unwrap_or_default(),
        line = quote::line(words),
    ))
}

/// Returns the script that sends a signal to processes and waits, for a time, until they are gone.
/// There is nothing that would tell a shell of a process that is not its child, so it looks.
///
/// A process is looked at right before it is signalled: its id may be someone else's by now. Some
/// have become another user's, as those have that install packages.
fn end_script(signal: &str, members: &[Identity]) -> String {
    if members.is_empty() {
        return String::new();
    }
    let mut script = "lives() {\n\
        { read -r stat < \"/proc/$1/stat\"; } 2>/dev/null || return 1\n\
        case $stat in *') '*) ;; *) stat=$(cat \"/proc/$1/stat\" 2>/dev/null) ;; esac\n\
        set -- \"$2\" ${stat##*) }\n\
        [ \"$2\" != Z ] && [ \"$2\" != X ] && [ \"${21}\" = \"$1\" ]\n\
        }\n"
    .to_owned();
    let mut any = Vec::new();
    for member in members {
        let pid = member.pid;
        writeln!(
            script,
            "lives {member} && {{ kill -s {signal} {pid} || sudo -n kill -s {signal} {pid}; }} \
             2>/dev/null"
        )
        .expect("a text takes all that is written");
        any.push(format!("lives {member}"));
    }
    let any = any.join(" || ");
    writeln!(
        script,
        "n=0; while [ $n -lt {ROUND} ] && {{ {any}; }}; do sleep 0.05; n=$((n+1)); done"
    )
    .expect("a text takes all that is written");
    script
}

#[async_trait]
impl Process for LinuxProgram {
    async fn wait(&self) -> Result<Exit, ProviderError> {
        let ended = self.process.wait().await;
        ended.map_err(|err| self.remote.error("tell how a program ended", &err))
    }

    fn exit(&self) -> Option<Exit> {
        self.process.exit()
    }

    fn pid(&self) -> Option<u32> {
        Some(self.members.root())
    }

    async fn family(&self) -> Result<Option<Vec<u32>>, ProviderError> {
        let table = self.table().await?;
        let members = self.members.find(&table);
        Ok(Some(members.iter().map(|member| member.pid).collect()))
    }

    fn output(&self) -> String {
        self.process.output()
    }

    async fn end(&self) {
        if let Err(error) = self.try_end().await {
            tracing::warn!(%error, pid = self.members.root(), "a program could not be ended");
            return;
        }
        // All are gone, so this comes at once.
        if timeout(PATIENCE, self.process.wait()).await.is_err() {
            tracing::warn!(pid = self.members.root(), "nobody told how a program ended");
        }
    }
}
