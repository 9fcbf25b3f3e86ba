//! The built binary as its users meet it: arguments, what it says, and how it ends.
//!
//! **Invariant:** nothing waits without an end, and nothing is left running.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use projections::testing;
use tempfile::TempDir;

/// More than anything here takes.
const LONG: Duration = Duration::from_secs(30);

/// An empty database of one engine, and a folder to work in.
pub(crate) struct Place {
    pub(crate) url: String,
    folder: TempDir,
    /// Whether it is run by somebody whose umask keeps nothing from others.
    careless: bool,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let (folder, url) = testing::sqlite();
        Self { url, folder, careless: false }
    }

    pub(crate) fn postgres() -> Self {
        Self { url: testing::postgres_url(), ..Self::sqlite() }
    }

    /// Of a database that somebody else made.
    pub(crate) fn of(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::sqlite() }
    }

    /// The same under `umask 0`.
    pub(crate) fn careless(self) -> Self {
        Self { careless: true, ..self }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let portal = bare(arguments);
        if !self.careless {
            return self.here(portal);
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(portal.get_program()).args(portal.get_args());
        shell.stdin(Stdio::null());
        self.here(shell)
    }

    /// Lets a program find this place.
    pub(crate) fn here(&self, mut command: Command) -> Command {
        command.current_dir(&self.folder).env("TMPDIR", self.folder.path());
        command.env("DATABASE_URL", &self.url).env("PORTAL_LISTEN", "127.0.0.1:0");
        command
    }

    /// Runs `portal` to its end.
    pub(crate) fn portal(&self, arguments: &[&str]) -> Said {
        run(self.command(arguments))
    }

    /// The same, for what must not fail; gives what it said.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let said = self.portal(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {} {}", said.out, said.err);
        said.out
    }

    /// Starts `portal` and waits until it serves.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(arguments))
    }
}

/// `portal` with nothing of the tests' own environment that it would read.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal"));
    for (name, _) in std::env::vars() {
        if name.starts_with("PORTAL_") || ["DATABASE_URL", "RUST_LOG"].contains(&name.as_str()) {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("COLUMNS", "100").stdin(Stdio::null());
    command
}

/// What a program said, and with which code it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(mut command: Command) -> Said {
    let output = command.output().expect("the program was built");
    let text = |bytes| String::from_utf8(bytes).expect("what it says is UTF-8");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A `portal` that serves; killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it said before it served.
    pub(crate) said: Vec<String>,
}

impl Running {
    pub(crate) fn new(command: Command) -> Self {
        Self::with_log(command, Stdio::null())
    }

    pub(crate) fn with_log(mut command: Command, log: Stdio) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("it was built");
        let mut running = Self { child, address: ([127, 0, 0, 1], 0).into(), said: vec![] };
        let lines = lines(running.child.stdout.take().expect("it is piped"));
        loop {
            let line = lines.recv_timeout(LONG).expect("it starts in time");
            if let Some((_, address)) = line.split_once(" is at http://") {
                running.address = address.parse().expect("an address");
                return running;
            }
            running.said.push(line);
        }
    }

    /// Asks it to stop as a service manager does; gives how it ended, and how long that took.
    pub(crate) fn terminate(mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().expect("there is kill");
        while asked.elapsed() < LONG {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return (status, asked.elapsed());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not stop")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

/// Lines as they come; read on for as long as the program lives, or it would choke on a full pipe.
pub(crate) fn lines(out: impl Read + Send + 'static) -> Receiver<String> {
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _nobody_listens = said.send(line);
        }
    });
    heard
}

/// Asks once, as a form of a browser that shows `cookie`; nothing where the connection broke.
pub(crate) fn ask(to: SocketAddr, (method, path): (&str, &str), cookie: &str, form: &str) -> Option<Answer> {
    let mut socket = TcpStream::connect(to).ok()?;
    socket.set_read_timeout(Some(LONG)).expect("a timeout that is not zero");
    let length = form.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    socket.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    socket.read_to_string(&mut text).ok()?;
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer { status, text })
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Head and body.
    pub(crate) text: String,
}

impl Answer {
    /// The session that the answer starts, as a browser would send it back.
    pub(crate) fn session(&self) -> String {
        let set = self.text.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        set.and_then(|set| set.split(';').next()).expect("a cookie").to_owned()
    }
}

/// The path of the first link of a kind in what was said.
pub(crate) fn link(said: &str, kind: &str) -> String {
    let (_, token) = said.split_once(kind).expect("a link of that kind");
    format!("{kind}{}", token.split_whitespace().next().expect("a token"))
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
