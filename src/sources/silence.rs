//! WHAT A SERVER DID NOT GIVE: whoever reads all of a source keeps what came before a server failed, and notes what is missing.
//!
//! It must not know what is read. Files are another matter: what fails there is opened again.

use crate::model::{Reason, Report};
use crate::sources::{Fault, FaultKind};

/// Why a part is missing that was not asked for.
pub const NOT_ASKED: &str = "the server was gone before they were asked for.";
/// Histories that may fail before the rest is given up: each is asked for several times, with a wait.
pub const FAILURES: u32 = 4;
/// How many times fewer are asked for after a failure, until the one that fails is found.
pub const NARROWER: usize = 16;

/// Whether it is a server that failed: what it gave before is kept, while a file that fails is opened again.
pub fn is_of_server(fault: &Fault) -> bool {
    use FaultKind::{BadAnswer, Busy, Forbidden, LoginPage, NotMlflow, Refused, TimedOut, Unauthorised, Unreachable};
    matches!(
        fault.kind,
        BadAnswer | Busy | Forbidden | LoginPage | NotMlflow | Refused | TimedOut | Unauthorised | Unreachable
    )
}

/// Whether any other question would wait as long for nothing.
pub fn is_gone(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::TimedOut | FaultKind::Unreachable)
}

/// Notes what a server did not give.
pub fn note(report: &mut Report, path: &str, missing: &str, why: &str) {
    report.note(Reason::ServerSilent, path, None, format!("{missing}: {why}"));
}

/// Whether more can be asked after this part; where nothing was read before, its fault is that of the whole.
///
/// # Errors
/// That fault, and those of files.
pub fn goes_on(asked: Result<(), Fault>, has_some: bool, missing: &str, report: &mut Report) -> Result<bool, Fault> {
    match asked {
        Ok(()) => Ok(true),
        Err(fault) if has_some && is_of_server(&fault) => {
            note(report, "", missing, &fault.message);
            Ok(!is_gone(&fault))
        }
        Err(fault) => Err(fault),
    }
}
