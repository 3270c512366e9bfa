//! A fault in plain words, as a story tells it.

use super::{DiskLoss, Kind, Lasting, Shape};
use std::fmt;

/// How long, as the end of a sentence.
struct Time(Lasting);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Lasting::UntilHeal => f.write_str(" until all faults end"),
            Lasting::For(duration) => write!(f, " for {}", humantime::format_duration(duration)),
            Lasting::ForEver => f.write_str(" for ever"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Time(self.lasting());
        let seconds = humantime::format_duration;
        match self {
            Self::Pause(on) => write!(f, "pause of {}{time}", on.target),
            Self::Slow(slow) => {
                write!(f, "{} slow, {} a step,{time}", slow.target, seconds(slow.step))
            }
            Self::Crash(crash) => {
                let disk = match crash.disk {
                    DiskLoss::Kept => "disk kept",
                    DiskLoss::UnsyncedLost => "unsynced writes lost",
                    DiskLoss::Wiped => "disk wiped",
                };
                write!(f, "crash of {}{time}, {disk}", crash.target)
            }
            Self::Cut(cut) => {
                let way = if cut.one_way { "from" } else { "between" };
                let link = if cut.one_way { "to" } else { "and" };
                write!(f, "links {way} {} {link} {} cut{time}", cut.from, cut.to)
            }
            Self::Partition(partition) => match partition.shape {
                Some(Shape::Halves) => write!(f, "servers in two halves{time}"),
                Some(Shape::Bridge) => write!(f, "servers in two halves with a bridge{time}"),
                Some(Shape::MajoritiesRing) => write!(f, "servers in a ring of majorities{time}"),
                None => {
                    let sides: Vec<String> =
                        partition.sides.iter().map(|side| format!("[{side}]")).collect();
                    write!(f, "network in parts {}{time}", sides.join(" | "))
                }
            },
            Self::Loss(on) => {
                write!(f, "{} % of messages from {} to {} lost{time}", on.percent, on.from, on.to)
            }
            Self::Duplicate(on) => {
                let percent = on.percent;
                write!(f, "{percent} % of messages from {} to {} doubled{time}", on.from, on.to)
            }
            Self::Delay(slow) => {
                let most = seconds(slow.by.most());
                write!(f, "messages from {} to {} up to {most} late{time}", slow.from, slow.to)
            }
            Self::Reorder(on) => {
                let (percent, by) = (on.percent, seconds(on.by));
                write!(f, "{percent} % of messages from {} to {} ", on.from, on.to)?;
                write!(f, "held back by up to {by}{time}")
            }
            Self::ClockJump(jump) => {
                write!(f, "wall clock of {} set by {}{time}", jump.target, jump.by)
            }
            Self::ClockRate(rate) => {
                write!(f, "clocks of {} at {} % of the true rate{time}", rate.target, rate.percent)
            }
            Self::ClockStrobe(strobe) => {
                let every = seconds(strobe.every);
                write!(f, "wall clock of {} jumps by {} ", strobe.target, strobe.by)?;
                write!(f, "to and fro every {every}{time}")
            }
            Self::ClockFreeze(on) => write!(f, "wall clock of {} stands still{time}", on.target),
            Self::DiskStall(on) => write!(f, "disk of {} does nothing{time}", on.target),
            Self::DiskLie(on) => write!(f, "disk of {} lies about syncs{time}", on.target),
        }
    }
}
