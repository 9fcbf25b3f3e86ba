//! Every setting: flag, environment variable, meaning and default. `portal serve --help` is its documentation.
//!
//! **Invariant:** a wrong setting stops the start with a sentence that names it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use chrono::{NaiveDate, TimeDelta};
use clap::Args;
use domain::grant::GrantPolicy;
use ipnet::IpNet;
use projections::event_log::ClockRules;

use crate::log::LogFormat;

/// In which header proxies say for whom they forward. A proxy writes one and passes the other on as its client sent it, so
/// only the one that is written is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ForwardedHeader {
    /// What most proxies write.
    #[default]
    XForwardedFor,
    /// The one of RFC 7239.
    Forwarded,
}

#[expect(clippy::doc_markdown, reason = "these are the words of --help, which knows no markdown")]
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where everything is kept: sqlite://FILE or postgres://USER@HOST/DATABASE
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://data/portal.db",
        global = true,
        hide_env_values = true
    )]
    pub database_url: String,
    /// Address and port to listen on
    #[arg(long, env = "PORTAL_LISTEN", default_value = "127.0.0.1:8080", global = true)]
    pub listen: SocketAddr,
    /// Another address and port for /livez, /readyz and /metrics alone; without it, only this machine is shown metrics
    #[arg(long, env = "PORTAL_HEALTH_LISTEN", global = true)]
    pub health_listen: Option<SocketAddr>,
    /// How people reach this portal; links are made from it, and https:// makes cookies secure [default: http://LISTEN]
    #[arg(long, env = "PORTAL_PUBLIC_URL", global = true, value_parser = origin)]
    pub public_url: Option<String>,
    /// Other origins whose pages may post forms here, separated by commas
    #[arg(long, env = "PORTAL_TRUSTED_ORIGINS", value_delimiter = ',', global = true, value_parser = origin)]
    pub trusted_origins: Vec<String>,
    /// Addresses or networks (10.0.0.0/8) of proxies in front, separated by commas: only they are believed about for whom they forward
    #[arg(long, env = "PORTAL_TRUSTED_PROXIES", value_delimiter = ',', global = true, value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which these proxies say for whom they forward; the other one is passed on as anybody sends it, and not read
    #[arg(
        long,
        env = "PORTAL_FORWARDED_HEADER",
        value_enum,
        default_value = "x-forwarded-for",
        global = true
    )]
    pub forwarded_header: ForwardedHeader,
    /// Connections that one address may hold at a time; behind a proxy everybody comes from one
    #[arg(long, env = "PORTAL_CONNECTIONS_PER_ADDRESS", default_value_t = 128, global = true, value_parser = at_least_one)]
    pub connections_per_address: usize,
    /// How logs are written
    #[arg(long, env = "PORTAL_LOG", value_enum, default_value = "pretty", global = true)]
    pub log: LogFormat,
    /// Hours until a session that is not used ends
    #[arg(long, env = "PORTAL_SESSION_IDLE_HOURS", default_value_t = 12, global = true, value_parser = clap::value_parser!(i64).range(1..=720))]
    pub session_idle_hours: i64,
    /// Days until any session ends
    #[arg(long, env = "PORTAL_SESSION_DAYS", default_value_t = 7, global = true, value_parser = clap::value_parser!(i64).range(1..=90))]
    pub session_days: i64,
    /// Whether operators need a second factor: without one, the console stays closed to them
    #[arg(long, env = "PORTAL_REQUIRE_SECOND_FACTOR", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true", global = true)]
    pub require_second_factor: bool,
    /// Whether a role that is given in the console needs a second superadmin, who approves it
    #[arg(long, env = "PORTAL_GRANT_APPROVAL", global = true, value_parser = clap::builder::BoolishValueParser::new())]
    pub grant_approval: bool,
    /// Days within which a role that is given in the console must end; without it, it may be for good
    #[arg(long, env = "PORTAL_GRANT_MAX_DAYS", global = true, value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub grant_max_days: Option<i64>,
    /// Days until it is forgotten what operators were shown of an organisation
    #[arg(long, env = "PORTAL_KEEP_OPERATOR_READS_DAYS", default_value_t = 730, global = true, value_parser = clap::value_parser!(i64).range(30..=36500))]
    pub keep_operator_reads_days: i64,
    /// Days until it is forgotten which commands were refused
    #[arg(long, env = "PORTAL_KEEP_REFUSALS_DAYS", default_value_t = 365, global = true, value_parser = clap::value_parser!(i64).range(30..=36500))]
    pub keep_refusals_days: i64,
    /// Days until sign-ins, and what changed of how people sign in, are forgotten
    #[arg(long, env = "PORTAL_KEEP_ACCOUNT_LOG_DAYS", default_value_t = 365, global = true, value_parser = clap::value_parser!(i64).range(30..=36500))]
    pub keep_account_log_days: i64,
    /// Minutes by which the clocks of this machine and of the database, or the last event, may be apart
    #[arg(long, env = "PORTAL_CLOCK_TOLERANCE_MINUTES", default_value_t = 5, global = true, value_parser = clap::value_parser!(i64).range(1..=60))]
    pub clock_tolerance_minutes: i64,
    /// The date it is (UTC, like 2027-11-29), where portal asks for it because it was stopped for more than a month
    #[arg(long, env = "PORTAL_ACCEPT_CLOCK", global = true, value_name = "DATE")]
    pub accept_clock: Option<NaiveDate>,
    /// File of the private key that signs checkpoints of the log, made by portal keys; without it, nothing is sealed
    #[arg(long, env = "PORTAL_SEAL_KEY", global = true, value_name = "FILE")]
    pub seal_key: Option<PathBuf>,
    /// File that signed checkpoints are added to; keep it where nobody can change it who can change the database
    #[arg(long, env = "PORTAL_SEAL_LOG", global = true, value_name = "FILE")]
    pub seal_log: Option<PathBuf>,
    /// File of the witnesses that are asked to cosign each checkpoint (c2sp.org/tlog-policy)
    #[arg(long, env = "PORTAL_SEAL_POLICY", global = true, value_name = "FILE")]
    pub seal_policy: Option<PathBuf>,
    /// Folders, and URLs that take PUT, separated by commas: each minute in which there is a new checkpoint, a copy goes there
    #[arg(long, env = "PORTAL_SEAL_COPIES", value_delimiter = ',', global = true, value_name = "PLACE")]
    pub seal_copies: Vec<String>,
    /// Seconds after which what happened is sealed: until then, whoever owns the database could change it unnoticed
    #[arg(long, env = "PORTAL_SEAL_SECONDS", default_value_t = 1, global = true, value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub seal_seconds: u64,
    /// Seconds between two looks of the continuous audit, each at what is new, at the walls of the database and at a part of all events
    #[arg(long, env = "PORTAL_AUDIT_SECONDS", default_value_t = 60, global = true, value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub audit_seconds: u64,
    /// Files of other processes with this key, separated by commas: nothing is signed that a checkpoint there contradicts
    #[arg(long, env = "PORTAL_SEAL_OTHER_LOGS", value_delimiter = ',', global = true, value_name = "FILE")]
    pub seal_other_logs: Vec<PathBuf>,
    /// Files of keys that seal the secrets of second factors in the database, made by portal keys --secrets, separated by
    /// commas: the first seals, all open; without one, those secrets stand in clear
    #[arg(long, env = "PORTAL_SECRETS_KEY", value_delimiter = ',', global = true, value_name = "FILE")]
    pub secrets_key: Vec<PathBuf>,
}

impl Settings {
    /// The public URL, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen))
    }

    /// Warnings about settings that are allowed, but are usually a mistake.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = vec![];
        if !self.tls() && !self.listen.ip().is_loopback() {
            doubts.push(format!(
                "other machines reach this at {} by plain HTTP, so passwords and sessions can be read on the way. Put a \
                 proxy that speaks HTTPS in front, and set PORTAL_PUBLIC_URL to its https:// address",
                self.listen
            ));
        }
        if self.tls() && self.trusted_proxies.is_empty() {
            doubts.push(
                "PORTAL_PUBLIC_URL is https://, so there is a proxy in front, and PORTAL_TRUSTED_PROXIES names none: all \
                 people count as one address, and whoever tries too often to sign in slows everybody down"
                    .to_owned(),
            );
        }
        doubts
    }

    /// The policy for those who give roles in the console.
    pub fn grant_policy(&self) -> GrantPolicy {
        GrantPolicy { approval: self.grant_approval, max_days: self.grant_max_days, own_end: None }
    }

    /// The rules for believing the clock.
    pub fn clock_rules(&self) -> ClockRules {
        ClockRules {
            tolerance: TimeDelta::minutes(self.clock_tolerance_minutes),
            confirmed: self.accept_clock,
        }
    }

    /// The name of this portal's log, unless another one is given.
    pub fn seal_origin(&self) -> String {
        format!("{}/log", self.host())
    }

    /// The host and port of the public URL.
    pub fn host(&self) -> String {
        let url = self.public_url();
        url.split_once("://").map_or(url.as_str(), |(_, host)| host).to_owned()
    }

    /// True if people reach the portal by HTTPS, so that cookies can be limited to it.
    pub fn tls(&self) -> bool {
        self.public_url().starts_with("https://")
    }
}

/// Refuses 0, with which nobody could connect.
fn at_least_one(text: &str) -> Result<usize, String> {
    let number: std::num::NonZeroUsize =
        text.parse().or(Err("give a whole number, at least 1".to_owned()))?;
    Ok(number.get())
}

/// Accepts `https://host[:port]` with nothing after it.
fn origin(text: &str) -> Result<String, String> {
    let uri: axum::http::Uri = text.trim_end_matches('/').parse().map_err(|e| format!("not a URL: {e}"))?;
    match (uri.scheme_str(), uri.authority(), uri.path()) {
        (Some(scheme @ ("http" | "https")), Some(host), "/" | "") => Ok(format!("{scheme}://{host}")),
        _ => Err("give a scheme and a host, like https://portal.example.com".to_owned()),
    }
}

/// Reads a network like `10.0.0.0/8`, or one address.
pub fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    text.parse::<IpNet>()
        .or_else(|_no_network| address())
        .or(Err("give addresses or networks, like 10.0.0.7 or 10.0.0.0/8".to_owned()))
}
