//! A policy says whose cosignatures a checkpoint needs. It is a file that whoever verifies wrote, or agrees with.
//!
//! ```text
//! log portal.example.com/log+0fe21b3c+AYEK…
//! witness ours    witness.example.com/w1+8d66cf3f+BAbc… https://witness.example.com
//! witness theirs  witness.example.org/w+51d3c0aa+BCde…  https://witness.example.org
//! witness third   w.example.net+77af0e12+BEfg…          https://w.example.net
//! group two-of-three 2 ours theirs third
//! quorum two-of-three
//! ```
//!
//! The format is that of <https://c2sp.org/tlog-policy>.
//!
//! **Invariant:** a witness counts once, in one way. A line that is not understood is refused: to skip it could mean
//! asking for less than the file does.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use super::cosignature::Forged;
use super::{PublicKey, SignedCheckpoint, WitnessKey};

/// The logs that may sign, and the witnesses that have to cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub logs: Vec<PublicKey>,
    pub witnesses: Vec<KnownWitness>,
    quorum: Rule,
}

/// A witness that the policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWitness {
    /// The name of the witness in the policy.
    pub name: String,
    pub witness: WitnessKey,
    /// The URL at which the witness is asked, without `/add-checkpoint`.
    pub url: Option<String>,
}

/// The rule for which cosignatures are enough.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Nobody,
    /// The witness at this index.
    Witness(usize),
    Group {
        enough: usize,
        of: Vec<Rule>,
    },
}

/// The answer of a policy: who cosigned a checkpoint, and whether that is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The witnesses that cosigned, by their names in the policy, and the times in seconds since 1970.
    pub by: Vec<(String, u64)>,
    pub is_enough: bool,
}

impl Policy {
    /// Checks who cosigned the note, and whether that is enough.
    pub fn judge(&self, signed: &SignedCheckpoint) -> Result<Judgement, Forged> {
        let times = self.witnesses.iter().map(|known| known.witness.cosigned(signed));
        let times = times.collect::<Result<Vec<Option<u64>>, Forged>>()?;
        let by =
            self.witnesses.iter().zip(&times).filter_map(|(known, at)| Some((known.name.clone(), (*at)?)));
        let has = |witness: usize| times.get(witness).is_some_and(Option::is_some);
        Ok(Judgement { by: by.collect(), is_enough: self.quorum.is_met(&has) })
    }

    /// The latest time such that the cosignatures from it on are enough, in seconds since 1970. A cosignature with a time
    /// later than `latest` counts for nothing: its witness has a wrong clock, or does not tell the truth.
    pub fn met_since(&self, signed: &SignedCheckpoint, latest: u64) -> Result<Option<u64>, Forged> {
        let times = self.witnesses.iter().map(|known| known.witness.cosigned(signed));
        let times = times.collect::<Result<Vec<Option<u64>>, Forged>>()?;
        let times: Vec<Option<u64>> = times.into_iter().map(|at| at.filter(|at| *at <= latest)).collect();
        let is_met = |since: &u64| {
            self.quorum
                .is_met(&|witness| times.get(witness).is_some_and(|at| at.is_some_and(|at| at >= *since)))
        };
        Ok(times.iter().flatten().copied().filter(is_met).max())
    }

    /// Says whether the policy is for this log. A policy that names no log is for any.
    pub fn is_about(&self, log: &PublicKey) -> bool {
        self.logs.is_empty() || self.logs.contains(log)
    }
}

impl Rule {
    fn is_met(&self, has: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Nobody => true,
            Self::Witness(place) => has(*place),
            Self::Group { enough, of } => of.iter().filter(|rule| rule.is_met(has)).count() >= *enough,
        }
    }
}

/// Why a text is not a policy, with the line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct PolicyError {
    line: usize,
    why: String,
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut draft = PolicyDraft::default();
        let last = text.lines().count();
        for (number, line) in text.split('\n').enumerate() {
            draft.take(line).map_err(|why| PolicyError { line: number + 1, why })?;
        }
        if draft.witnesses.len() > MOST {
            let why = format!("a policy names {MOST} witnesses at most: a checkpoint has no room for more");
            return Err(PolicyError { line: last, why });
        }
        let none = || PolicyError {
            line: last,
            why: "no line says what quorum is wanted, like: quorum none".to_owned(),
        };
        let quorum = draft.quorum.ok_or_else(none)?;
        Ok(Self { logs: draft.logs, witnesses: draft.witnesses, quorum })
    }
}

/// The most witnesses of a policy: a checkpoint must have room for their signatures besides the log's own.
const MOST: usize = 60;

/// A policy as far as it was read.
#[derive(Default)]
struct PolicyDraft {
    logs: Vec<PublicKey>,
    witnesses: Vec<KnownWitness>,
    rules: HashMap<String, Rule>,
    /// The names that are in a group already.
    members: HashSet<String>,
    quorum: Option<Rule>,
}

impl PolicyDraft {
    fn take(&mut self, line: &str) -> Result<(), String> {
        if line.contains(|c: char| c.is_ascii_control() && c != '\t') {
            return Err("only spaces and tabs stand between words".to_owned());
        }
        let line = line.trim_matches([' ', '\t']);
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [comment, ..] if comment.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, enough, of @ ..] => self.group(name, enough, of),
            ["quorum", name] => self.quorum(name),
            [word, ..] => Err(format!(
                "{word:?} begins no line of a policy, or has too few or too many words behind it"
            )),
        }
    }

    fn log(&mut self, key: &str) -> Result<(), String> {
        let key: PublicKey = key.parse().map_err(|why| format!("{why}"))?;
        if self.logs.iter().any(|log| log.is_same_key(&key)) {
            return Err("this log is there already".to_owned());
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), String> {
        let witness: WitnessKey = key.parse().map_err(|why| format!("{why}"))?;
        if self.witnesses.iter().any(|known| known.witness.is_same_key(&witness)) {
            return Err("this witness is there already".to_owned());
        }
        self.name(name, Rule::Witness(self.witnesses.len()))?;
        let (name, url) = (name.to_owned(), url.map(str::to_owned));
        self.witnesses.push(KnownWitness { name, witness, url });
        Ok(())
    }

    fn group(&mut self, name: &str, enough: &str, of: &[&str]) -> Result<(), String> {
        let enough = match enough {
            "any" => Some(1),
            "all" => Some(of.len()),
            number => number.parse().ok().filter(|enough: &usize| enough.to_string() == number),
        };
        let enough = enough.filter(|enough| (1..=of.len()).contains(enough));
        let enough =
            enough.ok_or_else(|| format!("a group wants any, all, or 1 to {} of its members", of.len()))?;
        let mut rules = vec![];
        for member in of {
            rules.push(self.rules.get(*member).ok_or_else(|| unknown(member))?.clone());
            if !self.members.insert((*member).to_owned()) {
                return Err(format!("{member:?} is in a group already, and would count twice"));
            }
        }
        self.name(name, Rule::Group { enough, of: rules })
    }

    fn quorum(&mut self, name: &str) -> Result<(), String> {
        let rule = if name == "none" { Some(&Rule::Nobody) } else { self.rules.get(name) };
        let rule = rule.ok_or_else(|| unknown(name))?.clone();
        match self.quorum.replace(rule) {
            None => Ok(()),
            Some(_) => Err("there is a quorum already".to_owned()),
        }
    }

    fn name(&mut self, name: &str, rule: Rule) -> Result<(), String> {
        if name == "none" || self.rules.insert(name.to_owned(), rule).is_some() {
            return Err(format!("{name:?} has a meaning already"));
        }
        Ok(())
    }
}

fn unknown(name: &str) -> String {
    format!("no line before this one says who {name:?} is")
}

#[cfg(test)]
mod tests {
    use super::super::{Cosigner, SigningKey};
    use super::*;

    fn witness(seed: u8) -> Cosigner {
        Cosigner::new(&format!("witness.example.com/{seed}"), &[seed; 32]).expect("a plain name")
    }

    fn log() -> SigningKey {
        SigningKey::new("portal.example.com/log", &[7; 32]).expect("a plain origin")
    }

    /// A log and the witnesses 1 to 4, with these lines behind them.
    fn with(lines: &str) -> Result<Policy, PolicyError> {
        let known = [1, 2, 3, 4]
            .map(|seed| format!("witness w{seed} {} https://{seed}.example\n", witness(seed).public()));
        let known = known.concat();
        format!("# whom we believe\nlog {}\n\n{known}{lines}", log().public()).parse()
    }

    fn enough(policy: &Policy, by: &[u8]) -> bool {
        let signed = log().sign(12, [9; 32]);
        let lines = by.iter().map(|seed| witness(*seed).cosign(&signed.checkpoint, 1_700_000_000));
        policy.judge(&signed.clone().with(lines)).expect("nothing is forged").is_enough
    }

    #[test]
    fn a_quorum_is_a_witness_a_number_of_them_or_groups_of_groups() {
        let rules: [(&str, &[&[u8]], &[&[u8]]); 6] = [
            ("quorum none\n", &[&[], &[1]], &[]),
            ("quorum w2", &[&[2], &[1, 2]], &[&[], &[1, 3, 4]]),
            ("group g any w1 w2\nquorum g\n", &[&[1], &[2], &[1, 2]], &[&[], &[3, 4]]),
            ("group g all w1 w2\nquorum g\n", &[&[1, 2], &[1, 2, 3]], &[&[1], &[2, 3, 4]]),
            ("\tgroup  g 2 w1\tw2 w3 \n quorum g", &[&[1, 3], &[1, 2, 3]], &[&[1], &[3, 4], &[]]),
            (
                "group a any w1 w2\ngroup b 2 w3 w4\ngroup both all a b\nquorum both\n",
                &[&[1, 3, 4], &[1, 2, 3, 4]],
                &[&[1, 2], &[3, 4], &[1, 3]],
            ),
        ];
        for (lines, met, missed) in rules {
            let policy = with(lines).expect(lines);
            assert_eq!(policy.witnesses.len(), 4);
            assert!(met.iter().all(|by| enough(&policy, by)), "{lines}");
            assert!(!missed.iter().any(|by| enough(&policy, by)), "{lines}");
        }
    }

    #[test]
    fn enough_have_cosigned_since_the_moment_that_a_quorum_of_them_names() {
        let signed = log().sign(12, [9; 32]);
        let note = signed.clone().with(
            [(1, 100), (2, 300), (3, 9_000)].map(|(seed, at)| witness(seed).cosign(&signed.checkpoint, at)),
        );
        for (lines, since) in [
            ("group g any w1 w2\nquorum g\n", Some(300)),
            ("group g all w1 w2\nquorum g\n", Some(100)),
            ("group g 2 w1 w2 w3\nquorum g\n", Some(100)),
            ("group g any w2 w3\nquorum g\n", Some(300)),
            ("quorum w3\n", None),
            ("quorum w4\n", None),
        ] {
            let policy = with(lines).expect(lines);
            assert_eq!(policy.met_since(&note, 1_000).expect("nothing is forged"), since, "{lines}");
        }
    }

    #[test]
    fn whoever_cosigned_is_told_with_the_time_and_a_forgery_is_an_error() {
        let policy = with("quorum w2").expect("a policy");
        let signed = log().sign(12, [9; 32]);
        let note = signed.clone().with([witness(2).cosign(&signed.checkpoint, 1_700_000_000)]);
        let judged = policy.judge(&note).expect("nothing is forged");
        assert_eq!(judged, Judgement { by: vec![("w2".to_owned(), 1_700_000_000)], is_enough: true });
        let moved = log().sign(13, [9; 32]).with([witness(2).cosign(&signed.checkpoint, 1_700_000_000)]);
        assert!(policy.judge(&moved).is_err());
        assert!(policy.is_about(&log().public()));
        let other = SigningKey::new("portal.example.com/log", &[8; 32]).expect("a plain origin");
        assert!(!policy.is_about(&other.public()));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        let [one, two] = [witness(1), witness(2)].map(|key| key.public().to_string());
        for (lines, line, why) in [
            ("", 7, "what quorum is wanted"),
            ("quorum w9\n", 8, "who \"w9\" is"),
            ("group g 1 w1 w9\nquorum g\n", 8, "who \"w9\" is"),
            ("group g 3 w1 w2\nquorum g\n", 8, "1 to 2 of its members"),
            ("group g 0 w1 w2\nquorum g\n", 8, "1 to 2 of its members"),
            ("group g +1 w1 w2\nquorum g\n", 8, "1 to 2 of its members"),
            ("group g all\nquorum g\n", 8, "of its members"),
            ("group g 2 w1 w1\nquorum g\n", 8, "in a group already"),
            ("group g any w1 w2\ngroup h all g w1\nquorum h\n", 9, "in a group already"),
            ("group w1 any w1\nquorum w1\n", 8, "has a meaning already"),
            ("group none any w1\nquorum none\n", 8, "has a meaning already"),
            ("quorum w1\nquorum w2\n", 9, "a quorum already"),
            (&format!("witness again {two}\nquorum none\n"), 8, "there already"),
            (&format!("log {one}\nquorum none\n"), 8, "not the public key that `portal keys` prints"),
            (&format!("witness l {}\nquorum none\n", log().public()), 8, "not the public key of a witness"),
            (&format!("log {}\nquorum none\n", log().public()), 8, "there already"),
            ("quorum\n", 8, "begins no line"),
            ("Quorum none\n", 8, "begins no line"),
            ("quorum none\r\n", 8, "only spaces and tabs"),
        ] {
            let wrong = with(lines).expect_err(lines);
            assert_eq!(wrong.line, line, "{lines}: {wrong}");
            assert!(wrong.why.contains(why), "{lines}: {wrong}");
        }
    }
}
