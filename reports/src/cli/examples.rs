//! What one can do with each command, for its `--help`. A test reads each of them as a shell would.

pub(super) const COMPARE: &str = "\
Examples:
  locklab compare
      every lock in every scenario
  locklab compare --protocol ttl --protocol raft --scenario gc-pause-past-lease --seeds 100
      two locks in one scenario, more often
  locklab compare --json report.json --html report.html
      the record for programs, and a page for people";

pub(super) const RUN: &str = "\
Examples:
  locklab run gc-pause-past-lease --protocol ttl --seed 1
      the story of one run
  locklab run gc-pause-past-lease --protocol ttl --html run.html
      the same as a page with a picture
  locklab run my-scenario.toml --protocol raft --seeds 100
      how often does it break?";

pub(super) const REPORT: &str = "\
Examples:
  locklab report report.json
      the tables of a report that was written before
  locklab report report.json --html report.html --junit junit.xml --markdown comment.md
      a page for people, a file for a CI, a comment for a pull request
  locklab report report.json --format markdown
      the comment, printed
  locklab report report.json --check check.json --json joined.json --html report.html
      with what the model checker found, as `locklab check --json check.json` wrote it";

pub(super) const SEARCH: &str = "\
Examples:
  locklab search --time 60s
      look for promises that do not hold, in all locks
  locklab search --protocol raft --runs 2000 --out findings
      in one lock, and keep what is found";

pub(super) const REPLAY: &str = "\
Examples:
  locklab replay findings/raft-lease-kept
      does it still break?";

pub(super) const SHRINK: &str = "\
Examples:
  locklab shrink findings/raft-lease-kept
      make it smaller";

pub(super) const ENVELOPE: &str = "\
Examples:
  locklab envelope --over pause
      all locks: how long may a holder stand still?
  locklab envelope --html envelope.html
      all of it, as a page
  locklab envelope raft redlock --over clock-rate
      two locks beside each other
  locklab envelope ttl --guarantee no-lost-update --seeds 200 --state ttl-envelope.json
      more exactly, and resumable";

pub(super) const GATE: &str = "\
Examples:
  locklab gate --baseline reports/baseline.json
      run what the baseline ran, and see what changed
  locklab gate --baseline reports/baseline.json --json report.json
      look at a comparison that was made before
  locklab gate --baseline reports/baseline.json --check check.json
      with what the model checker found
  locklab gate --baseline reports/baseline.json --update
      make what comes out now the baseline; read the difference before you commit it

What makes it red: a guarantee that held and breaks; a break that is no longer found; a rate whose
confidence interval no longer meets the former one; a measure that is worse by more than its
tolerance; what is no longer run or put to the test; what was known and is unknown; a check of the
model that is not as it should be. Everything else that changed is told as news, and passes.";

pub(super) const MUTANTS: &str = "\
Examples:
  locklab mutants
      all of them, from the source tree: takes some twenty minutes on two cores
  locklab mutants --only T1 --only R6
      two of them
  locklab mutants --record TRACK_RECORD.md --json mutants.json
      all, written down for people and for programs
  locklab mutants --list
      what there is

What makes it red: a fault that nothing catches, a benign change that something cries at, an open fault
that something does catch, and the tree as it is, if it does not pass the same.";

pub(super) const MERGE: &str = "\
Examples:
  locklab compare --seeds 10000 --shard 1/2 --json part-1.json
      on one machine
  locklab compare --seeds 10000 --shard 2/2 --json part-2.json
      on another
  locklab merge part-1.json part-2.json -o report.json
      the same bytes as of one comparison with all seeds";

pub(super) const CHECK: &str = "\
Examples:
  locklab check
      every small system that is known
  locklab check ttl
      those of one lock
  locklab check ttl --json check.json
      a file that joins the report of a comparison: `locklab report report.json --check check.json`";

pub(super) const EXPLORE: &str = "\
Examples:
  locklab explore ttl
      then open the address that it prints";

pub(super) const LIVE: &str = "\
Examples:
  locklab live raft
      a quiet run with real processes, and what it cost
  locklab live ttl --scenario gc-pause-past-lease --html live.html
      a process that is really stopped, its story and a picture
  locklab live --all --jobs 4
      what the simulator predicts, and what happens
  locklab live raft --soak --servers 5 --for 10m
      servers killed and stopped every few seconds
  locklab live raft --bench
      grants a second on this machine";

pub(super) const SERVE: &str = "\
Examples:
  locklab serve ttl --data s1
      a server on one terminal; then `locklab client ttl` on others
  locklab serve raft --servers 3 --server 2 --data s2
      the second of three";

pub(super) const CLIENT: &str = "\
Examples:
  locklab client ttl
      then type `acquire 1`, `release 1`, `quit`
  locklab client raft --servers 3 --client 2
      another client, of a service of three";

pub(super) const LIST: &str = "\
Examples:
  locklab list protocols
  locklab list scenarios
  locklab list guarantees --json";

pub(super) const COMPLETIONS: &str = "\
Examples:
  locklab completions bash
      for bash, save it as ~/.local/share/bash-completion/completions/locklab
  locklab completions zsh
      for zsh, save it as _locklab in a folder of $fpath";

pub(super) const MAN: &str = "\
Examples:
  locklab man
      save it as locklab.1 and read it with `man ./locklab.1`
  locklab man compare
      the page of one command";
