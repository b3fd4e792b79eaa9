use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// A user other than root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// The user for a server that refuses to run as root. `None` if the test does not run as root.
    pub(crate) fn instead_of_root() -> Option<Self> {
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let users = root.then(|| fs::read_to_string("/etc/passwd").ok())??;
        Self::named(&users, "postgres").or_else(|| Self::named(&users, "nobody"))
    }

    fn named(users: &str, name: &str) -> Option<Self> {
        // name:password:uid:gid:…
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?
            .skip(1);
        Some(Self { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    }

    /// The words before a command that run it as this user.
    pub(crate) fn prefix(self) -> Vec<OsString> {
        let Self { uid, gid } = self;
        let arguments = [format!("--reuid={uid}"), format!("--regid={gid}")];
        let mut prefix = vec!["setpriv".into()];
        prefix.extend(arguments.map(OsString::from));
        prefix.push("--clear-groups".into());
        prefix
    }
}
