//! `portal`: one binary, one subcommand at a time.
//!
//! **Invariant:** a disk that hangs keeps neither the end of a process waiting nor the Ctrl-C of whoever gives up.

use std::process::ExitCode;
use std::time::Duration;

use api::cli::{
    Cli, Command, audit, clock, demo, evidence, grant, keys, log, recover, reference_data, replay,
    reset_password, seal, second_factor, serve, transfer, verify, witness,
};
use api::config::Settings;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

fn main() -> ExitCode {
    let Cli { command, settings } = Cli::read();
    let command = command.unwrap_or(Command::Serve);
    started(command, settings).unwrap_or_else(|error| {
        api::cli::complain(&error);
        ExitCode::FAILURE
    })
}

/// Runs a command on a thread of its own, since it may hang in the middle of reading a file.
fn started(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    let stops_by_itself = matches!(command, Command::Serve | Command::Demo | Command::Witness(_));
    let runtime = Runtime::new()?;
    let (handle, (say, done)) = (runtime.handle().clone(), oneshot::channel());
    let whole = move || say.send(handle.block_on(to_the_end(command, settings, stops_by_itself)));
    std::thread::Builder::new().stack_size(STACK).spawn(whole)?;
    let code = runtime.block_on(async {
        tokio::select! {
            done = done => done.unwrap_or_else(|_panicked| Ok(ExitCode::from(PANICKED))),
            () = given_up(), if !stops_by_itself => Ok(ExitCode::from(INTERRUPTED)),
        }
    });
    // Whatever has to be written down was waited for before.
    runtime.shutdown_timeout(FAREWELL);
    code
}

/// As much as a main thread usually has.
const STACK: usize = 8 << 20;

/// The longest that the end of the process waits for threads that may never end.
const FAREWELL: Duration = Duration::from_secs(1);

async fn to_the_end(command: Command, settings: Settings, stops_by_itself: bool) -> anyhow::Result<ExitCode> {
    let done = tokio::select! {
        done = run(command, settings) => done,
        Ok(()) = api::cli::interrupted(), if !stops_by_itself => Ok(ExitCode::from(INTERRUPTED)),
    };
    api::cli::close().await;
    done
}

/// Returns when somebody has ended a command early, and it did not end.
async fn given_up() {
    match api::cli::interrupted().await {
        Ok(()) => tokio::time::sleep(Duration::from_secs(5)).await,
        Err(_nobody_can) => std::future::pending().await,
    }
}

/// The exit code of a program that panicked.
const PANICKED: u8 = 101;

/// The exit code that shells give to a program ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

async fn run(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => serve::run(settings).await,
        Command::Demo => demo::run(settings).await,
        Command::Migrate => log::migrate(settings).await,
        Command::Rebuild(rebuild) => log::rebuild(settings, rebuild).await,
        Command::Audit(arguments) => audit::run(settings, arguments).await,
        Command::Verify(arguments) => verify::run(settings, arguments).await,
        Command::Witness(arguments) => witness::run(settings, arguments).await,
        Command::Keys { file, public: true, .. } => keys::public(&file),
        Command::Keys { file, secrets: true, .. } => keys::secrets(&file),
        Command::Keys { file, origin, witness: true, .. } => keys::witness(&settings, &file, origin),
        Command::Keys { file, origin, .. } => keys::run(&settings, &file, origin),
        Command::Seal { trust } => seal::run(settings, trust).await,
        Command::Evidence { position } => evidence::run(settings, position).await,
        Command::Replay(which) => replay::run(settings, which).await,
        Command::Export { to } => transfer::export(settings, to).await,
        Command::Import { reference_data: Some(file), yes, .. } => {
            reference_data::run(settings, &file, yes).await
        }
        Command::Import { from, .. } => transfer::import(settings, from).await,
        Command::Grant(arguments) => grant::run(settings, arguments).await,
        Command::ResetPassword { email } => reset_password::run(settings, email).await,
        Command::ForgetSecondFactor { email } => second_factor::forget(settings, email).await,
        Command::Clock(clock) => clock::run(settings, clock).await,
        Command::Recover { slug } => recover::run(settings, slug).await,
    }
}
