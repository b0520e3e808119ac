//! A program of ours that runs beside us, and what Linux tells about it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::driver::Connection;
use crate::walk::get;

/// `USER_HZ`: the unit of the times in /proc, on every Linux we run on.
const TICKS_PER_SECOND: u64 = 100;
const READY_TIMEOUT: Duration = Duration::from_mins(1);
const READY_PAUSE: Duration = Duration::from_millis(1);

/// A process, killed on drop.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From its start to the first reply that was no error of the server.
    pub(crate) ready_after: Duration,
}

impl Process {
    /// Starts a server and waits until `path` is answered, and not with an error of the server. What it logs goes to the file `log`.
    pub(crate) async fn start(
        command: &mut Command,
        address: SocketAddr,
        path: &str,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let log_file = File::create(log)?;
        command.stdin(Stdio::null()).stdout(log_file.try_clone()?).stderr(log_file);
        let began = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let mut process = Self { child, address, ready_after: Duration::ZERO };
        while !is_ready(address, path).await {
            if let Some(status) = process.child.try_wait()? {
                let said = fs::read_to_string(log).unwrap_or_default();
                bail!("{command:?} ended with {status}: {said}");
            }
            if began.elapsed() > READY_TIMEOUT {
                let said = fs::read_to_string(log).unwrap_or_default();
                bail!("{command:?} is not ready after {READY_TIMEOUT:?}: {said}");
            }
            tokio::time::sleep(READY_PAUSE).await;
        }
        process.ready_after = began.elapsed();
        Ok(process)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn is_ready(address: SocketAddr, path: &str) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    let mut request = Vec::new();
    get(&mut request, path, None);
    // A peer may know no such path, and is ready all the same.
    connection.call(&request).await.is_ok_and(|reply| reply.status < 500)
}

/// CPU time a process has used, in user and in kernel mode; with that of its ended children where asked.
pub(crate) fn cpu_time(process: u32, with_children: bool) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = fields_after_name(&stat);
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), of which the first two are cut off.
    let wanted = if with_children { 11..15 } else { 11..13 };
    let ticks: u64 = wanted.filter_map(|index| fields.get(index)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// CPU time of a process and all its children, ended ones too: PostgreSQL is one process a connection.
pub(crate) fn cpu_time_of_family(parent: u32) -> Duration {
    let mut total = cpu_time(parent, true);
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if fields_after_name(&stat).get(1).and_then(|text| text.parse::<u32>().ok()) == Some(parent) {
            total += cpu_time(process, true);
        }
    }
    total
}

/// The fields of /proc/PID/stat from the third on: the second is a name that may hold blanks.
fn fields_after_name(stat: &str) -> Vec<&str> {
    stat.rsplit_once(')').map_or_else(Vec::new, |(_, rest)| rest.split_whitespace().collect())
}

/// Resident memory of a process, in bytes; of its family for one that forks.
pub(crate) fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_does_not_shift_the_fields() {
        let stat = "42 (a ) b) S 7 1 1 0 -1 0 0 0 0 0 150 50 30 20 20 0";
        let fields = fields_after_name(stat);
        assert_eq!(fields.get(1), Some(&"7"));
        assert_eq!(fields.get(11..15), Some(&["150", "50", "30", "20"][..]));
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(resident(std::process::id()) > 100_000);
    }
}
