//! `portal`: one binary, one subcommand at a time.

use std::process::ExitCode;

use api::cli::{
    Cli, Command, audit, clock, demo, evidence, grant, keys, log, recover, reference_data, replay,
    reset_password, seal, second_factor, serve, transfer, verify, witness,
};
use api::config::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { command, settings } = Cli::read();
    let command = command.unwrap_or(Command::Serve);
    let stops_by_itself = matches!(command, Command::Serve | Command::Demo | Command::Witness(_));
    let done = tokio::select! {
        done = run(command, settings) => done,
        Ok(()) = api::cli::interrupted(), if !stops_by_itself => Ok(ExitCode::from(INTERRUPTED)),
    };
    api::cli::close().await;
    done.unwrap_or_else(|error| {
        api::cli::complain(&error);
        ExitCode::FAILURE
    })
}

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
